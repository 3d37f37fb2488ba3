import threading
from dataclasses import dataclass, field

import pytest

from beat_schedule.dispatch import BATCH, Pass
from beat_schedule.lanes import PASSES, Lanes
from heartbeat.errors import StoreUnavailable


@dataclass
class ScriptedLane:
    """A lane whose passes take as much as it is told, and then nothing."""

    takes: list[int] = field(default_factory=list)
    error: Exception | None = None
    passes: int = 0

    def run_pass(self) -> Pass:
        self.passes += 1
        if self.error is not None:
            raise self.error
        taken = self.takes.pop(0) if self.takes else 0
        return Pass(taken=taken, sent=taken)


def test_one_lane_is_enough_for_less_than_a_batch() -> None:
    first, second = ScriptedLane([BATCH - 1]), ScriptedLane()
    assert not Lanes([first, second]).run()
    assert (first.passes, second.passes) == (1, 0)


def test_every_lane_works_while_full_batches_come() -> None:
    first, second = ScriptedLane([BATCH] * 3), ScriptedLane([BATCH] * 2)
    assert Lanes([first, second]).run()
    assert (first.passes, second.passes) == (4, 3)


def test_a_flood_does_not_keep_beat_from_looking_up() -> None:
    lanes = [ScriptedLane([BATCH] * 100), ScriptedLane([BATCH] * 100)]
    assert Lanes(lanes).run()
    assert [lane.passes for lane in lanes] == [PASSES + 1, PASSES]


def test_a_failure_in_any_lane_is_told() -> None:
    away = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        Lanes([ScriptedLane([BATCH]), ScriptedLane(error=away)]).run()


@dataclass
class SlowLane:
    """A lane whose one pass waits until it may end."""

    is_inside: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)

    def run_pass(self) -> Pass:
        self.is_inside.set()
        self.may_end.wait(timeout=10)
        self.is_inside.clear()
        return Pass(taken=0, sent=0)


@dataclass
class FailingLane:
    """A lane that fails while its neighbour works, which ends a little later."""

    neighbour: SlowLane

    def run_pass(self) -> Pass:
        assert self.neighbour.is_inside.wait(timeout=10)
        threading.Timer(0.1, self.neighbour.may_end.set).start()
        raise StoreUnavailable("away")


def test_a_failure_is_raised_only_when_no_lane_works_any_more() -> None:
    slow = SlowLane()
    with pytest.raises(StoreUnavailable):
        Lanes([ScriptedLane([BATCH]), FailingLane(slow), slow]).run()
    assert not slow.is_inside.is_set()


def test_a_single_lane_works_alone() -> None:
    assert Lanes([ScriptedLane([BATCH])]).run()
