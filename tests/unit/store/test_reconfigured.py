"""What a change of the config does to a slot that is due already."""

from collections.abc import Callable

import pytest

from beat_schedule.dispatch import advanced, followed
from heartbeat.instants import from_ms
from heartbeat.store import keys
from heartbeat.store.runs import Refused
from tests.unit.store.ledger import OWNER, Fleet, a_config

WEEK = 7 * 24 * 60


@pytest.fixture
def due(fleet: Fleet) -> Fleet:
    """A fleet with the weekly slot of a heartbeat just due, and not claimed."""
    fleet.configure(a_config(every=WEEK))
    minutes = fleet.due_in()
    assert minutes is not None
    fleet.server.pass_time(minutes=minutes, seconds=1)
    return fleet


@pytest.fixture
def sent(due: Fleet) -> Fleet:
    """The same, with its message on the queue."""
    due.beat()
    return due


def test_a_new_name_keeps_a_slot_that_waits_for_a_worker(sent: Fleet) -> None:
    sent.configure(a_config(every=WEEK, name="renamed"))
    begun = sent.begun()
    assert begun.known.config.name == "renamed"
    assert begun.known.version == "2"
    assert sent.finish(begun) is None
    assert sent.fates() == ["ok"]
    assert sent.due_in() == pytest.approx(WEEK, abs=1)


def test_a_new_name_keeps_a_slot_that_no_beat_has_claimed(due: Fleet) -> None:
    due.configure(a_config(every=WEEK, name="renamed"))
    assert len(due.beat()) == 1
    due.run()
    assert due.fates() == ["ok"]


def test_a_new_name_keeps_a_slot_that_a_beat_is_sending(due: Fleet) -> None:
    claims = due.slots.claim(most=1, queue_lengths={})
    due.configure(a_config(every=WEEK, name="renamed"))
    due.send(claims)
    due.slots.commit(followed(claims))
    due.run()
    due.server.pass_time(seconds=3)
    due.beat()
    assert due.fates() == ["ok"]
    assert due.due_in() == pytest.approx(WEEK, abs=1)


def test_a_run_by_hand_outlives_even_a_new_timing(fleet: Fleet) -> None:
    fleet.configure(a_config(every=WEEK))
    run_id = fleet.slots.request_run(OWNER, "disk")
    fleet.beat()
    fleet.configure(a_config(every=60))
    assert fleet.begun().lease.run_id == run_id


def test_another_placement_sends_the_slot_to_its_own_queue(sent: Fleet) -> None:
    sent.configure(a_config(every=WEEK, run_on="db"))
    assert len(sent.beat()) == 1
    assert sent.sent[-1].queue == "heartbeat.db"
    assert sent.server.ask(lambda c: c.scard("{hb}:waiting:heartbeat")) == 0


def test_a_slot_on_its_way_to_the_old_placement_is_sent_to_the_new_one(
    due: Fleet,
) -> None:
    claims = due.slots.claim(most=1, queue_lengths={})
    due.configure(a_config(every=WEEK, run_on="db"))
    due.send(claims)
    due.slots.commit(followed(claims))
    due.server.pass_time(seconds=2)
    assert len(due.beat()) == 1
    assert due.sent[-1].queue == "heartbeat.db"


def test_a_message_on_the_queue_of_the_old_placement_begins_nothing(
    sent: Fleet,
) -> None:
    sent.configure(a_config(every=WEEK, run_on="db"))
    assert sent.begin() is Refused.GONE
    sent.beat()
    assert sent.begun().lease.run_id == sent.sent[0].run_id


def test_a_run_that_is_handed_back_after_a_new_name_is_sent_again(sent: Fleet) -> None:
    begun = sent.begun()
    sent.configure(a_config(every=WEEK, name="renamed", run_on="db"))
    assert sent.runs.hand_back(begun.lease)
    assert sent.beat() == [begun.lease.run_id]
    assert sent.sent[-1].queue == "heartbeat.db"


def test_a_run_whose_worker_died_after_a_new_name_is_sent_again(sent: Fleet) -> None:
    begun = sent.begun()
    sent.configure(a_config(every=WEEK, name="renamed"))
    sent.server.pass_time(seconds=30)
    assert sent.beat() == [begun.lease.run_id]


def test_another_timing_drops_a_slot_that_waits(sent: Fleet) -> None:
    sent.configure(a_config(every=WEEK - 1))
    assert sent.begin() is Refused.GONE
    assert sent.fates() == ["skipped(reconfigured)"]


