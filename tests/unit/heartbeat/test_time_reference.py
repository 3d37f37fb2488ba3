"""Hours and cadence against a minute-by-minute reference over edges of many zones."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

from hypothesis import example, given, settings
from hypothesis import strategies as st

from heartbeat.cadence import Cadence
from heartbeat.hours import ActiveHours, Window
from tests.unit.heartbeat.reference_time import (
    MINUTE,
    Edge,
    fires_of_day,
    first_at_or_past,
    spans_of_day,
)

MILLISECOND = timedelta(milliseconds=1)

EDGES = [
    Edge(zone, datetime.fromisoformat(at).replace(tzinfo=UTC))
    for zone, at in [
        ("America/New_York", "2026-03-08T07:00"),  # 02:00 -> 03:00
        ("America/New_York", "2026-11-01T06:00"),  # 02:00 -> 01:00
        ("Europe/Berlin", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-10-25T01:00"),
        ("Australia/Lord_Howe", "2026-10-03T15:30"),  # 02:00 -> 02:30
        ("Australia/Lord_Howe", "2027-04-03T15:00"),  # 02:00 -> 01:30
        ("Africa/Casablanca", "2026-02-15T02:00"),  # Ramadan begins: an hour back
        ("Africa/Casablanca", "2026-03-22T02:00"),
        ("Asia/Kolkata", "2026-03-29T01:00"),  # clocks do not move
        ("Pacific/Apia", "2011-12-30T10:00"),  # 30 December does not exist
        ("Asia/Beirut", "2026-03-28T22:00"),  # midnight does not exist
        ("Asia/Beirut", "2026-10-24T21:00"),  # 24:00 -> 23:00
        ("America/Nuuk", "2026-03-29T01:00"),  # the gap ends at midnight
        ("Antarctica/Troll", "2026-10-25T01:00"),  # two hours back
    ]
]

edges = st.sampled_from(EDGES)
#: Instants around the edge, on whole minutes and just off them.
offsets = st.timedeltas(timedelta(hours=-30), timedelta(hours=30)).map(
    lambda offset: timedelta(milliseconds=offset // MILLISECOND)
) | st.integers(-1800, 1800).map(lambda minutes: minutes * MINUTE)

CRON_MINUTES = {
    "0": {0},
    "5,35": {5, 35},
    "*/20": {0, 20, 40},
    "*/15": {0, 15, 30, 45},
    "30-59/29": {30, 59},
}
CRON_HOURS = {
    "*": set(range(24)),
    "0": {0},
    "1,2": {1, 2},
    "2": {2},
    "0,23": {0, 23},
    "3": {3},
    "9-17": set(range(9, 18)),
    "*/6": {0, 6, 12, 18},
}


@st.composite
def window_lists(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Draw windows of every day that do not overlap, in minutes, perhaps overnight."""
    quarters = st.integers(0, 95).map(lambda quarter: quarter * 15)
    cuts = sorted(draw(st.sets(quarters, min_size=2, max_size=5)))
    pairs = list(zip(cuts, [*cuts[1:], cuts[0] + 1440], strict=True))
    kept = draw(st.sets(st.sampled_from(pairs), min_size=1))
    return sorted(kept)


def as_hours(
    zone: str, windows: list[tuple[int, int]], intervals: Sequence[int | None] = ()
) -> ActiveHours:
    """Build hours; each window has the interval (in minutes) at its place, if any."""

    def text(minutes: int) -> str:
        return f"{minutes // 60 % 24:02}:{minutes % 60:02}"

    return ActiveHours(
        windows=tuple(
            Window(
                start=text(opens),
                end=text(closes),
                interval=None if minutes is None else minutes * MINUTE,
            )
            for (opens, closes), minutes in zip_longest(windows, intervals)
        ),
        timezone=zone,
    )


@given(edges, window_lists(), offsets)
@settings(max_examples=40, deadline=None)
def test_spans_are_those_of_the_clock_on_the_wall(
    edge: Edge, windows: list[tuple[int, int]], offset: timedelta
) -> None:
    hours = as_hours(edge.zone, windows)
    expected = [span for day in edge.days for span in spans_of_day(edge, day, windows)]
    start = first_at_or_past(edge, edge.first_day, 0)
    found = [
        (span.opens, span.closes)
        for span, _ in zip(hours.spans(start), range(len(expected) + 2), strict=False)
        if span.opens >= start
    ]
    assert found[: len(expected)] == expected
    at = edge.at + offset
    if start + timedelta(days=1) <= at < expected[-1][1]:
        assert hours.is_open(at) == any(a <= at < b for a, b in expected)


