"""Hours and cadence against a minute-by-minute reference, over edges and over years."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heartbeat.cadence import MAX_COUNT, Cadence
from heartbeat.hours import ActiveHours, Window
from tests.unit.heartbeat import reference_time
from tests.unit.heartbeat.drawn_schedules import (
    EVERY_DAY,
    MOVES,
    ZONES,
    Dayparts,
    a_year,
    around,
    coarse_crons,
    dayparts,
    dense_crons,
    examples,
    few_days,
    heartbeat_ids,
    intervals_ms,
    shares,
)
from tests.unit.heartbeat.reference_time import (
    MINUTE_MS,
    Daypart,
    Stretch,
    cron_slots,
    instant_of,
    interval_slots,
    seed_of,
    spans,
    window_slots,
)

#: A failure is made as small as it gets for up to five minutes.
pytestmark = pytest.mark.timeout(1800)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NO_INTERVALS = st.none()


def as_hours(zone: str, parts: Dayparts) -> ActiveHours:
    def text(minutes: int) -> str:
        return f"{minutes // 60 % 24:02}:{minutes % 60:02}"

    def interval(part: Daypart) -> timedelta | None:
        ms = part.interval_ms
        return None if ms is None else timedelta(milliseconds=ms)

    windows = (
        Window(
            start=text(part.opens),
            end=text(part.closes),
            days=part.days,
            interval=interval(part),
        )
        for part in parts
    )
    return ActiveHours(windows=tuple(windows), timezone=zone)


def every(
    interval_ms: int,
    heartbeat_id: str,
    *,
    align_clock: bool,
    hours: ActiveHours | None = None,
) -> Cadence:
    return Cadence.every(
        timedelta(milliseconds=interval_ms),
        heartbeat_id=heartbeat_id,
        align_clock=align_clock,
        hours=hours,
    )


def seed(heartbeat_id: str, *, align_clock: bool) -> int:
    return 0 if align_clock else seed_of(heartbeat_id)


def cron(expression: str, zone: str, parts: Dayparts = ()) -> Cadence:
    hours = as_hours(zone, parts) if parts else None
    return Cadence.cron(expression, timezone=zone, hours=hours)


def assert_slots(
    cadence: Cadence, stretch: Stretch, expected: list[int], shares: Iterable[int]
) -> None:
    """Compare all slots of a stretch, and what is said at some instants in it."""
    first, last = stretch.first, stretch.last
    differing = sorted(set(walked(cadence, first, last)) ^ set(expected))
    assert [instant_of(ms) for ms in differing[:5]] == []
    assert count(cadence, first, last) == min(MAX_COUNT, len(expected))
    for share in shares:
        near = first + (last - first) * share // 10**6
        assert_said_at(cadence, near, first, expected)
        # Where it matters most: on a slot, and just before and after it.
        for slot in expected[bisect_left(expected, near) :][:1]:
            for at in (slot - 1, slot, slot + 1):
                assert_said_at(cadence, at, first, expected)


def assert_said_at(cadence: Cadence, at: int, first: int, expected: list[int]) -> None:
    """Compare the slots before and after an instant with those from `first` on."""
    passed = bisect_right(expected, at)
    # What follows the last one may be years away, and is beyond the stretch anyway.
    if passed < len(expected):
        assert cadence.next_slot(instant_of(at)) == instant_of(expected[passed])
    newest = cadence.last_slot(instant_of(at), not_before=instant_of(first))
    assert newest == (instant_of(expected[passed - 1]) if passed else None)
    assert count(cadence, first, at) == min(MAX_COUNT, passed)
    if passed:
        after = instant_of(expected[passed - 1] + 1)
        assert cadence.last_slot(instant_of(at), not_before=after) is None


def walked(cadence: Cadence, first: int, last: int) -> list[int]:
    """Return the slots that follow one another."""
    found, slot = [], cadence.next_slot(instant_of(first - 1))
    while slot is not None and slot <= instant_of(last):
        found.append((slot - instant_of(0)) // timedelta(milliseconds=1))
        following = cadence.next_slot(slot)
        assert following is None or following > slot
        slot = following
    return found


def count(cadence: Cadence, first: int, last: int) -> int:
    return cadence.count_slots(instant_of(first), instant_of(last))


@given(few_days, dayparts(NO_INTERVALS), shares)
@examples(60)
def test_spans_are_those_of_the_clock_on_the_wall(
    stretch: Stretch, parts: Dayparts, shares: list[int]
) -> None:
    hours = as_hours(stretch.zone, parts)
    first, last = instant_of(stretch.first), instant_of(stretch.last)
    expected = [
        (instant_of(opens * MINUTE_MS), instant_of(closes * MINUTE_MS))
        for opens, closes, _ in spans(stretch, parts)
        if closes * MINUTE_MS > stretch.first and opens * MINUTE_MS <= stretch.last
    ]
    found = [(span.opens, span.closes) for span in hours.spans_within(first, last)]
    assert found == expected
    for share in shares:
        at = first + (last - first) * share / 10**6
        assert hours.is_open(at) == any(a <= at < b for a, b in expected)


@given(
    few_days | a_year,
    intervals_ms(4 * HOUR, 100 * HOUR),
    heartbeat_ids,
    st.booleans(),
    shares,
)
@examples(20)
def test_an_interval_is_true_whatever_clocks_do(
    stretch: Stretch, interval: int, name: str, align_clock: bool, shares: list[int]
) -> None:
    expected = interval_slots(stretch, interval, seed(name, align_clock=align_clock))
    cadence = every(interval, name, align_clock=align_clock)
    assert_slots(cadence, stretch, expected, shares)


def assert_slots_in_hours(
    stretch: Stretch,
    parts: Dayparts,
    general: int,
    name: str,
    align_clock: bool,
    shares: list[int],
) -> None:
    ahead = seed(name, align_clock=align_clock)
    hours = as_hours(stretch.zone, parts)
    cadence = every(general, name, align_clock=align_clock, hours=hours)
    expected = window_slots(stretch, parts, general, ahead)
    assert_slots(cadence, stretch, expected, shares)


dense_intervals = intervals_ms(2 * MINUTE, 24 * HOUR)
coarse_intervals = intervals_ms(2 * HOUR, 24 * HOUR)


@given(
    few_days,
    dayparts(NO_INTERVALS | dense_intervals),
    dense_intervals,
    heartbeat_ids,
    st.booleans(),
    shares,
)
@examples(60)
def test_every_span_has_slots_at_the_interval_from_its_phase(
    stretch: Stretch,
    parts: Dayparts,
    general: int,
    name: str,
    align_clock: bool,
    shares: list[int],
) -> None:
    assert_slots_in_hours(stretch, parts, general, name, align_clock, shares)


@given(
    a_year,
    dayparts(NO_INTERVALS | coarse_intervals),
    coarse_intervals,
    heartbeat_ids,
    st.booleans(),
    shares,
)
@examples(10)
def test_windows_have_their_slots_all_year(
    stretch: Stretch,
    parts: Dayparts,
    general: int,
    name: str,
    align_clock: bool,
    shares: list[int],
) -> None:
    assert_slots_in_hours(stretch, parts, general, name, align_clock, shares)


@given(few_days, dense_crons, st.just(()) | dayparts(NO_INTERVALS), shares)
@example(Stretch("Pacific/Apia", date(2011, 12, 28), 4), "*/15 1,2 * * *", (), [0])
@examples(60)
def test_a_cron_fires_as_the_clock_on_the_wall_says(
    stretch: Stretch, expression: str, parts: Dayparts, shares: list[int]
) -> None:
    cadence = cron(expression, stretch.zone, parts)
    assert_slots(cadence, stretch, cron_slots(stretch, expression, parts), shares)


@given(a_year, coarse_crons, st.just(()) | dayparts(NO_INTERVALS), shares)
@examples(15)
def test_a_cron_fires_all_year(
    stretch: Stretch, expression: str, parts: Dayparts, shares: list[int]
) -> None:
    cadence = cron(expression, stretch.zone, parts)
    assert_slots(cadence, stretch, cron_slots(stretch, expression, parts), shares)


#: Quarters of an hour and whole ones, one over midnight, where clocks move.
NIGHT = tuple(
    Daypart(opens, closes, EVERY_DAY)
    for opens, closes in [
        *[
            (30, 45),
            (45, 60),
            (60, 120),
            (120, 135),
            (135, 150),
            (150, 180),
            (180, 240),
        ],
        *[(22 * 60, 23 * 60), (23 * 60, 24 * 60 + 30)],
    ]
)
#: One that clocks move in and that is shorter or longer then.
ALL_NIGHT = (Daypart(21 * 60 + 30, 28 * 60 + 30, EVERY_DAY),)


@pytest.mark.parametrize("zone", ZONES)
def test_every_move_of_these_years(zone: str) -> None:
    for move in (move for name, move in MOVES if name == zone):
        stretch, name = around(zone, move), f"hb-{move}"
        for expression in ("0,15,30,45 0-3,23 * * *", "*/15 0-3,23 * * *"):
            expected = cron_slots(stretch, expression)
            assert_slots(cron(expression, zone), stretch, expected, [])
        assert_slots_in_hours(stretch, NIGHT, 8 * MINUTE_MS, name, False, [])
        assert_slots_in_hours(stretch, ALL_NIGHT, 24 * 60 * MINUTE_MS, name, False, [])


def test_the_reference_stands_by_itself() -> None:
    text = Path(reference_time.__file__).read_text()
    assert not re.search(r"^(from|import) (heartbeat|cronsim)", text, re.MULTILINE)


def test_the_moves_are_those_of_the_zones() -> None:
    counts = {zone: sum(name == zone for name, _ in MOVES) for zone in ZONES}
    assert counts["America/New_York"] == 2 * 21
    assert counts["Asia/Kolkata"] == 0
    assert counts["Africa/Casablanca"] > 2 * 21
    days = {instant_of(at * MINUTE_MS).date() for zone, at in MOVES if "Apia" in zone}
    assert {date(2011, 12, 30), date(2020, 4, 4), date(2020, 9, 26)} <= days
