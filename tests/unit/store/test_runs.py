"""The worker's side of the ledger: begin, renew, finish, hand back; and history."""

from dataclasses import replace
from datetime import timedelta

import pytest

from heartbeat.book import Book
from heartbeat.errors import NotFound
from heartbeat.store.run_texts import READ_AT_ONCE
from heartbeat.store.runs import Begun, Fenced, Known, Refused
from tests.unit.store.ledger import OWNER, Fleet, a_config, an_outcome


@pytest.fixture
def due(fleet: Fleet) -> Fleet:
    """A fleet with one slot sent and not begun, of a heartbeat due each hour."""
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    return fleet


def take_again(fleet: Fleet) -> None:
    """Put the last message on the queue once more."""
    fleet.messages.append(fleet.sent[-1])


class TestBegin:
    def test_it_gives_all_that_the_run_needs(self, due: Fleet) -> None:
        due.server.pass_time(seconds=3)
        begun = due.begun()
        assert begun.known.config == a_config(every=60)
        assert begun.started - begun.slot == timedelta(seconds=3)
        assert begun.run_limit == timedelta(minutes=10)
        assert begun.attempt == 1

    def test_a_second_message_finds_it_running(self, due: Fleet) -> None:
        due.begun()
        take_again(due)
        assert due.begin(nonce="other") is Refused.RUNNING

    def test_a_lost_answer_may_be_asked_for_again(self, due: Fleet) -> None:
        first = due.begun(nonce="mine")
        take_again(due)
        again = due.begun(nonce="mine")
        assert again.lease == first.lease

    def test_a_message_of_a_finished_slot_leads_to_nothing(self, due: Fleet) -> None:
        due.run()
        take_again(due)
        assert due.begin() is Refused.GONE

    def test_a_message_that_comes_too_late_is_missed(self, due: Fleet) -> None:
        due.server.pass_time(minutes=60)
        assert due.begin() is Refused.MISSED
        assert due.fates() == ["missed(no_worker)"]

    def test_a_paused_heartbeat_does_not_run(self, due: Fleet) -> None:
        due.heartbeats.pause(OWNER, "disk", note=None)
        assert due.begin() is Refused.GONE
        assert due.fates() == ["skipped(paused)"]

    def test_a_disabled_heartbeat_does_not_run(self, due: Fleet) -> None:
        due.configure(a_config(every=60, enabled=False))
        assert due.begin() is Refused.GONE
        assert due.fates() == ["skipped(disabled)"]

    def test_a_slot_of_an_older_config_does_not_run(self, due: Fleet) -> None:
        due.configure(a_config(every=30))
        assert due.begin() is Refused.GONE
        assert due.fates() == ["skipped(reconfigured)"]

    def test_a_heartbeat_made_anew_meets_no_old_slot(self, due: Fleet) -> None:
        due.heartbeats.delete(OWNER, "disk")
        due.configure(a_config(every=60))
        assert due.begin() is Refused.GONE

    def test_a_slot_whose_hours_closed_before_a_worker_came_is_missed_and_told(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=60, hours=[("08:00", "09:10")]))
        fleet.server.pass_time(minutes=60)
        fleet.beat()
        fleet.server.pass_time(minutes=10)
        assert fleet.begin() is Refused.MISSED
        assert fleet.fates() == ["missed(no_worker)"]
        assert '"missed"' in fleet.untold()["ann:disk"]


