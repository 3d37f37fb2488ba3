"""Configured heartbeats: put, get, list, delete, pause, resume."""

import pytest

from beat_schedule.dispatch import followed
from heartbeat.errors import LimitReached, NotFound
from heartbeat.store.heartbeats import Change
from heartbeat.store.runs import Fenced
from tests.unit.store.ledger import OWNER, Fleet, a_config


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

    def test_slots_that_were_due_already_are_recorded_too(self, fleet: Fleet) -> None:
        fleet.configure(a_config(every=60))
        fleet.server.pass_time(minutes=130)
        fleet.heartbeats.pause(OWNER, "disk", note=None)
        fleet.server.pass_time(minutes=60)
        fleet.heartbeats.resume(OWNER, "disk")
        assert fleet.fates() == ["skipped(paused) x3"]

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
