"""Schedules and stretches of time that the properties about time are drawn from.

`TIME_EXAMPLES=1000` draws so many examples for each property.
"""

import os
from datetime import date, timedelta

from hypothesis import Phase, settings
from hypothesis import strategies as st

from tests.unit.heartbeat.reference_time import (
    DAY,
    DAY_MINUTES,
    FIRST_YEAR,
    LAST_YEAR,
    MINUTE_MS,
    Daypart,
    Stretch,
    instant_of,
    is_day_of_cron,
    moves,
)

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # by half an hour
    "Africa/Casablanca",  # in Ramadan: an hour back
    "Asia/Kolkata",  # never
    "Pacific/Apia",  # and 30 December 2011 does not exist
    "Asia/Beirut",  # midnight does not exist, 24:00 is 23:00
    "America/Nuuk",  # the gap ends at midnight
    "Antarctica/Troll",  # by two hours
)
#: Every time that a clock moves in these years: zone, and the minute since 1970.
MOVES = [
    (zone, move)
    for zone in ZONES
    for move in moves(zone)
    if FIRST_YEAR <= instant_of(move * MINUTE_MS).year <= LAST_YEAR
]

EVERY_DAY = frozenset(range(1, 8))


Dayparts = tuple[Daypart, ...]


def examples(few: int) -> settings:
    """Draw as many examples as the whole suite has time for, or as are asked for."""
    count = int(os.environ.get("TIME_EXAMPLES", few))
    # Explaining traces every line, which takes minutes where an example is a year.
    phases = set(Phase) - {Phase.explain}
    return settings(max_examples=count, deadline=None, phases=phases)


def around(zone: str, move: int) -> Stretch:
    """Return the days around a move, as the zone counts them."""
    return Stretch(zone, instant_of(move * MINUTE_MS).date() - DAY, 3)


days_of_these_years = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR - 1, 12, 31))
zones = st.sampled_from(ZONES)

#: A few days: two times in three those of a move, else any.
few_days = (
    st.sampled_from(MOVES).map(lambda move: around(*move))
    | st.sampled_from(MOVES).map(lambda move: around(*move))
    | st.builds(Stretch, zones, days_of_these_years, st.just(3))
)
#: A year and more.
a_year = st.builds(Stretch, zones, days_of_these_years, st.integers(367, 400))

#: Where in a stretch to ask, in millionths.
shares = st.lists(st.integers(0, 10**6), min_size=3, max_size=3)

heartbeat_ids = st.text("abc123", min_size=1, max_size=8)
minutes_of_day = st.integers(0, 95).map(lambda quarter: quarter * 15) | st.integers(
    0, DAY_MINUTES - 1
)


def intervals_ms(shortest: timedelta, longest: timedelta) -> st.SearchStrategy[int]:
    """Draw whole minutes, and any milliseconds."""
    least, most = shortest // timedelta(minutes=1), longest // timedelta(minutes=1)
    return st.integers(least, most).map(lambda minutes: minutes * MINUTE_MS) | (
        st.integers(least * MINUTE_MS, most * MINUTE_MS)
    )


def dayparts(intervals: st.SearchStrategy[int | None]) -> st.SearchStrategy[Dayparts]:
    """Draw windows that do not overlap, perhaps overnight."""
    return _by_time_of_day(intervals) | _by_time_of_week(intervals)


@st.composite
def _by_time_of_day(
    draw: st.DrawFn, intervals: st.SearchStrategy[int | None]
) -> Dayparts:
    """Draw windows, each for some days of the week."""
    cuts = sorted(draw(st.sets(minutes_of_day, min_size=2, max_size=5)))
    pairs = list(zip(cuts, [*cuts[1:], cuts[0] + DAY_MINUTES], strict=True))
    kept = draw(st.sets(st.sampled_from(pairs), min_size=1))
    days = st.just(EVERY_DAY) | st.frozensets(st.integers(1, 7), min_size=1)
    return tuple(Daypart(*pair, draw(days), draw(intervals)) for pair in sorted(kept))


@st.composite
def _by_time_of_week(
    draw: st.DrawFn, intervals: st.SearchStrategy[int | None]
) -> Dayparts:
    """Draw windows of one day each, other ones on every day."""
    opens = st.tuples(st.integers(0, 6), minutes_of_day)
    cuts = sorted(
        day * DAY_MINUTES + minute
        for day, minute in draw(st.sets(opens, min_size=3, max_size=9))
    )
    found = []
    for cut, following in zip(
        cuts, [*cuts[1:], cuts[0] + 7 * DAY_MINUTES], strict=True
    ):
        day, start = divmod(cut, DAY_MINUTES)
        length = min(following - cut, draw(st.integers(1, DAY_MINUTES - 1)))
        found.append(
            Daypart(start, start + length, frozenset({day + 1}), draw(intervals))
        )
    return tuple(found)


def crons(
    minutes: st.SearchStrategy[str], hours: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    """Draw expressions that some day of a leap year matches."""
    days = STAR | STAR | any_field(1, 31)
    months = STAR | STAR | any_field(1, 12)
    weekdays = STAR | STAR | any_field(0, 7)
    fields = st.tuples(minutes, hours, days, months, weekdays)
    leap_year = [date(2028, 1, 1) + n * DAY for n in range(366)]
    return fields.map(" ".join).filter(
        lambda cron: any(is_day_of_cron(cron, day) for day in leap_year)
    )


STAR = st.just("*")


def any_field(low: int, high: int) -> st.SearchStrategy[str]:
    """Draw a cron field of any form."""
    steps = st.integers(2, high).map(lambda step: f"*/{step}")
    return STAR | steps | numbers(low, high, most=4) | ranges(low, high)


def numbers(low: int, high: int, *, most: int) -> st.SearchStrategy[str]:
    """Draw values of a cron field with commas between them."""
    values = st.lists(st.integers(low, high), min_size=1, max_size=most)
    return values.map(lambda some: ",".join(map(str, some)))


@st.composite
def ranges(draw: st.DrawFn, low: int, high: int) -> str:
    """Draw one or two ranges of a cron field, with and without steps.

    None is of a single value: with a step, cronsim reads it as one without an end.
    """
    terms = []
    for _ in range(draw(st.integers(1, 2))):
        first = draw(st.integers(low, high - 1))
        last = draw(st.none() | st.integers(first + 1, high))
        step = draw(st.none() | st.integers(1, high))
        term = str(first) if last is None else f"{first}-{last}"
        terms.append(term if step is None else f"{term}/{step}")
    return ",".join(terms)


#: As dense as a cron can be; and a few times a day, for whole years.
dense_crons = crons(any_field(0, 59), any_field(0, 23))
coarse_crons = crons(
    numbers(0, 59, most=2) | st.just("*/30"), numbers(0, 23, most=3) | ranges(0, 23)
)