class TestTheLease:
    def test_it_lasts_while_it_is_renewed(self, due: Fleet) -> None:
        begun = due.begun()
        for _ in range(10):
            due.server.pass_time(seconds=20)
            assert due.runs.renew(begun.lease)
            assert due.beat() == []

    def test_a_run_whose_worker_died_is_sent_again(self, due: Fleet) -> None:
        due.begun()
        due.server.pass_time(seconds=30)
        assert len(due.beat()) == 1
        assert due.begun(nonce="other").attempt == 2

    def test_the_old_worker_is_fenced_off(self, due: Fleet) -> None:
        old = due.begun()
        due.server.pass_time(seconds=30)
        due.beat()
        due.begun(nonce="other")
        assert not due.runs.renew(old.lease)
        assert due.finish(old, '{"a": 1}') is Fenced.FENCED
        assert not due.runs.hand_back(old.lease)
        assert due.pushes() == []

    def test_it_is_over_once_the_slot_was_sent_again(self, due: Fleet) -> None:
        old = due.begun()
        due.server.pass_time(seconds=30)
        due.beat()
        assert due.finish(old) is Fenced.FENCED

    def test_a_second_death_loses_the_slot(self, due: Fleet) -> None:
        for nonce in ("one", "two"):
            due.begun(nonce=nonce)
            due.server.pass_time(seconds=30)
            due.beat()
        assert due.fates() == ["lost(worker_died)"]
        assert '"lost"' in due.untold()["ann:disk"]

    def test_a_death_that_is_found_too_late_loses_the_slot(self, due: Fleet) -> None:
        due.begun()
        due.server.pass_time(minutes=71)
        due.beat()
        assert due.fates()[-1] == "lost(worker_died)"

    @pytest.mark.parametrize(
        ("minutes", "is_sent"),
        [
            pytest.param(65, True, id="after the start deadline"),
            pytest.param(70, False, id="after the run's limit too"),
        ],
    )
    def test_a_death_that_is_found_before_the_next_slot_is_made_up_for(
        self, fleet: Fleet, minutes: int, is_sent: bool
    ) -> None:
        """It may begin for an hour, and run for ten minutes."""
        fleet.configure(a_config(cron="0 9 * * *"))
        fleet.server.pass_time(minutes=60)
        sent = fleet.beat()
        fleet.begun()
        fleet.server.pass_time(minutes=minutes)
        assert fleet.beat() == (sent if is_sent else [])
        assert fleet.fates() == ([] if is_sent else ["lost(worker_died)"])
        if is_sent:
            fleet.run()
            assert fleet.fates() == ["ok"]

    def test_a_second_try_that_comes_too_late_loses_the_slot(self, due: Fleet) -> None:
        due.begun()
        due.server.pass_time(seconds=30)
        due.beat()
        due.server.pass_time(minutes=71)
        assert due.begin(nonce="other") is Refused.LOST

    def test_a_run_nobody_wants_any_more_is_lost_without_a_word(
        self, due: Fleet
    ) -> None:
        due.begun()
        due.heartbeats.pause(OWNER, "disk", note=None)
        due.server.pass_time(seconds=30)
        assert due.beat() == []
        assert due.fates() == ["lost(worker_died)"]
        assert due.untold() == {}

    def test_a_deleted_heartbeats_dead_run_is_recorded(self, due: Fleet) -> None:
        due.begun()
        due.heartbeats.delete(OWNER, "disk")
        due.server.pass_time(seconds=30)
        assert due.beat() == []
        due.configure(a_config())
        assert due.fates() == ["lost(worker_died)"]


class TestHandBack:
    def test_the_slot_is_sent_again_at_once(self, due: Fleet) -> None:
        begun = due.begun()
        assert due.runs.hand_back(begun.lease)
        assert due.beat() == [begun.lease.run_id]
        assert due.begun(nonce="other").attempt == 1

    def test_it_is_missed_when_all_workers_are_gone(self, due: Fleet) -> None:
        due.runs.hand_back(due.begun().lease)
        due.beat()
        due.server.pass_time(minutes=60, seconds=1)
        due.beat()
        assert due.fates() == ["missed(no_worker)"]

    def test_one_that_is_handed_back_late_may_begin_until_it_could_have_ended(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=24 * 60))
        fleet.server.pass_time(minutes=16 * 60)
        fleet.beat()
        fleet.server.pass_time(minutes=59)
        begun = fleet.begun()
        fleet.server.pass_time(minutes=5)  # it must begin within an hour
        assert fleet.runs.hand_back(begun.lease)
        assert fleet.beat() == [begun.lease.run_id]
        assert fleet.finish(fleet.begun(nonce="other")) is None

    def test_one_that_is_handed_back_too_late_is_missed_for_want_of_workers(
        self, due: Fleet
    ) -> None:
        begun = due.begun()
        due.server.pass_time(minutes=71)
        due.runs.renew(begun.lease)
        assert due.runs.hand_back(begun.lease)
        due.beat()
        assert due.fates()[-1] == "missed(no_worker)"

    def test_a_slot_nobody_wants_any_more_is_skipped(self, due: Fleet) -> None:
        begun = due.begun()
        due.heartbeats.delete(OWNER, "disk")
        assert due.runs.hand_back(begun.lease)
        assert due.beat() == []
        due.configure(a_config())
        assert due.fates() == ["skipped(deleted)"]


