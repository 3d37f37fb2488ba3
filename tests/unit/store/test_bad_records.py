"""What a record that cannot be read does to the others, and how it heals."""

import logging

import pytest

from heartbeat.book import Book, Settled
from heartbeat.errors import BadRecord, NotFound
from heartbeat.store import keys
from heartbeat.store.cursors import Cursors
from heartbeat.store.processes import Processes
from heartbeat.store.records import fields_of, ms_of
from heartbeat.store.runs import Refused
from heartbeat.store.watch import Settling, Watch
from tests.unit.store.ledger import OWNER, Fleet, a_config

BAD = "ann:bad"
GARBAGE = ["", "{", "12", '{"slot": -1}', "[1e999]", '{"slot": NaN}']
FIELDS = ["plan", "timing", "version", "queue", "last_slot", "config", "paused"]

garbage = pytest.mark.parametrize("text", GARBAGE, ids=repr)


@pytest.fixture
def both(fleet: Fleet) -> Fleet:
    """A fleet with a good and a bad heartbeat, both due each hour."""
    fleet.configure(a_config("bad", every=60), a_config("good", every=60))
    return fleet


def spoil(fleet: Fleet, field: str, text: str) -> None:
    fleet.server.ask(lambda client: client.hset(keys.heartbeat(BAD), field, text))


def spoil_key(fleet: Fleet, key: str, text: str) -> None:
    fleet.server.ask(lambda client: client.set(key, text))


def sent_of_good(fleet: Fleet) -> int:
    return sum(claim.uid == "ann:good" for claim in fleet.sent)


@garbage
@pytest.mark.parametrize("field", FIELDS)
def test_a_bad_field_keeps_no_other_heartbeat_from_running(
    both: Fleet, field: str, text: str
) -> None:
    spoil(both, field, text)
    for _ in range(3):
        both.server.pass_time(minutes=60)
        both.beat()
        both.run("good")
    assert sent_of_good(both) == 3


@garbage
@pytest.mark.parametrize("field", FIELDS)
def test_a_bad_field_is_repaired_by_configuring_and_resuming(
    both: Fleet, field: str, text: str
) -> None:
    spoil(both, field, text)
    both.server.pass_time(minutes=60)
    both.beat()
    both.messages.clear()
    both.configure(a_config("bad", every=30))
    both.heartbeats.resume(OWNER, "bad")
    both.server.pass_time(minutes=60, seconds=30)
    assert any("bad" in run_id for run_id in both.beat())


@pytest.mark.parametrize("text", ["INFINITY", "1e999", "-1e999", "nan", "1e300"])
def test_a_version_without_end_keeps_no_other_heartbeat_from_running(
    both: Fleet, text: str
) -> None:
    spoil(both, "version", text)
    for _ in range(3):
        both.server.pass_time(minutes=60)
        both.beat()
        both.run("good")
    assert sent_of_good(both) == 3


@pytest.mark.parametrize("text", ["1e999", "-1", "nan", "1e300"])
class TestALastSlotThatIsNoInstant:
    def test_it_keeps_nobody_from_running(self, both: Fleet, text: str) -> None:
        spoil(both, "last_slot", text)
        both.server.pass_time(minutes=60)
        assert len(both.beat()) == 2

    def test_it_keeps_nobody_from_configuring(self, both: Fleet, text: str) -> None:
        spoil(both, "last_slot", text)
        both.configure(a_config("bad", every=30))
        both.server.pass_time(minutes=30)
        assert both.beat() == ["ann:bad@2027-01-15T08:30:00.000Z"]


@garbage
def test_a_bad_owner_keeps_nobody_from_being_told(both: Fleet, text: str) -> None:
    spoil(both, "owner", text)
    both.server.pass_time(minutes=60)
    both.beat()
    assert both.finish(both.begun("bad"), '{"a": 1}') is None
    both.books.change(OWNER, "bad", lambda book, _: Settled(book))
    assert both.pushes() == ['{"a": 1}']


@garbage
def test_a_bad_plan_is_computed_anew(both: Fleet, text: str) -> None:
    spoil(both, "plan", text)
    both.server.pass_time(minutes=60)
    both.beat()
    both.server.pass_time(minutes=60)
    assert "ann:bad@2027-01-15T10:00:00.000Z" in both.beat()


