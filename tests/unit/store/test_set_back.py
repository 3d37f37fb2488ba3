"""Redis' clock ran ahead and was set back: nobody waits for it, no slot runs twice."""

from collections import Counter

import pytest

from beat_schedule.dispatch import advanced
from heartbeat.instants import from_ms
from heartbeat.store.ahead import Ahead
from tests.unit.store.ledger import MINUTE_MS, OWNER, Fleet, a_config

DAY = 24 * 60


def goes_on(fleet: Fleet, *, minutes: int, step: int = 10) -> None:
    """Let beat and a worker do their work for a while."""
    for _ in range(minutes // step):
        fleet.server.pass_time(minutes=step)
        fleet.slots.ahead.look_on()
        fleet.beat()
        while fleet.messages:
            fleet.run()


@pytest.fixture
def jumped(fleet: Fleet) -> Fleet:
    """A heartbeat of each hour whose clock was a day ahead for two and a half hours."""
    fleet.configure(a_config(every=60))
    goes_on(fleet, minutes=120)
    fleet.server.pass_time(minutes=DAY)
    fleet.beat()
    fleet.run()
    goes_on(fleet, minutes=150)
    fleet.server.pass_time(minutes=-DAY)
    return fleet


def test_the_next_slot_is_due_and_not_the_one_after_the_jump(jumped: Fleet) -> None:
    assert jumped.due_in() == DAY + 30
    assert jumped.slots.ahead.look_on() == 1
    jumped.beat()
    assert jumped.due_in() == 30


def test_no_slot_runs_twice_and_each_of_the_next_days_has_a_fate(
    jumped: Fleet,
) -> None:
    sent = {claim.run_id for claim in jumped.sent}
    goes_on(jumped, minutes=2 * DAY)
    runs = Counter(claim.run_id for claim in jumped.sent)
    assert set(runs.values()) == {1}
    # This hour's, and 24 of each day but for the three that ran before their time.
    assert len(runs) - len(sent) == 1 + 48 - 3


def test_slots_that_pass_before_beat_looks_are_missed(jumped: Fleet) -> None:
    jumped.server.pass_time(minutes=180)
    jumped.slots.ahead.look_on()
    assert len(jumped.beat()) == 1
    # Those that a clock running ahead has recorded, and those that really passed.
    assert jumped.statistics.read()["missed"] == 23 + 4


def test_it_is_counted(jumped: Fleet) -> None:
    assert jumped.slots.ahead.count() == 1
    jumped.slots.ahead.look_on()
    jumped.beat()
    assert jumped.slots.ahead.count() == 0
    assert jumped.statistics.read()["set_back"] == 1


def test_a_pause_meanwhile_does_not_keep_it_waiting(jumped: Fleet) -> None:
    jumped.heartbeats.pause(OWNER, "disk", note=None)
    jumped.heartbeats.resume(OWNER, "disk")
    goes_on(jumped, minutes=60)
    assert jumped.due_in() == 30


def test_another_config_meanwhile_does_not_keep_it_waiting(jumped: Fleet) -> None:
    jumped.configure(a_config(every=120))
    goes_on(jumped, minutes=120)
    assert jumped.due_in() == 90
    goes_on(jumped, minutes=2 * DAY)
    assert set(Counter(claim.run_id for claim in jumped.sent).values()) == {1}


@pytest.mark.parametrize("state", ["claimed", "published", "running"])
def test_a_slot_left_open_by_the_clock_that_ran_ahead_is_settled(
    fleet: Fleet, state: str
) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=DAY)
    fleet.beat()
    fleet.run()
    fleet.server.pass_time(minutes=60)
    if state == "claimed":
        fleet.slots.claim(most=1, queue_lengths={})
    else:
        fleet.beat()
    if state == "running":
        fleet.begun()
    fleet.messages.clear()
    fleet.server.pass_time(minutes=-DAY)
    fleet.slots.ahead.look_on()
    assert fleet.beat() == []
    fleet.server.pass_time(minutes=2)
    assert fleet.beat() == ["ann:disk@2027-01-16T09:00:00.000Z"]
    fleet.run()
    goes_on(fleet, minutes=120)
    assert fleet.fates()[:2] == ["ok", "ok"]


def test_a_worker_that_runs_on_while_the_clock_is_set_back_keeps_its_run(
    fleet: Fleet,
) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=DAY)
    fleet.beat()
    begun = fleet.begun()
    fleet.server.pass_time(minutes=-DAY)
    fleet.slots.ahead.look_on()
    fleet.server.pass_time(seconds=10)
    assert fleet.runs.renew(begun.lease)
    fleet.beat()
    assert fleet.finish(begun) is None


def test_a_lease_that_a_dead_beat_took_then_ends(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=DAY)
    [claim] = fleet.slots.claim(most=1, queue_lengths={})
    assert claim.kind == "late"
    fleet.server.pass_time(minutes=-DAY)
    assert fleet.slots.ahead.look_on() == 1
    fleet.beat()
    goes_on(fleet, minutes=60)
    assert fleet.fates() == ["ok"]


