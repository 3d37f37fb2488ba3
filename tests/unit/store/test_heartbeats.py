"""Configured heartbeats: put, get, list, delete, pause, resume."""

from collections.abc import Callable

import pytest

from beat_schedule.dispatch import followed
from heartbeat.errors import LimitReached, NotFound
from heartbeat.store import keys
from heartbeat.store.heartbeats import Change, Heartbeats
from heartbeat.store.runs import Fenced
from heartbeat.store.server import Argument
from heartbeat.store.watch import Watch
from tests.unit.store.ledger import OWNER, ClockedServer, Fleet, a_config

KEY = keys.heartbeat("ann:disk")


class TestConfigure:
    def test_it_creates_updates_and_leaves_alone(self, fleet: Fleet) -> None:
        assert fleet.configure(a_config(every=60)) == Change("created", 1)
        assert fleet.configure(a_config(every=60)) == Change("unchanged", 1)
        assert fleet.configure(a_config(every=30)) == Change("updated", 2)

    def test_a_new_cadence_holds_at_once(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.configure(a_config(every=15))
        assert fleet.due_in() == 15

    def test_a_claim_of_the_old_config_brings_no_old_slot_back(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=60)
        claims = fleet.slots.claim(most=1, queue_lengths={})
        fleet.configure(a_config(every=15))
        fleet.slots.commit(followed(claims))
        assert fleet.due_in() == 15

    def test_disabling_takes_it_off_the_schedule(self, fleet: Fleet) -> None:
        fleet.configure(a_config())
        fleet.configure(a_config(enabled=False))
        assert fleet.due_in() is None
        assert fleet.stored().state == "disabled"

    def test_an_owner_has_a_limit(self, fleet: Fleet) -> None:
        fleet.heartbeats.configure(a_config("one"), max_per_owner=1)
        with pytest.raises(LimitReached, match="at most 1"):
            fleet.heartbeats.configure(a_config("two"), max_per_owner=1)
        assert fleet.heartbeats.configure(
            a_config("one", every=5), max_per_owner=1
        ) == Change("updated", 2)

    def test_it_leaves_a_pause_alone(self, fleet: Fleet) -> None:
        fleet.configure(a_config())
        fleet.heartbeats.pause(OWNER, "disk", note="quiet")
        fleet.configure(a_config(every=5))
        assert fleet.stored().state == "paused"
        assert fleet.due_in() is None

    def test_only_the_named_version_is_replaced(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        assert fleet.heartbeats.replace(a_config(every=30), version="1")
        assert not fleet.heartbeats.replace(a_config(every=15), version="1")
        assert fleet.stored().config == a_config(every=30)


class TestPause:
    def test_nothing_is_due_until_it_is_resumed(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        assert fleet.heartbeats.pause(OWNER, "disk", note=None)
        assert not fleet.heartbeats.pause(OWNER, "disk", note=None)
        fleet.server.pass_time(minutes=190)
        assert fleet.beat() == []
        assert fleet.heartbeats.resume(OWNER, "disk")
        assert not fleet.heartbeats.resume(OWNER, "disk")
        assert fleet.due_in() == 50

    def test_the_slots_that_passed_are_recorded(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.heartbeats.pause(OWNER, "disk", note=None)
        fleet.server.pass_time(minutes=190)
        fleet.heartbeats.resume(OWNER, "disk")
        assert fleet.fates() == ["skipped(paused) x3"]

    def test_slots_that_were_due_before_it_are_not_taken_for_paused(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=250)
        fleet.heartbeats.pause(OWNER, "disk", note=None)
        fleet.server.pass_time(minutes=60)
        fleet.heartbeats.resume(OWNER, "disk")
        assert fleet.fates() == ["skipped(paused) x2", "missed(beat_away) x3"]

    def test_a_slot_that_was_claimed_already_is_recorded_once(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=60)
        fleet.slots.claim(most=1, queue_lengths={})
        fleet.heartbeats.pause(OWNER, "disk", note=None)
        fleet.server.pass_time(minutes=60)
        fleet.heartbeats.resume(OWNER, "disk")
        assert fleet.fates() == ["skipped(paused) x2"]


class TestAChangeWhileBeatIsAway:
    """Slots that were due and never claimed end as they do when beat comes back."""

    def test_the_slots_of_the_old_config_are_missed(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=250)
        fleet.configure(a_config(every=15))
        assert fleet.fates() == ["skipped(reconfigured)", "missed(beat_away) x3"]
        assert fleet.due_in() == 5

    def test_they_wait_to_be_told(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=250)
        fleet.configure(a_config(every=15))
        [noted] = Watch(fleet.server).untold()
        assert [late.count for late in noted.slots()] == [3]

    def test_a_newest_slot_too_old_to_run_is_missed_too(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=240))
        fleet.server.pass_time(minutes=2 * 240 + 61)
        fleet.configure(a_config(every=15))
        assert fleet.fates() == ["missed(beat_away) x2"]

    def test_a_slot_that_was_just_due_is_no_miss(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=60, seconds=0.01)
        fleet.configure(a_config(every=15))
        assert fleet.fates() == ["skipped(reconfigured)"]
        assert fleet.untold() == {}

    def test_nothing_is_recorded_while_beats_keep_up(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=60)
        fleet.beat()
        fleet.run()
        fleet.configure(a_config(every=15))
        assert fleet.fates() == ["ok"]

    def test_a_beat_that_died_over_a_slot_was_away_for_those_after_it(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=60)
        fleet.slots.claim(most=1, queue_lengths={})
        fleet.server.pass_time(minutes=190)
        fleet.configure(a_config(every=15))
        assert fleet.fates() == ["skipped(reconfigured)", "missed(beat_away) x3"]

    def test_a_sent_slot_past_its_time_is_missed_and_not_dropped(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=1440))
        fleet.server.pass_time(minutes=960)
        fleet.beat()
        fleet.server.pass_time(minutes=61)
        fleet.configure(a_config(every=15))
        assert fleet.fates() == ["missed(no_worker)"]

    def test_a_begun_slot_whose_worker_died_long_ago_is_lost(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=1440))
        fleet.server.pass_time(minutes=960)
        fleet.beat()
        fleet.begun()
        fleet.server.pass_time(seconds=30)
        fleet.beat()
        fleet.server.pass_time(minutes=71)
        fleet.configure(a_config(every=15))
        assert fleet.fates() == ["lost(worker_died)"]

    def test_disabling_says_what_was_missed_before(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=250)
        fleet.configure(a_config(every=60, enabled=False))
        assert fleet.fates() == ["skipped(disabled)", "missed(beat_away) x3"]

    def test_deleting_records_what_was_missed_and_tells_nobody(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=250)
        fleet.heartbeats.delete(OWNER, "disk")
        assert fleet.untold() == {}
        fleet.configure(a_config(every=60))
        assert fleet.fates() == ["skipped(deleted)", "missed(beat_away) x3"]

    def test_a_beat_that_comes_back_between_count_and_change_is_not_overruled(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=250)
        racing = Racing(fleet.server, between=fleet.beat)
        Heartbeats(racing).configure(a_config(every=15), max_per_owner=9)
        assert fleet.fates() == ["skipped(reconfigured)", "missed(beat_away) x3"]
        assert fleet.statistics.read()["missed"] == 3

    def test_a_timing_that_cannot_be_read_is_reported_and_replaced(
        self, fleet: Fleet, caplog: pytest.LogCaptureFixture
    ) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.ask(lambda client: client.hset(KEY, "timing", "{"))
        fleet.server.pass_time(minutes=250)
        fleet.configure(a_config(every=15))
        assert fleet.due_in() == 5
        assert "ann:disk: cannot count" in caplog.text


class Racing(ClockedServer):
    """A server on which something happens after the first script of a change."""

    def __init__(self, server: ClockedServer, *, between: Callable[[], object]) -> None:
        self._server, self._between = server, [between]

    def now_ms(self) -> int:
        return self._server.now_ms()

    def run(
        self, script: str, *arguments: Argument, keys: tuple[str, ...] = ()
    ) -> object:
        answer = self._server.run(script, *arguments, keys=keys)
        while self._between:
            self._between.pop()()
        return answer


class TestDelete:
    def test_it_is_gone(self, fleet: Fleet) -> None:
        fleet.configure(a_config())
        fleet.heartbeats.delete(OWNER, "disk")
        with pytest.raises(NotFound):
            fleet.stored()
        assert fleet.due_in() is None
        assert fleet.heartbeats.owned_by(OWNER) == []

    def test_a_run_that_goes_on_keeps_its_lease_to_the_end(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=60)
        fleet.beat()
        begun = fleet.begun()
        fleet.heartbeats.delete(OWNER, "disk")
        assert fleet.runs.renew(begun.lease)
        assert fleet.finish(begun) is not Fenced.FENCED


class TestOwners:
    def test_they_see_their_own_by_name(self, fleet: Fleet) -> None:
        fleet.configure(
            a_config("b", name="second"),
            a_config("a", name="third"),
            a_config("c", name="first"),
            a_config("d", owner="bob"),
        )
        names = [one.config.name for one in fleet.heartbeats.owned_by(OWNER)]
        assert names == ["first", "second", "third"]

    def test_they_see_them_by_id_from_any_one_on(
        self, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("heartbeat.store.heartbeats.READ_AT_ONCE", 2)
        fleet.configure(
            *(a_config(name) for name in ("b", "d", "a", "c", "a.b", "a-b")),
            a_config("e", owner="bob"),
        )
        ids = ["a", "a-b", "a.b", "b", "c", "d"]
        for start, first in enumerate(ids):
            found = fleet.heartbeats.owned_from(OWNER, first)
            assert [one.config.schedule_id for one in found] == ids[start:]
        from_between = fleet.heartbeats.owned_from(OWNER, "bb")
        assert [one.config.schedule_id for one in from_between] == ["c", "d"]

    @pytest.mark.parametrize("act", ["get", "delete", "resume"])
    def test_they_reach_nobody_elses(self, fleet: Fleet, act: str) -> None:
        fleet.configure(a_config(owner="bob"))
        with pytest.raises(NotFound, match="a heartbeat of yours"):
            getattr(fleet.heartbeats, act)(OWNER, "disk")
