"""Keys that were given another type are put right: no beat, run or client stops."""

import json
from collections.abc import Iterator

import pytest

from heartbeat.errors import StoreError
from heartbeat.store import keys
from heartbeat.store.cursors import Cursors
from heartbeat.store.unreadable import Unreadable
from tests.unit.store.ledger import OWNER, ClockedServer, Fleet, a_config

UID = "ann:disk"


@pytest.fixture
def hourly(server_url: str) -> Iterator[Fleet]:
    """A fleet with one heartbeat that is due."""
    server = ClockedServer.connect(server_url, name="test")
    fleet = Fleet(server)
    fleet.configure(a_config(every=60))
    server.pass_time(minutes=60)
    yield fleet
    server.close()


def overwrite(fleet: Fleet, key: str) -> None:
    """Put a text, or where one belongs a list, in the place of a key."""
    kind = fleet.server.ask(lambda client: client.type(key))
    fleet.server.ask(lambda client: client.delete(key))
    if kind == "string":
        fleet.server.ask(lambda client: client.rpush(key, "x"))
    else:
        fleet.server.ask(lambda client: client.set(key, "x"))


def let_beat_look(fleet: Fleet, *, minutes: int) -> None:
    for _ in range(minutes):
        fleet.beat()
        fleet.server.pass_time(minutes=1)


def test_it_is_said_which_key_was_put_right(
    hourly: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    overwrite(hourly, keys.DUE)
    hourly.beat()
    assert [record.message for record in caplog.records] == [
        "{hb}:due: expected its own type, got another; what it held is lost"
    ]


def test_the_schedule_is_made_anew_from_the_heartbeats(hourly: Fleet) -> None:
    hourly.configure(a_config("later", every=600))
    hourly.configure(a_config("paused", every=60))
    hourly.configure(a_config("disabled", every=60, enabled=False))
    hourly.heartbeats.pause(OWNER, "paused", note=None)
    later = hourly.due_in("later")
    overwrite(hourly, keys.DUE)
    assert hourly.beat() == ["ann:disk@2027-01-15T09:00:00.000Z"]
    assert hourly.due_in("later") == later
    assert hourly.due_in("paused") is None
    assert hourly.due_in("disabled") is None


def test_statistics_are_in_nobodys_way(hourly: Fleet) -> None:
    overwrite(hourly, keys.STATISTICS)
    hourly.beat()
    hourly.run()
    assert hourly.statistics.read()["finished"] == 1


def test_a_run_that_goes_on_keeps_its_lease(hourly: Fleet) -> None:
    hourly.beat()
    begun = hourly.begun()
    overwrite(hourly, keys.OPEN)
    assert hourly.beat() == []
    assert hourly.finish(begun) is None
    assert hourly.fates() == ["ok"]


def test_a_run_whose_worker_died_is_still_found(hourly: Fleet) -> None:
    hourly.beat()
    hourly.begun()
    overwrite(hourly, keys.OPEN)
    hourly.server.pass_time(minutes=2)
    assert hourly.beat() == ["ann:disk@2027-01-15T09:00:00.000Z"]


def test_an_owner_keeps_its_heartbeats(hourly: Fleet) -> None:
    overwrite(hourly, keys.owned(OWNER))
    assert [one.config.schedule_id for one in hourly.heartbeats.owned_by(OWNER)] == [
        "disk"
    ]


def test_a_heartbeat_of_which_nothing_is_left_is_told_and_can_be_configured(
    hourly: Fleet,
) -> None:
    overwrite(hourly, keys.heartbeat(UID))
    let_beat_look(hourly, minutes=5)
    [message] = map(json.loads, hourly.pushes())
    assert (message["kind"], message["scheduleId"]) == ("config", "disk")
    assert len(Unreadable(hourly.server).of(OWNER)) == 2
    hourly.configure(a_config(every=60))
    hourly.server.pass_time(minutes=60)
    hourly.beat()
    hourly.run()


def test_an_open_slot_of_which_nothing_is_left_is_told_as_lost(hourly: Fleet) -> None:
    hourly.beat()
    hourly.begun()
    overwrite(hourly, keys.open_slot(UID))
    let_beat_look(hourly, minutes=2)
    assert '"lost"' in hourly.untold()[UID]


def test_a_client_whose_cursor_is_gone_may_have_had_one(hourly: Fleet) -> None:
    cursors = Cursors(hourly.server)
    cursors.advance(OWNER, "phone", "7-1")
    overwrite(hourly, keys.cursors(OWNER))
    hourly.server.clock_ms = hourly.server.ask(lambda c: int(c.time()[0])) * 1000
    assert cursors.get(OWNER, "phone") is None
    assert cursors.may_have_had(OWNER, "phone")


@pytest.mark.parametrize("name", ["tokens", "versions"])
def test_a_counter_goes_on_from_the_clock(hourly: Fleet, name: str) -> None:
    before = hourly.stored().version
    overwrite(hourly, keys.ROOT + name)
    hourly.beat()
    hourly.run()
    assert hourly.configure(a_config(every=30)).version > before


@pytest.mark.parametrize("key", [keys.QUEUES, "{hb}:waiting:heartbeat"])
def test_a_slot_that_is_claimed_meanwhile_is_sent_a_moment_later(
    hourly: Fleet, key: str
) -> None:
    overwrite(hourly, key)
    hourly.beat()
    hourly.server.pass_time(seconds=3)
    hourly.beat()
    hourly.run()
    assert hourly.fates() == ["ok"]


def test_what_is_told_waits_for_no_feed_to_be_put_right_by_hand(hourly: Fleet) -> None:
    hourly.beat()
    begun = hourly.begun()
    hourly.server.ask(lambda client: client.set(keys.feed(OWNER), "x"))
    hourly.server.ask(lambda client: client.set(keys.feed_head(OWNER), "x"))
    assert hourly.finish(begun, '{"n": 1}') is None
    assert hourly.pushes() == ['{"n": 1}']


def test_a_key_that_is_none_of_ours_is_left_and_refused(hourly: Fleet) -> None:
    hourly.server.ask(lambda client: client.set("{hb}:celery:x", "x"))
    with pytest.raises(StoreError, match="WRONGTYPE"):
        hourly.server.ask(lambda client: client.llen("{hb}:celery:x"))
    assert hourly.server.ask(lambda client: client.get("{hb}:celery:x")) == "x"
