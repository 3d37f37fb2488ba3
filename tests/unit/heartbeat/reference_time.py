"""The obvious way to find spans and fires: look at the clock on the wall every minute.

Slow, and without a rule about repeated or skipped wall times but the words of the
contract. It knows a zone only as "what does the wall show at this instant".
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Edge:
    """Where a zone's clocks move (or do not), and some days around it."""

    zone: str
    at: datetime

    @property
    def first_day(self) -> date:
        return self.at.date() - DAY

    @property
    def days(self) -> list[date]:
        return [self.first_day + n * DAY for n in range(3)]


@lru_cache
def minutes_around(edge: Edge) -> list[tuple[datetime, datetime]]:
    """List (instant, wall time) for each minute of the edge's days and two more."""
    zone = ZoneInfo(edge.zone)
    instants = [edge.at + n * MINUTE for n in range(-3 * 1440, 4 * 1440)]
    return [(at, at.astimezone(zone).replace(tzinfo=None)) for at in instants]


def first_at_or_past(edge: Edge, day: date, minutes: int) -> datetime:
    wanted = datetime.combine(day, time()) + minutes * MINUTE
    return next(at for at, wall in minutes_around(edge) if wall >= wanted)


def spans_of_day(
    edge: Edge, day: date, windows: Collection[tuple[int, int]]
) -> list[tuple[datetime, datetime]]:
    spans = [
        (first_at_or_past(edge, day, opens), first_at_or_past(edge, day, closes))
        for opens, closes in windows
    ]
    return [(opens, closes) for opens, closes in spans if opens < closes]


def fires_of_day(
    edge: Edge, day: date, hours: Collection[int], minutes: Collection[int], fixed: bool
) -> set[datetime]:
    """Return the fires of a cron expression that matches this day."""
    times = [60 * hour + minute for hour in sorted(hours) for minute in sorted(minutes)]
    if fixed:
        return {first_at_or_past(edge, day, minute) for minute in times}
    walls = {datetime.combine(day, time()) + minute * MINUTE for minute in times}
    real = {at for at, wall in minutes_around(edge) if wall in walls}
    return real or {first_at_or_past(edge, day, times[0])}
