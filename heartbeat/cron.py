"""Cron expressions: five fields, in a time zone, as a grid of slots.

cronsim reads the fields and matches days. The instants are found here, day by day, by
Debian's rule as cronsim follows it: times fixed in minute and hour fire once over a DST
edge, with a `*` in either they run in real time. If all fires of a matching day fall
into the gap, one fires at the gap's end. (Stepping with cronsim itself would depend on
where one starts, and loses fires where clocks move by half an hour.)
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from heartbeat.errors import InvalidSchedule
from heartbeat.grid import CALENDAR_MS, capped_sum, newest
from heartbeat.hours import ActiveHours
from heartbeat.instants import EPOCH, from_ms, to_ms
from heartbeat.zones import first_instant_ms, instants_ms

SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}

#: Room for every minute spelled out; what is longer is no expression.
MAX_EXPRESSION = 256

_FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
_DAY_MS = 86_400_000
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cron:
    """A parsed expression: which days match, and at which minutes of the day."""

    expression: str
    fields: CronSim
    minutes: tuple[int, ...]
    offsets: tuple[int, ...]
    is_fixed: bool

    def days(self, first: date, last: date) -> Iterator[date]:
        """Yield the days in [first, last] that match month, day and weekday."""
        day = first
        while day <= last:
            if day.month not in self.fields.months:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                continue
            if self.fields.match_day(day):
                yield day
            day += _ONE_DAY

    def fires(self, day: date, zone: ZoneInfo) -> tuple[int, tuple[int, ...]]:
        """Return the fires of a matching day as an instant and offsets from it."""
        midnight = first_instant_ms(zone, day, 0)
        if first_instant_ms(zone, day + _ONE_DAY, 0) - midnight == _DAY_MS:
            return midnight, self.offsets
        return 0, _fires_over_edge(self, day, zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class CronGrid:
    """The slots of a cron expression in a zone, those outside `hours` left out."""

    cron: Cron
    zone: ZoneInfo
    hours: ActiveHours | None

    def next_ms(self, after: int, *, until: int | None = None) -> int | None:
        end = after + CALENDAR_MS if until is None else until
        slot = self._fire_after(after, end)
        while slot is not None and self.hours is not None:
            opens = to_ms(next(self.hours.spans(from_ms(slot))).opens)
            if opens <= slot:
                break
            slot = self._fire_after(opens - 1, end)
        return slot

    def last_ms(self, at: int, *, not_before: int) -> int | None:
        return newest(self, at, not_before=not_before)

    def count(self, first: int, last: int) -> int:
        if self.hours is None:
            return capped_sum(self._fires_by_day(first, last))
        return capped_sum(
            count
            for span in self.hours.spans_within(from_ms(first), from_ms(last))
            for count in self._fires_by_day(
                max(first, to_ms(span.opens)), min(last, to_ms(span.closes) - 1)
            )
        )

    def __str__(self) -> str:
        hours = self.hours.windows if self.hours is not None else ()
        within = f" within {', '.join(map(str, hours))}" if hours else ""
        return f"cron {self.cron.expression!r} in {self.zone.key}{within}"

    def _fire_after(self, after: int, end: int) -> int | None:
        for day in self.cron.days(self._date(after), self._date(end)):
            base, offsets = self.cron.fires(day, self.zone)
            index = bisect_right(offsets, after - base)
            if index < len(offsets):
                slot = base + offsets[index]
                return slot if slot <= end else None
        return None

    def _fires_by_day(self, first: int, last: int) -> Iterator[int]:
        """Count the fires in [first, last], day by day."""
        # A gap up to midnight puts a day's fire where the next day begins.
        for day in self.cron.days(self._date(first - 1), self._date(last)):
            base, offsets = self.cron.fires(day, self.zone)
            low = bisect_left(offsets, first - base)
            yield max(0, bisect_right(offsets, last - base) - low)
            # The next day may fire at the same instant.
            first = max(first, base + offsets[-1] + 1)

    def _date(self, ms: int) -> date:
        return from_ms(ms).astimezone(self.zone).date()


@lru_cache(maxsize=4096)
def parse_cron(expression: str) -> Cron:
    """Read five fields, or one of the shorthands such as `@daily`."""
    text = SHORTHANDS.get(expression.strip().lower(), expression)
    fields = text.split()
    if len(text) > MAX_EXPRESSION:
        raise _invalid(text[:20] + "…", f"{len(text)} characters")
    if text.startswith("@"):
        raise _invalid(text, f"a shorthand that is none of {', '.join(SHORTHANDS)}")
    if len(fields) != len(_FIELDS):
        raise _invalid(text, f"{len(fields)} fields")
    sim = _read(text, fields)
    minutes = tuple(h * 60 + m for h in sorted(sim.hours) for m in sorted(sim.minutes))
    return Cron(
        expression=" ".join(fields),
        fields=sim,
        minutes=minutes,
        offsets=tuple(minute * 60_000 for minute in minutes),
        is_fixed=not any(field.startswith("*") for field in fields[:2]),
    )


@lru_cache(maxsize=1024)
def _fires_over_edge(cron: Cron, day: date, zone: ZoneInfo) -> tuple[int, ...]:
    """Return the fires of a day on which the zone's clocks move."""
    if cron.is_fixed:
        fires = {first_instant_ms(zone, day, minute) for minute in cron.minutes}
    else:
        fires = {at for minute in cron.minutes for at in instants_ms(zone, day, minute)}
    return tuple(sorted(fires)) or (first_instant_ms(zone, day, cron.minutes[0]),)


def _read(text: str, fields: list[str]) -> CronSim:
    try:
        return _simulate(text)
    except CronSimError as error:
        raise _invalid(text, _fault(fields, error)) from error


def _simulate(text: str) -> CronSim:
    return CronSim(text, EPOCH)  # any start: only the fields are used


def _fault(fields: list[str], error: CronSimError) -> str:
    """Say which field is bad, or that no month has such a day."""
    name = str(error).removeprefix("Bad ")
    minute, hour, day, month, weekday = fields
    if name == "day-of-month":
        with suppress(CronSimError):
            _simulate(f"{minute} {hour} {day} * {weekday}")
            return f"month {month!r} has no day {day!r}, so it never fires"
    return f"bad {name} {dict(zip(_FIELDS, fields, strict=True)).get(name)!r}"


def _invalid(text: str, what: str) -> InvalidSchedule:
    return InvalidSchedule(
        f"expected a cron expression of five fields ({' '.join(_FIELDS)}), "
        f"got {text!r}: {what}"
    )