@st.composite
def dayparts(
    draw: st.DrawFn,
) -> tuple[list[tuple[int, int]], list[int | None]]:
    """Draw windows, and for each one an interval of its own or none."""
    windows = draw(window_lists())
    own = st.none() | st.integers(1, 24 * 60)
    return windows, [draw(own) for _ in windows]


@given(edges, dayparts(), st.integers(1, 24 * 60), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_span_has_slots_at_the_interval_from_its_first(
    edge: Edge,
    parts: tuple[list[tuple[int, int]], list[int | None]],
    general: int,
    align_clock: bool,
) -> None:
    windows, own = parts
    cadence = Cadence.every(
        general * MINUTE,
        heartbeat_id=f"hb-{general}",
        align_clock=align_clock,
        hours=as_hours(edge.zone, windows, own),
    )
    expected = [
        (opens, closes, minutes or general)
        for day in edge.days
        for window, minutes in zip(windows, own, strict=True)
        for opens, closes in spans_of_day(edge, day, [window])
    ]
    total = 0
    for opens, closes, minutes in expected:
        first = cadence.next_slot(opens - MILLISECOND)
        assert first is not None
        assert first == opens if align_clock else opens <= first < closes
        count = -((first - closes) // (minutes * MINUTE))
        total += count
        last = first + (count - 1) * minutes * MINUTE
        assert cadence.count_slots(opens, closes - MILLISECOND) == count
        assert cadence.last_slot(closes - MILLISECOND, not_before=opens) == last
        following = cadence.next_slot(last)
        assert following is not None
        assert following >= closes
    opens, closes = expected[0][0], expected[-1][1]
    assert cadence.count_slots(opens, closes - MILLISECOND) == total


@given(
    edges,
    st.sampled_from(sorted(CRON_MINUTES)),
    st.sampled_from(sorted(CRON_HOURS)),
    offsets,
)
@settings(max_examples=80, deadline=None)
def test_cron_fires_as_the_clock_on_the_wall_says(
    edge: Edge, minute: str, hour: str, offset: timedelta
) -> None:
    cadence = Cadence.cron(f"{minute} {hour} * * *", timezone=edge.zone, hours=None)
    is_fixed = not minute.startswith("*") and not hour.startswith("*")
    expected = sorted(
        set().union(
            *(
                fires_of_day(
                    edge, day, CRON_HOURS[hour], CRON_MINUTES[minute], is_fixed
                )
                for day in edge.days
            )
        )
    )
    first, last, at = expected[0], expected[-1], edge.at + offset
    assert cadence.count_slots(first, last) == len(expected)
    if first <= at < last:
        assert cadence.next_slot(at) == next(fire for fire in expected if fire > at)
        assert cadence.last_slot(at, not_before=first) == max(
            fire for fire in expected if fire <= at
        )
        assert cadence.count_slots(first, at) == sum(fire <= at for fire in expected)


@given(edges, st.sampled_from(sorted(CRON_HOURS)), window_lists(), offsets)
@example(EDGES[9], "1,2", [(0, 15)], timedelta(days=-1))
@settings(max_examples=40, deadline=None)
def test_a_cron_is_filtered_by_the_hours(
    edge: Edge, hour: str, windows: list[tuple[int, int]], offset: timedelta
) -> None:
    hours = as_hours(edge.zone, windows)
    plain = Cadence.cron(f"*/15 {hour} * * *", timezone=edge.zone, hours=None)
    filtered = Cadence.cron(f"*/15 {hour} * * *", timezone=edge.zone, hours=hours)
    start = edge.at + offset
    end = start + timedelta(hours=30)
    expected, slot = [], plain.next_slot(start)
    while slot is not None and slot <= end:
        if hours.is_open(slot):
            expected.append(slot)
        slot = plain.next_slot(slot)
    assert filtered.count_slots(start + MILLISECOND, end) == len(expected)
    if expected:
        assert filtered.next_slot(start) == expected[0]
        assert filtered.last_slot(end, not_before=start) == expected[-1]