def test_a_small_step_back_is_waited_for(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    goes_on(fleet, minutes=60)
    fleet.server.pass_time(seconds=-59)
    assert fleet.slots.ahead.look_on() == 0
    assert fleet.due_in() == pytest.approx(60 + 59 / 60)


def test_a_far_slot_of_a_rare_schedule_is_left_alone(fleet: Fleet) -> None:
    fleet.configure(a_config(cron="0 0 29 2 *"))
    assert fleet.slots.ahead.look_on() == 0
    assert fleet.slots.ahead.count() == 0


def test_all_are_found_a_part_at_a_time(fleet: Fleet) -> None:
    rare = [a_config(f"rare{n}", cron="0 0 29 2 *") for n in range(5)]
    fleet.configure(*rare, *(a_config(f"hb{n}", every=60) for n in range(7)))
    fleet.server.pass_time(minutes=DAY)
    fleet.beat()
    for name in range(7):
        fleet.run(f"hb{name}")
    fleet.server.pass_time(minutes=-DAY)
    ahead = Ahead(fleet.server, at_once=3)
    assert ahead.count() == 7
    assert sum(ahead.look_on() for _ in range(5)) == 7
    fleet.beat()
    assert ahead.count() == 0
    fleet.server.pass_time(minutes=60)
    assert len([one for one in fleet.beat() if "hb" in one]) == 7


def test_what_was_not_claimed_is_told_again_at_its_time(jumped: Fleet) -> None:
    goes_on(jumped, minutes=60)
    assert jumped.history()[0].slot_ms <= jumped.server.clock_ms
    assert jumped.server.clock_ms - jumped.history()[0].slot_ms < 60 * MINUTE_MS


@pytest.mark.parametrize("change", ["configured", "resumed", "reconfigured"])
def test_a_plan_that_was_made_by_a_clock_ahead_is_taken_back(
    fleet: Fleet, change: str
) -> None:
    if change != "configured":
        fleet.configure(a_config(every=120))
    if change == "resumed":
        fleet.heartbeats.pause(OWNER, "disk", note=None)
    fleet.server.pass_time(minutes=DAY)
    if change == "resumed":
        fleet.heartbeats.resume(OWNER, "disk")
    else:
        fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=-DAY)
    assert fleet.slots.ahead.count() == 1
    goes_on(fleet, minutes=6 * 60)
    assert len(fleet.sent) >= 3
    assert fleet.slots.ahead.count() == 0


def test_a_rare_slot_that_beat_planned_by_a_clock_ahead_is_taken_back(
    fleet: Fleet,
) -> None:
    fleet.configure(a_config(cron="0 12 * * *"))
    goes_on(fleet, minutes=DAY)
    fleet.server.pass_time(minutes=30 * DAY)
    fleet.beat()
    fleet.messages.clear()
    fleet.server.pass_time(minutes=5)
    fleet.beat()
    fleet.server.pass_time(minutes=-30 * DAY)
    before = len(fleet.sent)
    goes_on(fleet, minutes=3 * DAY, step=60)
    assert len(fleet.sent) - before == 3


@pytest.mark.parametrize("how", ["paused", "disabled"])
def test_slots_that_were_recorded_as_passed_ahead_of_time_still_come(
    fleet: Fleet, how: str
) -> None:
    fleet.configure(a_config(every=60))
    goes_on(fleet, minutes=60)
    if how == "paused":
        fleet.heartbeats.pause(OWNER, "disk", note=None)
    else:
        fleet.configure(a_config(every=60, enabled=False))
    fleet.server.pass_time(minutes=DAY)
    if how == "paused":
        fleet.heartbeats.resume(OWNER, "disk")
    else:
        fleet.configure(a_config(every=60))
    goes_on(fleet, minutes=120)
    fleet.server.pass_time(minutes=-DAY)
    before = len(fleet.sent)
    goes_on(fleet, minutes=20 * 60)
    assert len(fleet.sent) - before >= 17


def test_a_slot_left_open_less_than_an_hour_ahead_is_not_waited_for(
    fleet: Fleet,
) -> None:
    fleet.configure(a_config(every=5))
    fleet.server.pass_time(minutes=50)
    fleet.beat()
    fleet.messages.clear()  # the message is lost
    fleet.server.pass_time(minutes=-50)
    goes_on(fleet, minutes=55, step=5)
    assert fleet.fates().count("ok") >= 8


def test_a_beat_that_goes_on_after_the_jump_plans_nothing_far_ahead(
    fleet: Fleet,
) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=DAY)
    claims = fleet.slots.claim(most=1, queue_lengths={})
    assert [claim.kind for claim in claims] == ["late"]
    fleet.server.pass_time(minutes=-DAY - 120)
    now = from_ms(fleet.server.clock_ms)
    fleet.slots.advance(advanced(claims, now=now, taken={}))
    goes_on(fleet, minutes=180)
    assert fleet.fates().count("ok") >= 2
