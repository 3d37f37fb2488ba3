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


def test_a_single_lane_works_alone() -> None:
    assert Lanes([ScriptedLane([BATCH])]).run()