class TestFinish:
    def test_record_book_and_feed_are_written_in_one_step(self, due: Fleet) -> None:
        begun = due.begun()
        book = Book(config=None, overdue=None, v=1)
        assert due.finish(begun, '{"a": 1}', '{"b": 2}', book=book) is None
        assert due.fates() == ["ok"]
        assert due.pushes() == ['{"a": 1}', '{"b": 2}']
        assert not due.stored().running

    def test_a_lost_answer_may_be_asked_for_again(self, due: Fleet) -> None:
        begun = due.begun()
        assert due.finish(begun, '{"a": 1}') is None
        assert due.finish(begun, '{"a": 1}') is None
        assert due.pushes() == ['{"a": 1}']
        assert due.fates() == ["ok"]

    def test_a_book_that_changed_meanwhile_is_decided_on_again(
        self, due: Fleet
    ) -> None:
        begun = due.begun()
        due.server.run("change_book", "", "ann:disk", 0, Book().dump())
        known = due.finish(begun, '{"a": 1}')
        assert isinstance(known, Known)
        assert due.pushes() == []
        outcome = an_outcome(begun, '{"a": 1}')
        assert due.runs.finish(begun.lease, outcome, against=known) is None

    def test_a_config_that_changed_meanwhile_is_decided_on_again(
        self, due: Fleet
    ) -> None:
        begun = due.begun()
        due.configure(a_config(every=30))
        known = due.finish(begun)
        assert isinstance(known, Known)
        assert known.config == a_config(every=30)
        assert due.finish(replace(begun, known=known)) is None

    @pytest.mark.parametrize("what", ["delete", "pause", "disable"])
    def test_a_heartbeat_that_is_off_records_and_tells_nobody(
        self, due: Fleet, what: str
    ) -> None:
        begun = due.begun()
        if what == "delete":
            due.heartbeats.delete(OWNER, "disk")
        elif what == "pause":
            due.heartbeats.pause(OWNER, "disk", note=None)
        else:
            due.configure(a_config(every=60, enabled=False))
        assert due.finish(begun, '{"a": 1}') is None
        due.configure(a_config(every=60))
        assert due.fates() == ["ok"]
        assert due.pushes() == []

    def test_a_heartbeat_made_anew_hears_nothing_of_the_old_run(
        self, due: Fleet
    ) -> None:
        begun = due.begun()
        due.heartbeats.delete(OWNER, "disk")
        due.configure(a_config(every=60))
        assert due.finish(begun, '{"a": 1}') is None
        assert due.pushes() == []


class TestTheFeed:
    def test_each_entry_names_the_one_before(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=1))
        for n in range(3):
            fleet.server.pass_time(minutes=1)
            fleet.beat()
            fleet.finish(fleet.begun(), f'{{"n": {n}}}', f'{{"n": {n}.5}}')
        feed = fleet.feed()
        assert [prev for _, prev, _ in feed] == ["", *(name for name, _, _ in feed)][:6]
        assert [int(name.split("-")[1]) for name, _, _ in feed] == [1, 2, 3, 4, 5, 6]

    def test_a_feed_that_was_lost_begins_a_new_epoch(self, due: Fleet) -> None:
        due.finish(due.begun(), '{"n": 1}')
        [(before, _, _)] = due.feed()
        due.server.ask(lambda client: client.delete("{hb}:feed-head:ann"))
        due.server.pass_time(minutes=60)
        due.beat()
        due.finish(due.begun(), '{"n": 2}')
        (after, prev, _) = due.feed()[-1]
        assert int(after.split("-")[0]) > int(before.split("-")[0])
        assert prev == ""

    def test_the_newest_thousand_are_kept(self, due: Fleet) -> None:
        due.finish(due.begun(), *(f'{{"n": {n}}}' for n in range(1_005)))
        assert len(due.feed()) == 1_000

    def test_it_is_kept_for_a_week_after_its_last_entry(self, due: Fleet) -> None:
        week = 604_800
        due.finish(due.begun(), '{"n": 1}')
        for _ in range(2):
            left = due.server.ask(lambda client: client.ttl("{hb}:feed:ann"))
            assert week - 60 <= left <= week
            due.server.ask(lambda client: client.expire("{hb}:feed:ann", 1_000))
            due.server.pass_time(minutes=60)
            due.beat()
            due.finish(due.begun(), '{"n": 2}')


class TestHistory:
    def test_the_newest_run_comes_first(self, due: Fleet) -> None:
        due.run()
        due.server.pass_time(minutes=60)
        due.beat()
        due.run()
        first, second = due.history()
        assert first.slot_ms > second.slot_ms
        assert next(due.runs.history(OWNER, "disk")) == first

    def test_equal_fates_in_a_row_are_one_record(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        for _ in range(3):
            fleet.server.pass_time(minutes=240)
            fleet.beat()
            fleet.run()
        fleet.server.pass_time(minutes=240)
        fleet.beat()
        assert fleet.fates() == [
            "missed(beat_away) x3",
            *["ok", "missed(beat_away) x3"] * 3,
        ]

    def test_two_hundred_runs_are_kept(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=1))
        for _ in range(203):
            fleet.server.pass_time(minutes=1)
            fleet.beat()
            fleet.run()
        assert len(fleet.history()) == 200

    def test_a_run_that_ends_while_they_are_read_hides_none_and_doubles_none(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=1))
        for _ in range(READ_AT_ONCE + 3):
            fleet.server.pass_time(minutes=1)
            fleet.beat()
            fleet.run()
        before = fleet.history()
        reading = fleet.runs.history(OWNER, "disk")
        found = [next(reading)]
        fleet.server.pass_time(minutes=1)
        fleet.beat()
        fleet.run()
        assert [*found, *reading] == before

    def test_another_owners_is_not_found(self, due: Fleet) -> None:
        with pytest.raises(NotFound):
            due.runs.history("bob", "disk")


def test_every_step_is_counted(due: Fleet) -> None:
    begun = due.begun()
    assert isinstance(begun, Begun)
    due.finish(begun)
    counted = due.statistics.read()
    steps = ["configured", "claimed", "published", "begun", "finished", "finished_ok"]
    assert [counted[step] for step in steps] == [1] * 6
