"""The slots that pass while a heartbeat is disabled are recorded, each of them once."""

import fakeredis
import pytest

from heartbeat.store import keys
from heartbeat.store.server import Argument
from tests.unit.store.ledger import OWNER, START_MS, ClockedServer, Fleet, a_config

HOUR_MS = 3_600_000


def configure(fleet: Fleet, *, enabled: bool, every: float = 60) -> None:
    fleet.configure(a_config(every=every, enabled=enabled))


def pass_time(fleet: Fleet, *, hours: float) -> None:
    fleet.server.pass_time(minutes=60 * hours)
    fleet.beat()


@pytest.fixture
def off(fleet: Fleet) -> Fleet:
    """A fleet whose one heartbeat was disabled at half past eight."""
    configure(fleet, enabled=True)
    pass_time(fleet, hours=0.5)
    configure(fleet, enabled=False)
    return fleet


class TestEnabling:
    def test_the_slots_that_passed_are_one_record(self, off: Fleet) -> None:
        pass_time(off, hours=3)
        assert off.fates() == []
        configure(off, enabled=True)
        [record] = off.history()
        assert off.fates() == ["skipped(disabled) x3"]
        assert record.from_ms == START_MS + HOUR_MS
        assert record.to_ms == START_MS + 3 * HOUR_MS
        assert off.untold() == {}

    def test_the_next_slot_is_run_as_usual(self, off: Fleet) -> None:
        pass_time(off, hours=1)
        configure(off, enabled=True)
        pass_time(off, hours=1)
        off.run()
        assert off.fates() == ["ok", "skipped(disabled)"]

    def test_nothing_is_recorded_where_no_slot_passed(self, off: Fleet) -> None:
        pass_time(off, hours=0.25)
        configure(off, enabled=True)
        assert off.fates() == []

    def test_a_slot_is_counted_that_is_due_at_that_moment(self, off: Fleet) -> None:
        pass_time(off, hours=0.5)
        configure(off, enabled=True)
        assert off.fates() == ["skipped(disabled)"]
        assert off.due_in() == 60

    def test_one_that_was_created_so_has_them_from_then_on(self, fleet: Fleet) -> None:
        configure(fleet, enabled=False)
        pass_time(fleet, hours=2)
        configure(fleet, enabled=True)
        assert fleet.fates() == ["skipped(disabled) x2"]

    def test_a_slot_that_was_dropped_by_disabling_is_not_counted_again(
        self, fleet: Fleet
    ) -> None:
        configure(fleet, enabled=True)
        pass_time(fleet, hours=1)
        configure(fleet, enabled=False)
        pass_time(fleet, hours=2)
        configure(fleet, enabled=True)
        assert fleet.fates() == ["skipped(disabled) x3"]

    def test_they_are_those_of_the_timing_that_held(self, off: Fleet) -> None:
        pass_time(off, hours=3)
        configure(off, enabled=True, every=10)
        assert off.fates() == ["skipped(disabled) x3"]


def test_another_timing_meanwhile_holds_from_then_on(off: Fleet) -> None:
    pass_time(off, hours=3)
    configure(off, enabled=False, every=30)
    assert off.fates() == ["skipped(disabled) x3"]
    pass_time(off, hours=1)
    configure(off, enabled=True, every=30)
    assert off.fates() == ["skipped(disabled) x5"]


def test_deleting_records_them(off: Fleet) -> None:
    pass_time(off, hours=2)
    off.heartbeats.delete(OWNER, "disk")
    records = off.server.ask(lambda client: client.lrange(keys.runs("ann:disk"), 0, -1))
    [record] = records
    assert '"disabled"' in record


def test_a_timing_that_cannot_be_read_keeps_nobody_from_enabling(off: Fleet) -> None:
    key = keys.heartbeat("ann:disk")
    off.server.ask(lambda client: client.hset(key, "timing", "{"))
    pass_time(off, hours=2)
    configure(off, enabled=True)
    assert off.fates() == []
    assert off.due_in() == 30


class TestTogetherWithAPause:
    """A pause outranks being disabled, as in what is shown of a heartbeat."""

    def test_what_passed_before_the_pause_was_disabled(self, off: Fleet) -> None:
        pass_time(off, hours=2)
        off.heartbeats.pause(OWNER, "disk", note=None)
        assert off.fates() == ["skipped(disabled) x2"]

    def test_what_passes_in_it_is_paused_and_then_disabled_again(
        self, off: Fleet
    ) -> None:
        off.heartbeats.pause(OWNER, "disk", note=None)
        pass_time(off, hours=2)
        off.heartbeats.resume(OWNER, "disk")
        assert off.due_in() is None
        pass_time(off, hours=3)
        configure(off, enabled=True)
        assert off.fates() == ["skipped(disabled) x3", "skipped(paused) x2"]

    def test_enabling_in_it_records_nothing(self, off: Fleet) -> None:
        off.heartbeats.pause(OWNER, "disk", note=None)
        pass_time(off, hours=2)
        configure(off, enabled=True)
        pass_time(off, hours=1)
        off.heartbeats.resume(OWNER, "disk")
        assert off.fates() == ["skipped(paused) x3"]

    def test_disabling_in_it_counts_from_its_end(self, fleet: Fleet) -> None:
        configure(fleet, enabled=True)
        fleet.heartbeats.pause(OWNER, "disk", note=None)
        pass_time(fleet, hours=1)
        configure(fleet, enabled=False)
        pass_time(fleet, hours=1)
        fleet.heartbeats.resume(OWNER, "disk")
        pass_time(fleet, hours=3)
        configure(fleet, enabled=True)
        assert fleet.fates() == ["skipped(disabled) x3", "skipped(paused) x2"]


class SlowServer(ClockedServer):
    """A server on which an hour passes around one call of a script."""

    late_before = ""
    late_after = ""

    def run(
        self, script: str, *arguments: Argument, keys: tuple[str, ...] = ()
    ) -> object:
        if script == self.late_before:
            self.late_before = ""
            self.pass_time(minutes=60)
        answer = super().run(script, *arguments, keys=keys)
        if script == self.late_after:
            self.late_after = ""
            self.pass_time(minutes=60)
        return answer


@pytest.fixture
def slow() -> SlowServer:
    return SlowServer(fakeredis.FakeRedis(decode_responses=True))


def test_a_slot_that_passes_between_count_and_change_is_counted_too(
    slow: SlowServer,
) -> None:
    fleet = Fleet(slow)
    configure(fleet, enabled=False)
    pass_time(fleet, hours=2)
    slow.late_after = "pause"
    fleet.heartbeats.pause(OWNER, "disk", note=None)
    assert fleet.fates() == ["skipped(disabled) x3"]


def test_a_slot_that_comes_while_it_is_enabled_is_run_and_not_counted(
    slow: SlowServer,
) -> None:
    fleet = Fleet(slow)
    configure(fleet, enabled=False)
    pass_time(fleet, hours=2)
    slow.late_before = "configure"
    configure(fleet, enabled=True)
    fleet.beat()
    fleet.run()
    assert fleet.fates() == ["ok", "skipped(disabled) x2"]
