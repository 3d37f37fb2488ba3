"""How a schedule goes on after the clock was set back."""

from collections.abc import Sequence

import pytest

from heartbeat.cadence import Cadence
from heartbeat.config import Timing
from heartbeat.instants import to_ms
from heartbeat.planning import CatchUp, Passed
from heartbeat.set_back import GoOn, Taken, go_on
from tests.unit.heartbeat.troubles import HOUR, IN_GAPS_ONLY, NOON


def hourly() -> Cadence:
    return Timing(
        heartbeat_id="ann:disk",
        interval_ms=to_ms(NOON + HOUR) - to_ms(NOON),
        timezone="UTC",
        align="clock",
    ).cadence()


def taken(first: int, last: int | None = None, *, is_claimed: bool = True) -> Taken:
    """Return slots by their hours from noon."""
    return Taken(
        first_ms=to_ms(NOON + first * HOUR),
        last_ms=to_ms(NOON + (first if last is None else last) * HOUR),
        is_claimed=is_claimed,
    )


def decided(*known: Taken, after_noon: float) -> GoOn:
    return go_on(hourly(), known, now=NOON + after_noon * HOUR)


def hours(ahead: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    hour = to_ms(NOON + HOUR) - to_ms(NOON)
    return [
        ((first - to_ms(NOON)) / hour, (last - to_ms(NOON)) / hour)
        for first, last in ahead
    ]


JUMP = (taken(0), taken(1, 23, is_claimed=False), taken(24), taken(25))


def test_it_goes_on_after_the_last_slot_that_is_not_ahead() -> None:
    onward = decided(*JUMP, after_noon=0.5)
    assert onward.step == CatchUp(slot=NOON + HOUR, missed=None)
    assert onward.last_ms == to_ms(NOON)


def test_what_was_claimed_ahead_is_to_be_passed_over() -> None:
    assert hours(decided(*JUMP, after_noon=0.5).ahead) == [(24, 24), (25, 25)]


def test_what_has_passed_meanwhile_is_caught_up_with() -> None:
    onward = decided(*JUMP, after_noon=3.5)
    missed = Passed(count=2, first=NOON + HOUR, last=NOON + 2 * HOUR)
    assert onward.step == CatchUp(slot=NOON + 3 * HOUR, missed=missed)


def test_slots_that_share_a_record_are_passed_over_together() -> None:
    assert hours(decided(taken(20, 22), after_noon=0).ahead) == [(20, 22)]


@pytest.mark.parametrize("known", [(), (taken(24),)], ids=["nothing", "ahead only"])
def test_without_a_slot_behind_it_goes_on_from_now(known: tuple[Taken, ...]) -> None:
    onward = decided(*known, after_noon=0.5)
    assert onward.step == CatchUp(slot=NOON + HOUR, missed=None)
    assert onward.last_ms == to_ms(NOON + 0.5 * HOUR)


def test_a_schedule_without_another_slot_has_none() -> None:
    assert go_on(IN_GAPS_ONLY, (), now=NOON).step == CatchUp(slot=None, missed=None)