@garbage
def test_bad_timing_is_reported_and_sends_nothing_twice(
    both: Fleet, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(both, "timing", text)
    both.server.pass_time(minutes=60)
    with caplog.at_level(logging.ERROR):
        assert len(both.beat()) == 2
        for _ in range(10):
            both.server.pass_time(seconds=2)
            assert both.beat() == []
    assert "cannot schedule ann:bad" in caplog.text
    assert len(caplog.records) < 5


@garbage
@pytest.mark.parametrize("state", ["claimed", "published", "running"])
def test_a_bad_open_slot_is_given_up_and_the_next_one_runs(
    both: Fleet, state: str, text: str
) -> None:
    both.server.pass_time(minutes=60)
    if state != "claimed":
        both.beat()
        both.run("good")
    if state == "running":
        both.begun("bad")
    spoil_key(both, keys.open_slot(BAD), text)
    both.server.pass_time(minutes=60)
    both.beat()
    assert both.begun("bad", nonce="next").lease.run_id == (
        "ann:bad@2027-01-15T10:00:00.000Z"
    )


@pytest.mark.parametrize("value", ["1e999", "-1e999", "[1]", "{}"])
@pytest.mark.parametrize("field", ["host", "whatever"])
def test_an_open_slot_that_cannot_be_written_again_is_given_up(
    both: Fleet, field: str, value: str
) -> None:
    both.server.pass_time(minutes=60)
    both.beat()
    text = both.server.ask(lambda client: client.get(keys.open_slot(BAD)))
    spoil_key(both, keys.open_slot(BAD), f'{{"{field}":{value},{str(text)[1:]}')
    both.messages.clear()
    both.server.pass_time(minutes=1)
    assert [run_id.partition("@")[0] for run_id in both.beat()] == ["ann:good"]
    assert BAD in both.untold()


@garbage
def test_a_worker_finds_nothing_in_a_bad_open_slot(both: Fleet, text: str) -> None:
    both.server.pass_time(minutes=60)
    both.beat()
    spoil_key(both, keys.open_slot(BAD), text)
    assert both.begin("bad") is Refused.GONE
    assert not both.stored("bad").running


@garbage
def test_a_bad_book_is_forgotten_and_the_run_tells_again(
    both: Fleet, text: str
) -> None:
    both.server.ask(lambda client: client.hset(keys.book(BAD), "book", text))
    both.server.pass_time(minutes=60)
    both.beat()
    begun = both.begun("bad")
    assert begun.known.book == Book()
    assert both.finish(begun, '{"a": 1}') is None
    assert both.pushes() == ['{"a": 1}']
    assert both.stored("bad").book == Book()


@pytest.mark.parametrize(
    "text", [*GARBAGE, "nan", "-1e999", "9" * 40, "\u20ac", b"\x80"], ids=repr
)
class TestABookWithABadRevision:
    @pytest.fixture(autouse=True)
    def spoiled(self, both: Fleet, text: str | bytes) -> None:
        both.server.ask(lambda client: client.hset(keys.book(BAD), "revision", text))
        both.server.pass_time(minutes=60)

    def test_it_is_changed_by_a_run(self, both: Fleet) -> None:
        both.beat()
        begun = both.begun("bad")
        book = Book(judged={"disk": 1})
        assert both.finish(begun, '{"a": 1}', book=book) is None
        assert both.pushes() == ['{"a": 1}']
        assert both.stored("bad").book == book

    def test_it_is_changed_by_a_person(self, both: Fleet) -> None:
        both.books.change(OWNER, "bad", lambda book, _: Settled(book))
        both.books.change(OWNER, "bad", lambda book, _: Settled(book))

    def test_it_is_changed_by_the_watch(self, both: Fleet) -> None:
        found = Settling(uid=BAD, book=Book(), revision=both.stored("bad").revision)
        assert Watch(both.server).settle(OWNER, [found], []) == []
        assert Watch(both.server).settle(OWNER, [found], []) == [BAD]

    def test_it_is_deleted(self, both: Fleet) -> None:
        both.heartbeats.delete(OWNER, "bad")
        with pytest.raises(NotFound):
            both.stored("bad")


@garbage
def test_bad_history_is_left_out_and_added_to(both: Fleet, text: str) -> None:
    both.server.ask(lambda client: client.lpush(keys.runs(BAD), text))
    both.server.pass_time(minutes=180)
    both.beat()
    assert both.fates("bad") == ["missed(beat_away) x2"]


@garbage
def test_bad_notes_for_the_watcher_are_replaced(both: Fleet, text: str) -> None:
    both.server.ask(lambda client: client.hset(keys.UNTOLD, BAD, text))
    [noted] = Watch(both.server).untold()
    assert noted.slots() == []
    both.server.pass_time(minutes=180)
    both.beat()
    slots = {noted.uid: noted.slots() for noted in Watch(both.server).untold()}
    assert [late.count for late in slots[BAD]] == [2]


@garbage
def test_a_bad_config_hides_no_other_heartbeat(both: Fleet, text: str) -> None:
    spoil(both, "config", text)
    stored = both.heartbeats.owned_by(OWNER)
    assert [one.config.schedule_id for one in stored] == ["good"]
    with pytest.raises(BadRecord):
        both.stored("bad")


@garbage
def test_a_bad_slot_is_silent_to_the_watcher(both: Fleet, text: str) -> None:
    spoil(both, "plan", text)
    both.server.pass_time(minutes=200)
    silent, _ = Watch(both.server).silent(most=10)
    assert [one.uid for one in silent] == ["ann:good"]


@garbage
def test_a_bad_cursor_is_none_and_can_be_moved(both: Fleet, text: str) -> None:
    cursors = Cursors(both.server)
    both.server.ask(lambda client: client.hset(keys.cursors(OWNER), "phone", text))
    assert cursors.get(OWNER, "phone") is None
    cursors.advance(OWNER, "phone", "7-1")
    assert cursors.get(OWNER, "phone") == "7-1"


@pytest.mark.parametrize("field", ["worker", "worker one", "worker one two x", ""])
def test_a_bad_process_is_dropped(both: Fleet, field: str) -> None:
    processes = Processes(both.server)
    processes.report("beat", host="one", pid=7)
    both.server.ask(lambda client: client.hset(keys.PROCESSES, field, "{"))
    assert [process.pid for process in processes.seen()] == [7]
    assert both.server.ask(lambda client: client.hlen(keys.PROCESSES)) == 1


def test_queues_of_a_process_are_shown_as_text(both: Fleet) -> None:
    text = f'{{"queues": [7, {{}}], "seenMs": {both.server.clock_ms}}}'
    both.server.ask(lambda client: client.hset(keys.PROCESSES, "worker one 7", text))
    [process] = Processes(both.server).seen()
    assert process.queues == ("7", "{}")


@pytest.mark.parametrize("text", [None, "", "{", "[]", "1", "null"])
def test_anything_but_an_object_has_no_fields(text: str | None) -> None:
    assert fields_of(text) == {}


@pytest.mark.parametrize("value", [None, "1", -1, float("nan"), 2.6e14, []])
def test_anything_but_a_possible_instant_is_none(value: object) -> None:
    assert ms_of(value) is None
