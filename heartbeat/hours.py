"""Active hours: the windows of a week, in a time zone, when a heartbeat may run.

A window may have an interval of its own, which makes the windows dayparts.

A window [start, end) over midnight belongs to the day it starts on. Its span on one
day runs from the first instant at or past `start` to the first at or past `end`: a
start in a DST gap is the gap's end, and a window inside a gap does not exist that day.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

from heartbeat.errors import InvalidSchedule
from heartbeat.instants import from_ms
from heartbeat.intervals import check_interval_with_hours, parse_interval_minutes
from heartbeat.zones import first_instant_ms
from heartbeat.zones import parse_zone as parse_zone  # part of what hours offer

EVERY_DAY = frozenset(range(1, 8))

#: Seven a day; more is a mistake, and each one is looked at for every slot.
MAX_WINDOWS = 49

_DAY = 24 * 60
_WEEK = 7 * _DAY
_ONE_DAY = timedelta(days=1)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_FIELDS = ("start", "end", "daysOfWeek", "interval")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One `[start, end)` in wall time on some days of the week (ISO, Monday is 1).

    `opens` and `closes` are minutes after the start day's midnight; `closes` is past
    24 hours for a window over midnight. `interval` is None where the heartbeat's holds.
    """

    start: str
    end: str
    days: frozenset[int] = EVERY_DAY
    interval: timedelta | None = None
    opens: int = field(init=False, repr=False, compare=False)
    closes: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.days or not self.days <= EVERY_DAY:
            raise InvalidSchedule(
                "expected daysOfWeek to name at least one day from 1 (Monday) to 7, "
                f"got {sorted(self.days)!r}"
            )
        if self.interval is not None:
            check_interval_with_hours(self.interval)
        opens, closes = _minutes("start", self.start), _minutes("end", self.end)
        if opens == _DAY:
            raise InvalidSchedule("expected start from '00:00' to '23:59', got '24:00'")
        if opens == closes:
            raise InvalidSchedule(
                "expected start and end to differ (a whole day is '00:00' to '24:00'), "
                f"got {self.start!r} twice"
            )
        object.__setattr__(self, "opens", opens)
        object.__setattr__(self, "closes", closes + _DAY * (closes < opens))

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One opening of a window: `[opens, closes)` in UTC.

    `nominal` is the window's length in wall time, which a DST edge does not change;
    `interval` is the window's own, if it has one.
    """

    opens: datetime
    closes: datetime
    nominal: timedelta
    interval: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveHours:
    """Windows that do not overlap, ordered by their start, and their time zone."""

    windows: tuple[Window, ...]
    timezone: str

    def __post_init__(self) -> None:
        parse_zone(self.timezone)
        if not 1 <= len(self.windows) <= MAX_WINDOWS:
            raise InvalidSchedule(
                f"expected 1 to {MAX_WINDOWS} windows of active hours, "
                f"got {len(self.windows)}"
            )
        ordered = sorted(self.windows, key=lambda window: window.opens)
        _refuse_overlap(ordered)
        object.__setattr__(self, "windows", tuple(ordered))

    @classmethod
    def parse(
        cls,
        raw: Mapping[str, object] | Sequence[Mapping[str, object]],
        *,
        timezone: str,
    ) -> "ActiveHours":
        """Read `{start, end, daysOfWeek?, interval?}`, or a list of them."""
        windows: object = [raw] if isinstance(raw, Mapping) else raw
        if isinstance(windows, str) or not isinstance(windows, Sequence):
            raise InvalidSchedule(
                "expected activeHours to be {start, end, daysOfWeek?, interval?} "
                f"or a list of them, got {raw!r}"
            )
        return cls(windows=tuple(map(_parse_window, windows)), timezone=timezone)

    def is_open(self, at: datetime) -> bool:
        return self.span_at(at) is not None

    def span_at(self, at: datetime) -> Span | None:
        """Return the span that holds `at`."""
        span = next(self.spans(at))
        return span if span.opens <= at else None

    def spans(self, after: datetime) -> Iterator[Span]:
        """Yield every span that closes after `after`, in order, without an end.

        The first one holds `after` if any does.
        """
        zone = parse_zone(self.timezone)
        # Yesterday's window may be open over midnight.
        day = after.astimezone(zone).date() - _ONE_DAY
        while True:
            for window in self.windows:
                if day.isoweekday() in window.days:
                    span = _span(
                        zone, day, window.opens, window.closes, window.interval
                    )
                    if span is not None and span.closes > after:
                        yield span
            day += _ONE_DAY

    def spans_within(self, first: datetime, last: datetime) -> Iterator[Span]:
        """Yield every span that is open at some time in [first, last]."""
        return takewhile(lambda span: span.opens <= last, self.spans(first))


@lru_cache(maxsize=4096)
def _span(
    zone: ZoneInfo, day: date, opens: int, closes: int, interval: timedelta | None
) -> Span | None:
    first = first_instant_ms(zone, day, opens)
    end = first_instant_ms(zone, day, closes)
    if first == end:
        return None
    return Span(
        opens=from_ms(first),
        closes=from_ms(end),
        nominal=timedelta(minutes=closes - opens),
        interval=interval,
    )


def _parse_window(raw: object) -> Window:
    if not isinstance(raw, Mapping):
        raise InvalidSchedule(
            f"expected a window {{start, end, daysOfWeek?, interval?}}, got {raw!r}"
        )
    unknown = [name for name in raw if name not in _FIELDS]
    if unknown:
        raise InvalidSchedule(
            f"expected activeHours to have {', '.join(_FIELDS)}, got {unknown[0]!r}"
        )
    start, end = (_text(name, raw.get(name)) for name in ("start", "end"))
    return Window(
        start=start,
        end=end,
        days=_days(raw.get("daysOfWeek")),
        interval=_interval(raw.get("interval")),
    )


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        # YAML reads an unquoted 22:30 as the number 1350.
        raise InvalidSchedule(f'expected {name} as text "HH:MM", got {value!r}')
    return value


def _days(value: object) -> frozenset[int]:
    if value is None:
        return EVERY_DAY
    if isinstance(value, Sequence | frozenset | set) and all(
        type(day) is int for day in value
    ):
        return frozenset(value)
    raise InvalidSchedule(
        f"expected daysOfWeek as a list of days from 1 (Monday) to 7, got {value!r}"
    )


def _interval(value: object) -> timedelta | None:
    if value is None:
        return None
    if isinstance(value, int | float):
        return parse_interval_minutes(value)
    raise InvalidSchedule(f"expected a window's interval in minutes, got {value!r}")


def _minutes(name: str, text: str) -> int:
    if _TIME.fullmatch(text) is None:
        raise InvalidSchedule(
            f"expected {name} as HH:MM from '00:00' to '24:00', got {text!r}"
        )
    return int(text[:2]) * 60 + int(text[3:])


def _refuse_overlap(windows: Sequence[Window]) -> None:
    """Compare the openings of one week, and of the first day after it."""
    openings = sorted(
        (
            ((day - 1) * _DAY + window.opens, window)
            for window in windows
            for day in window.days
        ),
        key=lambda opening: opening[0],
    )
    openings.append((openings[0][0] + _WEEK, openings[0][1]))
    for (at, window), (next_at, following) in pairwise(openings):
        if next_at < at - window.opens + window.closes:
            raise InvalidSchedule(
                "expected windows of active hours that do not overlap, "
                f"got {window} and {following} on day {next_at % _WEEK // _DAY + 1}"
            )
