"""Beat's side of the ledger: what is claimed, sent, skipped, missed."""

from datetime import datetime, timedelta

import pytest

from beat_schedule.dispatch import Dispatcher
from heartbeat.errors import Busy, InvalidConfig, NotFound, StoreUnavailable
from heartbeat.instants import from_ms
from heartbeat.store import keys
from heartbeat.store.runs import Refused
from heartbeat.store.slots import Slots
from tests.unit.store.ledger import OWNER, START_MS, Fleet, a_config


def test_nothing_is_sent_before_its_slot(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=59, seconds=59.999)
    assert fleet.beat() == []


def test_a_slot_is_sent_once_when_it_is_due(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    assert fleet.beat() == ["ann:disk@2027-01-15T09:00:00.000Z"]
    assert fleet.beat() == []


def test_the_next_slot_follows_on_the_grid(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    for _ in range(3):
        fleet.server.pass_time(minutes=60)
        fleet.beat()
        fleet.run()
    assert [run[-13:-8] for run in (claim.run_id for claim in fleet.sent)] == [
        "09:00",
        "10:00",
        "11:00",
    ]


def test_a_claim_holds_off_other_beats_for_a_lease(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    assert len(fleet.slots.claim(most=10, queue_lengths={})) == 1
    fleet.server.pass_time(seconds=1.9)
    assert fleet.slots.claim(most=10, queue_lengths={}) == []


def test_a_claim_whose_beat_died_is_taken_over(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    [first] = fleet.slots.claim(most=10, queue_lengths={})
    fleet.server.pass_time(seconds=2)
    assert fleet.beat() == [first.run_id]
    assert fleet.due_in() == pytest.approx(60 - 2 / 60)


def test_a_batch_that_may_not_have_arrived_goes_out_again(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.is_broker_away = True
    with pytest.raises(StoreUnavailable):
        fleet.beat()
    fleet.is_broker_away = False
    fleet.server.pass_time(seconds=2)
    assert len(fleet.beat()) == 1
    assert fleet.statistics.read()["redispatched"] == 0


def test_a_message_that_was_lost_is_sent_again(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    sent = fleet.beat()
    fleet.messages.clear()
    fleet.server.pass_time(seconds=29)
    assert fleet.beat() == []
    fleet.server.pass_time(seconds=1)
    assert fleet.beat() == sent
    assert fleet.statistics.read()["redispatched"] == 1


def test_a_backlog_is_not_sent_again(fleet: Fleet) -> None:
    fleet.configure(*(a_config(f"hb{n}", every=60) for n in range(5)))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    for _ in range(20):
        fleet.server.pass_time(seconds=30)
        assert fleet.beat() == []


def test_only_as_many_are_sent_again_as_messages_are_missing(fleet: Fleet) -> None:
    fleet.configure(*(a_config(f"hb{n}", every=60) for n in range(5)))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    del fleet.messages[:2]
    fleet.server.pass_time(seconds=30)
    assert len(fleet.beat()) == 2


def test_a_queue_that_nobody_serves_grows_no_longer_than_its_heartbeats(
    fleet: Fleet,
) -> None:
    fleet.configure(*(a_config(f"hb{n}", every=1) for n in range(3)))
    fleet.server.pass_time(seconds=0.003)
    for _ in range(40):
        fleet.server.pass_time(seconds=15)
        fleet.beat()
    assert len(fleet.messages) == 3
    assert fleet.fates("hb0") == ["missed(no_worker) x9"]


def test_the_message_of_an_earlier_slot_begins_the_one_that_is_open(
    fleet: Fleet,
) -> None:
    fleet.configure(a_config(every=1))
    fleet.server.pass_time(minutes=1)
    fleet.beat()
    fleet.server.pass_time(minutes=1, seconds=1)
    fleet.beat()
    assert fleet.begun().lease.run_id == "ann:disk@2027-01-15T08:02:00.000Z"


def test_once_a_worker_took_the_earlier_message_the_next_slot_gets_its_own(
    fleet: Fleet,
) -> None:
    fleet.configure(a_config(every=1))
    fleet.server.pass_time(minutes=1)
    fleet.beat()
    fleet.server.pass_time(minutes=1, seconds=0.5)
    assert fleet.begin() is Refused.MISSED
    assert len(fleet.beat()) == 1


def test_a_slot_that_meets_a_running_one_is_skipped(fleet: Fleet) -> None:
    fleet.configure(a_config(every=1))
    fleet.server.pass_time(minutes=1)
    fleet.beat()
    begun = fleet.begun()
    for _ in range(3):
        fleet.server.pass_time(seconds=20)
        fleet.runs.renew(begun.lease)
    assert fleet.beat() == []
    assert fleet.fates() == ["skipped(overlap)"]
    assert fleet.due_in() == 1


def test_a_slot_that_meets_one_still_in_time_is_skipped(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=30)
    fleet.slots.request_run(OWNER, "disk")
    fleet.beat()
    fleet.server.pass_time(minutes=30)
    assert fleet.beat() == []
    assert fleet.fates() == ["skipped(backlog)"]


def test_a_slot_that_nobody_began_in_time_is_missed(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    assert fleet.fates() == ["missed(no_worker)"]


def test_a_slot_that_no_worker_began_is_missed_once_its_hours_close(
    fleet: Fleet,
) -> None:
    fleet.configure(a_config(every=60, hours=[("08:00", "09:10")]))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.messages.clear()
    fleet.server.pass_time(minutes=10)
    assert fleet.beat() == []
    assert fleet.fates() == ["missed(no_worker)"]
    assert '"missed"' in fleet.untold()["ann:disk"]


def test_after_an_absence_the_newest_slot_runs_and_the_others_are_missed(
    fleet: Fleet,
) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=5 * 60 + 30)
    assert fleet.beat() == ["ann:disk@2027-01-15T13:00:00.000Z"]
    assert fleet.fates() == ["missed(beat_away) x4"]


def test_after_an_absence_a_slot_too_old_to_run_is_missed_too(fleet: Fleet) -> None:
    fleet.configure(a_config(every=240))
    fleet.server.pass_time(minutes=2 * 240 + 61)
    assert fleet.beat() == []
    assert fleet.fates() == ["missed(beat_away) x2"]


def test_after_an_absence_no_slot_runs_outside_its_hours(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60, hours=[("08:00", "12:00")]))
    fleet.server.pass_time(minutes=4 * 60 + 10)
    assert fleet.beat() == []
    assert fleet.fates() == ["missed(beat_away) x3"]


def test_years_of_absence_are_counted_up_to_a_limit(fleet: Fleet) -> None:
    fleet.configure(a_config(every=1))
    fleet.server.pass_time(minutes=60 * 24 * 365)
    fleet.beat()
    assert fleet.fates() == ["missed(beat_away) x100000"]


def test_what_was_missed_waits_to_be_told(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=3 * 60 + 30)
    fleet.beat()
    untold = fleet.untold()
    first, last = START_MS + 3_600_000, START_MS + 2 * 3_600_000
    assert f'"from":{first}' in untold["ann:disk"]
    assert f'"to":{last}' in untold["ann:disk"]


def test_a_dead_claim_of_long_ago_is_missed(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.slots.claim(most=10, queue_lengths={})
    fleet.server.pass_time(minutes=90)
    assert fleet.beat() == ["ann:disk@2027-01-15T10:00:00.000Z"]
    assert fleet.fates() == ["missed(beat_away)"]


def test_a_clock_that_goes_back_fires_no_slot_again(fleet: Fleet) -> None:
    fleet.configure(a_config(every=1))
    fleet.server.pass_time(minutes=5)
    fleet.beat()
    fleet.run()
    fleet.server.pass_time(minutes=-4)
    fleet.configure(a_config(every=1, name="again"))
    for _ in range(4):
        fleet.beat()
        fleet.server.pass_time(minutes=1)
    assert len(fleet.sent) == 1
    fleet.server.pass_time(minutes=1)
    assert len(fleet.beat()) == 1


def test_heartbeats_placed_elsewhere_have_their_own_queue(fleet: Fleet) -> None:
    fleet.configure(a_config(run_on="db"))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    assert fleet.sent[0].queue == "heartbeat.db"
    assert fleet.slots.queues() == ["heartbeat.db"]


def test_a_queue_is_asked_for_only_while_a_message_waits_there(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60, run_on="db"))
    for _ in range(2):
        fleet.server.pass_time(minutes=60)
        fleet.beat()
        assert fleet.slots.queues() == ["heartbeat.db"]
        fleet.run()
        fleet.beat()
        assert fleet.slots.queues() == []


def test_the_queue_of_a_label_nobody_uses_any_more_is_forgotten(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60, run_on="db"))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.configure(a_config(every=60, run_on="other"))
    fleet.beat()
    fleet.beat()
    assert fleet.slots.queues() == ["heartbeat.other"]
    assert [claim.queue for claim in fleet.messages] == [
        "heartbeat.db",
        "heartbeat.other",
    ]


class TestARunByHand:
    def test_it_is_sent_at_once_and_off_the_grid(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        name = fleet.slots.request_run(OWNER, "disk")
        assert fleet.beat() == [name] == ["ann:disk@now:2027-01-15T08:00:00.000Z"]

    def test_it_leaves_the_schedule_as_it_is(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.slots.request_run(OWNER, "disk")
        fleet.beat()
        fleet.run()
        assert fleet.due_in() == 60

    def test_it_has_the_time_of_a_slot_even_just_before_one(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=59, seconds=59)
        fleet.slots.request_run(OWNER, "disk")
        fleet.beat()
        fleet.server.pass_time(seconds=20)
        fleet.begun()

    def test_it_is_refused_while_a_run_is_open(self, fleet: Fleet) -> None:
        fleet.configure(a_config())
        fleet.slots.request_run(OWNER, "disk")
        fleet.server.pass_time(seconds=1)
        with pytest.raises(Busy):
            fleet.slots.request_run(OWNER, "disk")

    def test_asking_again_after_a_lost_reply_opens_it_once(self, fleet: Fleet) -> None:
        fleet.configure(a_config())
        name = fleet.slots.request_run(OWNER, "disk")
        fleet.beat()
        fleet.run()
        assert fleet.slots.request_run(OWNER, "disk") == name
        assert fleet.beat() == []
        assert fleet.fates() == ["ok"]
        assert fleet.statistics.read()["requested"] == 1

    def test_asking_again_gets_its_answer_also_of_one_that_was_paused(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config())
        name = fleet.slots.request_run(OWNER, "disk")
        fleet.heartbeats.pause(OWNER, "disk", note=None)
        assert fleet.slots.request_run(OWNER, "disk") == name

    def test_another_one_may_follow_it(self, fleet: Fleet) -> None:
        fleet.configure(a_config())
        first = fleet.slots.request_run(OWNER, "disk")
        fleet.beat()
        fleet.run()
        fleet.server.pass_time(seconds=1)
        second = fleet.slots.request_run(OWNER, "disk")
        assert fleet.beat() == [second] != [first]

    def test_it_is_remembered_for_a_minute_only(self, fleet: Fleet) -> None:
        fleet.configure(a_config())
        key = keys.requested(fleet.slots.request_run(OWNER, "disk"))
        assert 0 < fleet.server.ask(lambda client: client.ttl(key)) <= 60

    def test_it_is_refused_while_paused(self, fleet: Fleet) -> None:
        fleet.configure(a_config())
        fleet.heartbeats.pause(OWNER, "disk", note=None)
        with pytest.raises(InvalidConfig, match="paused"):
            fleet.slots.request_run(OWNER, "disk")

    def test_it_is_refused_while_disabled(self, fleet: Fleet) -> None:
        fleet.configure(a_config(enabled=False))
        with pytest.raises(InvalidConfig, match="disabled"):
            fleet.slots.request_run(OWNER, "disk")

    def test_another_owner_finds_no_heartbeat(self, fleet: Fleet) -> None:
        fleet.configure(a_config())
        with pytest.raises(NotFound):
            fleet.slots.request_run("bob", "disk")


def test_the_first_thing_due_is_known(fleet: Fleet) -> None:
    assert fleet.slots.next_due_ms() is None
    fleet.configure(a_config(every=60), a_config("soon", every=1))
    assert fleet.slots.next_due_ms() == START_MS + 60_000


def test_two_beats_share_what_is_due(fleet: Fleet) -> None:
    fleet.configure(*(a_config(f"hb{n}", every=60) for n in range(6)))
    fleet.server.pass_time(minutes=60)
    other = Slots(fleet.server)
    taken = [
        claim.uid
        for slots in (fleet.slots, other, fleet.slots)
        for claim in slots.claim(most=2, queue_lengths={})
    ]
    assert len(set(taken)) == 6


def test_a_beat_whose_own_clock_is_ahead_sends_nothing_early(fleet: Fleet) -> None:
    def ahead() -> datetime:
        return from_ms(fleet.server.clock_ms) + timedelta(seconds=30)

    beat = Dispatcher(fleet.slots, fleet, now=ahead)
    fleet.configure(a_config(every=60))
    for _ in range(3):
        fleet.server.pass_time(minutes=59, seconds=59)
        assert beat.run_pass().sent == 0
        fleet.server.pass_time(seconds=1)
        assert beat.run_pass().sent == 1
        fleet.run()
    fleet.server.pass_time(minutes=179, seconds=45)
    for seconds, sent in [(0, 0), (1, 0), (14, 1)]:
        fleet.server.pass_time(seconds=seconds)
        assert beat.run_pass().sent == sent
    assert fleet.fates() == ["missed(beat_away) x2", *["ok"] * 3]
