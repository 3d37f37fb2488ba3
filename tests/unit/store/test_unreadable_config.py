"""A config that its workers cannot read: recorded, told once, resolved by a run."""

import json
import logging

import pytest

from heartbeat.book import Book, Incident, Settled
from heartbeat.errors import NotFound
from heartbeat.store import keys
from heartbeat.store.runs import Begun, Known, Refused
from heartbeat.store.unreadable import Unreadable
from heartbeat.store.watch import Watch
from tests.unit.heartbeat.troubles import bad
from tests.unit.store.ledger import OWNER, Fleet, a_config, an_outcome

UID = "ann:disk"
ALERT, RESOLVED = ("heartbeat.alert", "config"), ("heartbeat.resolved", "config")


def config(fleet: Fleet) -> str:
    key = keys.heartbeat(UID)
    return str(fleet.server.ask(lambda client: client.hget(key, "config")))


def put(fleet: Fleet, text: str, *, field: str = "config") -> None:
    key = keys.heartbeat(UID)
    fleet.server.ask(lambda client: client.hset(key, field, text))


def spoil(fleet: Fleet) -> str:
    """Store what a newer version might have; return what was there."""
    good = config(fleet)
    put(fleet, json.dumps(json.loads(good) | {"moonPhase": "full"}))
    return good


def let_slots_pass(fleet: Fleet, *, count: int, minutes: float = 60) -> None:
    """Let a worker take each slot that comes, and find that it cannot read it."""
    for _ in range(count):
        fleet.server.pass_time(minutes=minutes)
        fleet.beat()
        assert fleet.begin() is Refused.UNREADABLE


def watch(fleet: Fleet) -> None:
    Watch(fleet.server).tell_unreadable()


def told(fleet: Fleet) -> list[tuple[str, str]]:
    messages = [json.loads(text) for text in fleet.pushes()]
    return [(one["type"], one["kind"]) for one in messages]


def notes(fleet: Fleet) -> int:
    both = (keys.UNREADABLE, keys.UNREADABLE_CONFIG)
    return sum(fleet.server.ask(lambda client, k=key: client.hlen(k)) for key in both)


@pytest.fixture
def spoilt(fleet: Fleet) -> Fleet:
    """A fleet whose one heartbeat beats can schedule and workers cannot read."""
    fleet.configure(a_config(every=60))
    spoil(fleet)
    return fleet


class TestARunThatCannotBeJudged:
    def test_it_is_recorded_as_unknown_and_not_lost(self, spoilt: Fleet) -> None:
        let_slots_pass(spoilt, count=2)
        newest, _ = spoilt.history()
        assert spoilt.fates() == ["unknown(config)", "unknown(config)"]
        assert (newest.host, newest.late_ms) == ("one", 0)
        assert spoilt.untold() == {}

    def test_the_log_names_the_field(
        self, spoilt: Fleet, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.ERROR):
            let_slots_pass(spoilt, count=1)
        assert "cannot run ann:disk@2027-01-15T09:00:00.000Z" in caplog.text
        assert "moonPhase" in caplog.text

    def test_it_leaves_a_slot_to_who_has_taken_it_over(self, spoilt: Fleet) -> None:
        spoilt.server.pass_time(minutes=60)
        spoilt.beat()
        [message] = spoilt.messages
        assert spoilt.begin() is Refused.UNREADABLE
        again = spoilt.runs.begin(UID, message.run_id, host="two", nonce="m")
        assert again is Refused.GONE