def test_another_timing_leaves_a_record_of_a_slot_that_no_beat_has_claimed(
    due: Fleet,
) -> None:
    due.configure(a_config(every=WEEK - 1))
    due.configure(a_config(every=WEEK - 2))
    assert due.beat() == []
    assert due.fates() == ["skipped(reconfigured)"]


def test_a_change_does_not_hide_that_nobody_began_a_slot_in_time(sent: Fleet) -> None:
    sent.server.pass_time(minutes=61)
    sent.configure(a_config(every=WEEK - 1))
    assert sent.fates() == ["missed(no_worker)"]
    assert '"missed"' in sent.untold()["ann:disk"]


def test_a_change_does_not_hide_that_no_beat_claimed_a_slot_in_time(due: Fleet) -> None:
    due.server.pass_time(minutes=61)
    due.configure(a_config(every=WEEK - 1))
    assert due.fates() == ["missed(beat_away)"]
    assert '"missed"' in due.untold()["ann:disk"]


def test_a_change_does_not_hide_that_a_worker_died(sent: Fleet) -> None:
    sent.begun()
    sent.server.pass_time(seconds=30)
    sent.beat()
    sent.configure(a_config(every=WEEK - 1))
    assert sent.fates() == ["lost(worker_died)"]
    assert '"lost"' in sent.untold()["ann:disk"]


def test_a_slot_keeps_its_deadlines_over_a_new_name(sent: Fleet) -> None:
    sent.server.pass_time(minutes=50)
    sent.configure(a_config(every=WEEK, name="renamed"))
    sent.server.pass_time(minutes=10)
    assert sent.begin() is Refused.MISSED


def test_a_slot_of_a_heartbeat_that_is_made_anew_is_not_the_old_one(
    sent: Fleet,
) -> None:
    begun = sent.begun()
    sent.heartbeats.delete(OWNER, "disk")
    sent.configure(a_config(every=WEEK))
    sent.configure(a_config(every=WEEK, name="renamed"))
    assert sent.runs.hand_back(begun.lease)
    assert sent.fates() == ["skipped(deleted)"]


@pytest.mark.parametrize("change", ["paused", "reconfigured"])
def test_a_plan_that_cannot_be_read_leaves_no_slots_since_the_epoch(
    fleet: Fleet, change: str
) -> None:
    fleet.configure(a_config(every=60))
    key = keys.heartbeat("ann:disk")
    fleet.server.ask(lambda client: client.hset(key, "plan", "{"))
    if change == "paused":
        fleet.heartbeats.pause(OWNER, "disk", note=None)
    else:
        fleet.configure(a_config(every=30))
    assert fleet.fates() == []
    assert fleet.untold() == {}


OFF: dict[str, Callable[[Fleet], object]] = {
    "deleted": lambda fleet: fleet.heartbeats.delete(OWNER, "disk"),
    "paused": lambda fleet: fleet.heartbeats.pause(OWNER, "disk", note=None),
    "disabled": lambda fleet: fleet.configure(a_config(every=WEEK, enabled=False)),
}


@pytest.mark.parametrize("switch_off", OFF.values(), ids=OFF)
@pytest.mark.parametrize("is_late", [False, True], ids=["in time", "late"])
def test_what_is_switched_off_while_a_beat_sends_is_not_due_again(
    due: Fleet, switch_off: Callable[[Fleet], object], is_late: bool
) -> None:
    due.server.pass_time(minutes=WEEK * is_late)
    claims = due.slots.claim(most=1, queue_lengths={})
    switch_off(due)
    due.slots.commit(followed(claims))
    now = from_ms(due.server.clock_ms)
    due.slots.advance(advanced(claims, now=now, taken={}))
    assert due.due_in() is None


def test_a_plan_of_the_old_timing_does_not_replace_one_of_the_new(due: Fleet) -> None:
    claims = due.slots.claim(most=1, queue_lengths={})
    due.configure(a_config(every=60))
    planned = due.due_in()
    due.slots.commit(followed(claims))
    assert due.due_in() == planned


def test_a_plan_of_the_old_timing_is_known_also_where_both_have_the_slot(
    fleet: Fleet,
) -> None:
    """A clock that is set back makes what was claimed as late a slot to come."""
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=61 + 60)
    claims = fleet.slots.claim(most=1, queue_lengths={})
    fleet.server.pass_time(minutes=-62.5)
    fleet.configure(a_config(every=30))
    assert fleet.due_in() == 1.5
    fleet.server.pass_time(minutes=36.5)
    now = from_ms(fleet.server.clock_ms)
    fleet.slots.advance(advanced(claims, now=now, taken={}))
    assert fleet.beat() == ["ann:disk@2027-01-15T09:30:00.000Z"]
