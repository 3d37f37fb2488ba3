"""How much of a heartbeat's history is kept, in bytes."""

import pytest

from heartbeat.instants import to_ms
from heartbeat.runs import RunRecord, RunStatus
from heartbeat.store import keys
from heartbeat.store.runs import Outcome
from tests.unit.store.ledger import OWNER, Fleet, a_config

KEPT_BYTES = 512 * 1024
RUNS, BYTES = keys.runs("ann:disk"), "{hb}:runs-bytes:ann:disk"


@pytest.fixture
def hourly(fleet: Fleet) -> Fleet:
    fleet.configure(a_config(every=60))
    return fleet


def run_with_much_to_say(fleet: Fleet, length: int) -> str:
    """Let a run end whose record is about that long; return its id."""
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    begun = fleet.begun()
    record = RunRecord(
        run_id=begun.lease.run_id,
        slot_ms=to_ms(begun.slot),
        status=RunStatus.OK,
        host="x" * length,
    )
    outcome = Outcome(record=record, book=begun.known.book)
    assert fleet.runs.finish(begun.lease, outcome, against=begun.known) is None
    return begun.lease.run_id


def texts(fleet: Fleet) -> list[str]:
    return [str(text) for text in fleet.server.ask(lambda c: c.lrange(RUNS, 0, -1))]


def counted(fleet: Fleet) -> int:
    return int(fleet.server.ask(lambda client: client.get(BYTES)) or -1)


def kept(fleet: Fleet) -> list[str]:
    return [record.run_id for record in fleet.history()]


def test_the_oldest_go_when_the_records_get_too_long(hourly: Fleet) -> None:
    run_ids = [run_with_much_to_say(hourly, 60_000) for _ in range(20)]
    assert kept(hourly) == run_ids[:-9:-1]
    assert sum(map(len, texts(hourly))) == counted(hourly) <= KEPT_BYTES


def test_the_newest_stays_however_long_it_is(hourly: Fleet) -> None:
    run_with_much_to_say(hourly, 1_000)
    longest = run_with_much_to_say(hourly, KEPT_BYTES + 1)
    assert kept(hourly) == [longest]
    after_it = run_with_much_to_say(hourly, 1_000)
    assert kept(hourly) == [after_it]


def test_slots_told_as_one_are_counted_as_they_are_stored(hourly: Fleet) -> None:
    run_with_much_to_say(hourly, 1_000)
    for _ in range(30):
        hourly.heartbeats.pause(OWNER, "disk", note=None)
        hourly.server.pass_time(minutes=240)
        hourly.heartbeats.resume(OWNER, "disk")
    assert hourly.fates() == ["skipped(paused) x120", "ok"]
    assert sum(map(len, texts(hourly))) == counted(hourly)


def test_records_from_before_are_counted_at_the_next(hourly: Fleet) -> None:
    many = [RunRecord(run_id=f"r{n}", slot_ms=n, status=RunStatus.OK, host="x" * 60_000)
            for n in range(200)]  # fmt: skip
    hourly.server.ask(lambda c: c.rpush(RUNS, *(record.dump() for record in many)))
    newest = run_with_much_to_say(hourly, 1_000)
    assert kept(hourly) == [newest, *(f"r{n}" for n in range(8))]
    assert sum(map(len, texts(hourly))) == counted(hourly) <= KEPT_BYTES


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "1e999"])
def test_a_count_that_cannot_be_read_is_made_anew(hourly: Fleet, text: str) -> None:
    run_with_much_to_say(hourly, 1_000)
    hourly.server.ask(lambda client: client.set(BYTES, text))
    run_with_much_to_say(hourly, 1_000)
    assert sum(map(len, texts(hourly))) == counted(hourly)


def test_a_count_that_has_outlived_its_records_takes_none_away(hourly: Fleet) -> None:
    hourly.server.ask(lambda client: client.set(BYTES, KEPT_BYTES))
    run_ids = [run_with_much_to_say(hourly, 1_000) for _ in range(2)]
    assert kept(hourly) == run_ids[::-1]


def test_records_and_their_count_live_equally_long(hourly: Fleet) -> None:
    run_with_much_to_say(hourly, 1_000)
    of_records = hourly.server.ask(lambda client: client.ttl(RUNS))
    assert of_records == pytest.approx(7 * 86_400, abs=60)
    of_count = hourly.server.ask(lambda client: client.ttl(BYTES))
    assert of_count == pytest.approx(of_records, abs=1)