class TestItsOwner:
    def test_hears_it_once_when_the_next_run_fails_too(self, spoilt: Fleet) -> None:
        let_slots_pass(spoilt, count=1)
        assert told(spoilt) == []
        let_slots_pass(spoilt, count=5)
        assert told(spoilt) == [ALERT]
        [check] = json.loads(spoilt.pushes()[0])["checks"]
        assert check["actionNeeded"]
        assert "on one: " in check["details"]
        assert "moonPhase" in check["details"]

    def test_hears_it_from_the_watch_when_the_next_run_is_far(
        self, spoilt: Fleet
    ) -> None:
        let_slots_pass(spoilt, count=1)
        watch(spoilt)
        assert told(spoilt) == []
        spoilt.server.pass_time(minutes=2)
        watch(spoilt)
        watch(spoilt)
        assert told(spoilt) == [ALERT]

    def test_hears_that_it_goes_on_once_a_run_has_ended(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        good = spoil(fleet)
        let_slots_pass(fleet, count=2)
        put(fleet, good)
        fleet.server.pass_time(minutes=60)
        fleet.beat()
        assert told(fleet) == [ALERT]
        fleet.run()
        fleet.beat()
        assert told(fleet) == [ALERT, RESOLVED]
        assert notes(fleet) == 0
        assert fleet.due_in() == 60

    def test_hears_nothing_when_another_run_ends_soon(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=1))
        good = spoil(fleet)
        let_slots_pass(fleet, count=1, minutes=1)
        put(fleet, good)
        fleet.server.pass_time(minutes=1)
        fleet.beat()
        fleet.run()
        fleet.beat()
        fleet.server.pass_time(minutes=5)
        watch(fleet)
        assert told(fleet) == []
        assert notes(fleet) == 0

    def test_hears_that_it_goes_on_when_it_is_configured_again(
        self, spoilt: Fleet
    ) -> None:
        let_slots_pass(spoilt, count=2)
        spoilt.configure(a_config(every=7 * 24 * 60))
        spoilt.beat()
        assert told(spoilt) == [ALERT, RESOLVED]

    def test_hears_it_once_when_beats_cannot_read_it_either(
        self, spoilt: Fleet
    ) -> None:
        let_slots_pass(spoilt, count=1)
        put(spoilt, "{", field="timing")
        put(spoilt, "{", field="plan")
        spoilt.server.pass_time(minutes=60)
        for _ in range(5):
            spoilt.server.pass_time(minutes=1)
            spoilt.beat()
            watch(spoilt)
        assert told(spoilt) == [ALERT]

    def test_finds_it_in_the_list_and_the_operator_in_the_count(
        self, spoilt: Fleet
    ) -> None:
        let_slots_pass(spoilt, count=1)
        assert spoilt.statistics.lag().unreadable == 0
        let_slots_pass(spoilt, count=1)
        assert spoilt.statistics.lag().unreadable == 1
        troubles = Unreadable(spoilt.server).of(OWNER)
        assert troubles[0].startswith("disk: The stored heartbeat cannot be read")

    def test_can_pause_it(self, spoilt: Fleet) -> None:
        assert spoilt.heartbeats.pause(OWNER, "disk", note=None)
        assert not spoilt.heartbeats.pause(OWNER, "disk", note=None)
        assert spoilt.due_in() is None

    def test_can_delete_it_and_hears_how_its_incidents_end(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60, name="my disk"))
        book = Book(incidents={"load": Incident.opened(bad("load"), 1)})
        fleet.books.change(OWNER, "disk", lambda *_: Settled(book))
        spoil(fleet)
        let_slots_pass(fleet, count=1)
        fleet.heartbeats.delete(OWNER, "disk")
        [message] = map(json.loads, fleet.pushes())
        assert (message["type"], message["kind"]) == ("heartbeat.resolved", "action")
        assert message["name"] == "my disk"
        assert notes(fleet) == 0
        with pytest.raises(NotFound):
            fleet.stored()

    def test_can_neither_pause_nor_delete_what_is_not_there(self, fleet: Fleet) -> None:
        with pytest.raises(NotFound):
            fleet.heartbeats.pause(OWNER, "disk", note=None)
        with pytest.raises(NotFound):
            fleet.heartbeats.delete(OWNER, "disk")


class TestAConfigThatIsReplacedDuringARun:
    @pytest.fixture
    def begun(self, fleet: Fleet) -> Begun:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=60)
        fleet.beat()
        begun = fleet.begun()
        fleet.configure(a_config(every=60, name="renamed"))
        spoil(fleet)
        return begun

    def test_the_run_is_settled_under_the_one_it_knows(
        self, fleet: Fleet, begun: Begun
    ) -> None:
        newer = fleet.finish(begun, '{"a": 1}')
        assert isinstance(newer, Known)
        assert newer.config == begun.known.config
        assert not newer.is_config_read
        assert newer.version != begun.known.version
        assert (
            fleet.runs.finish(begun.lease, an_outcome(begun, '{"a": 1}'), against=newer)
            is None
        )
        assert fleet.pushes() == ['{"a": 1}']
