"""Indexes, leases and sums of the fleet that hold garbage."""

import json

import pytest

from heartbeat.instants import from_ms
from heartbeat.store import keys
from heartbeat.store.spending import TOTAL, Account, Spending, day_of
from heartbeat.store.watch import Watch
from heartbeat.usage import Usage
from tests.unit.store.ledger import OWNER, Fleet, a_config

UID = "ann:disk"
INFINITE = float("inf")
BINARY = b"\x80\xff"


@pytest.fixture
def hourly(fleet: Fleet) -> Fleet:
    """A fleet with one heartbeat, half an hour before its slot."""
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=30)
    return fleet


def put_due(fleet: Fleet, score: float, member: str = UID) -> None:
    fleet.server.ask(lambda client: client.zadd(keys.DUE, {member: score}))


def spoil(fleet: Fleet, field: str, text: str | bytes) -> None:
    fleet.server.ask(lambda client: client.hset(keys.heartbeat(UID), field, text))


@pytest.mark.parametrize("score", [-INFINITE, -1, 0, 1e300, INFINITE], ids=repr)
def test_no_slot_runs_before_its_time_and_none_waits_for_ever(
    hourly: Fleet, score: float
) -> None:
    put_due(hourly, score)
    hourly.slots.ahead.look_on()
    assert hourly.beat() == []
    assert hourly.due_in() == 30
    hourly.server.pass_time(minutes=30)
    assert hourly.beat() == ["ann:disk@2027-01-15T09:00:00.000Z"]


@pytest.mark.parametrize("score", [-INFINITE, INFINITE], ids=repr)
@pytest.mark.parametrize("key", [keys.DUE, keys.OPEN])
def test_a_score_without_end_leaves_all_that_is_asked_answered(
    hourly: Fleet, key: str, score: float
) -> None:
    hourly.server.ask(lambda client: client.zadd(key, {"nobody": score}))
    hourly.slots.next_due_ms()
    hourly.statistics.lag()


def test_a_claimed_slot_that_is_in_no_index_goes_on(hourly: Fleet) -> None:
    hourly.server.pass_time(minutes=30)
    hourly.slots.claim(most=9, queue_lengths={})
    hourly.server.ask(lambda client: client.zrem(keys.OPEN, UID))
    for _ in range(2):
        hourly.server.pass_time(seconds=3)
        hourly.beat()
    assert hourly.begun().lease.run_id == "ann:disk@2027-01-15T09:00:00.000Z"


def test_a_running_slot_that_is_in_no_index_keeps_nobody_from_deleting(
    hourly: Fleet,
) -> None:
    hourly.server.pass_time(minutes=30)
    hourly.beat()
    hourly.begun()
    hourly.server.ask(lambda client: client.zrem(keys.OPEN, UID))
    hourly.heartbeats.delete(OWNER, "disk")
    assert hourly.server.ask(lambda client: client.zscore(keys.OPEN, UID))


@pytest.mark.parametrize("text", ["", "x", "true", "2", BINARY], ids=repr)
def test_whether_it_is_enabled_must_be_said_or_its_owner_is_told(
    hourly: Fleet, text: str | bytes
) -> None:
    spoil(hourly, "enabled", text)
    hourly.server.pass_time(minutes=30)
    for _ in range(5):
        hourly.beat()
        hourly.server.pass_time(minutes=1)
    [message] = map(json.loads, hourly.pushes())
    assert (message["kind"], message["scheduleId"]) == ("config", "disk")


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-5", "9" * 13, "9" * 20])
def test_since_when_nobody_can_read_it_is_noted_anew(hourly: Fleet, text: str) -> None:
    spoil(hourly, "version", "x")
    hourly.server.ask(lambda client: client.hset(keys.UNREADABLE, UID, text))
    hourly.server.pass_time(minutes=30)
    for _ in range(5):
        hourly.beat()
        hourly.server.pass_time(minutes=1)
    assert len(hourly.pushes()) == 1


@pytest.mark.parametrize("field", ["config", "timing", "plan", "version"])
def test_bytes_that_are_no_text_keep_no_other_from_running(
    hourly: Fleet, field: str
) -> None:
    hourly.configure(a_config("other", every=60))
    spoil(hourly, field, BINARY)
    for key in (keys.QUEUES, keys.owned(OWNER), keys.TOGETHER):
        hourly.server.ask(lambda client, key=key: client.sadd(key, BINARY))
    hourly.server.pass_time(minutes=30)
    hourly.beat()
    hourly.run("other")
    hourly.heartbeats.owned_by(OWNER)
    Watch(hourly.server).together()


class TestTheWatch:
    def test_one_that_nobody_leases_is_taken(self, fleet: Fleet) -> None:
        fleet.server.ask(lambda client: client.set(keys.WATCH, "somebody"))
        assert Watch(fleet.server).take("me", lease_ms=15_000)

    def test_one_that_is_leased_for_too_long_is_taken(self, fleet: Fleet) -> None:
        fleet.server.ask(lambda client: client.set(keys.WATCH, "somebody", ex=10**6))
        assert Watch(fleet.server).take("me", lease_ms=15_000)

    def test_one_that_is_held_is_left(self, fleet: Fleet) -> None:
        assert Watch(fleet.server).take("somebody", lease_ms=15_000)
        assert not Watch(fleet.server).take("me", lease_ms=15_000)


@pytest.mark.parametrize(
    "text",
    ["", "x", "7", "x 7 7 7 7 7 7", "7 7 7 7 7 7 7 7", "9" * 400, BINARY],
    ids=lambda text: repr(text[:20]),
)
def test_a_sum_that_cannot_be_read_begins_anew(fleet: Fleet, text: str | bytes) -> None:
    now = from_ms(fleet.server.clock_ms)
    account, one = Account(OWNER, "disk"), Usage(calls=1, micro_dollars=5)
    spending, day = Spending(fleet.server), keys.usage(day_of(now))
    spending.add({account: one}, now)
    fleet.server.ask(lambda client: client.hset(day, TOTAL, text))
    assert spending.add({account: one}, now).fleet == one
    assert spending.of_fleet(now) == one
