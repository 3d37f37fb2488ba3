"""The obvious way to find slots: look at the clock on the wall every minute.

Slow, and without a rule about repeated or skipped wall times but the words of the
contract. It knows a zone only as "what does the wall show at this instant", and nothing
of the code that is held against it. Instants and walls are whole minutes since 1970;
slots are milliseconds, as an interval need not be whole minutes.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from hashlib import sha256
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
DAY_MINUTES = 1440
MINUTE_MS = 60_000

#: A window that opens two days before closes at most a day later, and no clock has
#: moved by more than a day.
MARGIN_DAYS = 5

FIRST_YEAR, LAST_YEAR = 2010, 2030

#: No clock moves there and back in so short a time.
MINUTES_BETWEEN_LOOKS = 6 * 60


@dataclass(frozen=True)
class Stretch:
    """Some days in a row in a zone."""

    zone: str
    first_day: date
    days: int

    @property
    def first(self) -> int:
        """Return its first millisecond."""
        return MINUTE_MS * wall_clock(self).first_at_or_past(midnight(self.first_day))

    @property
    def last(self) -> int:
        """Return its last millisecond."""
        end = midnight(self.first_day + self.days * DAY)
        return MINUTE_MS * wall_clock(self).first_at_or_past(end) - 1

    def days_around(self) -> Iterator[date]:
        """Yield each day that may have a slot in it."""
        for n in range(-2, self.days + 2):
            yield self.first_day + n * DAY

    def cut(self, slots: Iterable[int]) -> list[int]:
        """Return those of the slots that lie in it, in order."""
        first, last = self.first, self.last
        return sorted(slot for slot in slots if first <= slot <= last)


@dataclass(frozen=True)
class WallClock:
    """What the wall shows at each minute from `start`, and the most it has shown."""

    start: int
    walls: list[int]
    highest: list[int]

    def first_at_or_past(self, wall: int) -> int:
        """Return the first instant at which the wall shows that or more."""
        return self.start + bisect_left(self.highest, wall)

    def showing(self, walls: Collection[int]) -> set[int]:
        """Return each instant at which the wall shows one of these times of a day."""
        # What shows twice shows again within hours.
        begin = self.first_at_or_past(min(walls)) - self.start
        end = self.first_at_or_past(max(walls)) - self.start + DAY_MINUTES // 2
        return {self.start + n for n in range(begin, end) if self.walls[n] in walls}


@dataclass(frozen=True)
class Daypart:
    """A window in minutes after midnight of the ISO days that it opens on."""

    opens: int
    closes: int
    days: frozenset[int]
    interval_ms: int | None = None


def midnight(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MINUTES


@lru_cache(maxsize=2)
def wall_clock(stretch: Stretch) -> WallClock:
    """Look at the clock in a stretch and some days around it."""
    start = midnight(stretch.first_day - MARGIN_DAYS * DAY)
    end = start + (stretch.days + 2 * MARGIN_DAYS) * DAY_MINUTES
    inside = [move for move in moves(stretch.zone) if start < move < end]
    walls: list[int] = []
    for begin, until in pairwise([start, *inside, end]):
        ahead = minutes_ahead(stretch.zone, begin)
        walls.extend(range(begin + ahead, until + ahead))
    return WallClock(start, walls, list(accumulate(walls, max)))


@cache
def moves(zone: str) -> list[int]:
    """Return each instant in these years, and around them, at which clocks move."""
    first, end = (
        midnight(date(FIRST_YEAR - 1, 1, 1)),
        midnight(date(LAST_YEAR + 2, 1, 1)),
    )
    found, before = [], minutes_ahead(zone, first)
    for look in range(first, end, MINUTES_BETWEEN_LOOKS):
        ahead = minutes_ahead(zone, look)
        if ahead != before:
            minutes = range(look - MINUTES_BETWEEN_LOOKS, look + 1)
            found.append(next(n for n in minutes if minutes_ahead(zone, n) == ahead))
            before = ahead
    return found


def minutes_ahead(zone: str, instant: int) -> int:
    """Return by how much the wall is ahead of UTC."""
    ahead = datetime.fromtimestamp(instant * 60, ZoneInfo(zone)).utcoffset()
    assert ahead is not None
    assert not ahead % timedelta(minutes=1)
    return ahead // timedelta(minutes=1)


def spans(
    stretch: Stretch, dayparts: Iterable[Daypart]
) -> list[tuple[int, int, Daypart]]:
    """Return (opens, closes, window), also of the days around the stretch."""
    clock = wall_clock(stretch)
    found = []
    for day in stretch.days_around():
        for part in dayparts:
            if day.isoweekday() in part.days:
                opens = clock.first_at_or_past(midnight(day) + part.opens)
                closes = clock.first_at_or_past(midnight(day) + part.closes)
                if opens < closes:
                    found.append((opens, closes, part))
    return sorted(found, key=lambda span: span[:2])


def seed_of(heartbeat_id: str) -> int:
    """Return the hash of an id: the first 64 bits of its SHA-256."""
    return int(sha256(heartbeat_id.encode()).hexdigest()[:16], 16)


def interval_slots(stretch: Stretch, interval_ms: int, seed: int) -> list[int]:
    """Return 1970 + phase + k * interval."""
    slots = range(seed % interval_ms, stretch.last + 1, interval_ms)
    return list(slots[bisect_left(slots, stretch.first) :])


def window_slots(
    stretch: Stretch, dayparts: Iterable[Daypart], general_ms: int, seed: int
) -> list[int]:
    """Return opening + phase' + k * interval in every span of the hours."""
    slots: list[int] = []
    for opens, closes, part in spans(stretch, dayparts):
        interval = part.interval_ms or general_ms
        phase = seed % min(interval, (part.closes - part.opens) * MINUTE_MS)
        # In a span that lost an hour it begins anew, so that there is a slot.
        phase %= (closes - opens) * MINUTE_MS
        slots += range(opens * MINUTE_MS + phase, closes * MINUTE_MS, interval)
    return stretch.cut(slots)


def cron_slots(
    stretch: Stretch, expression: str, dayparts: Collection[Daypart] = ()
) -> list[int]:
    """Return the fires of a cron, only those within the hours if there are any."""
    fires: set[int] = set()
    for day in stretch.days_around():
        if is_day_of_cron(expression, day):
            fires |= fires_of_day(stretch, expression, day)
    if dayparts:
        open_minutes = (range(*span[:2]) for span in spans(stretch, dayparts))
        fires &= set().union(*open_minutes)
    return stretch.cut(fire * MINUTE_MS for fire in fires)


def fires_of_day(stretch: Stretch, expression: str, day: date) -> set[int]:
    """Return the fires of a day that matches."""
    clock = wall_clock(stretch)
    minute, hour = expression.split()[:2]
    walls = {
        midnight(day) + 60 * h + m
        for h in cron_values(hour, 0, 23)
        for m in cron_values(minute, 0, 59)
    }
    if minute[0] != "*" and hour[0] != "*":
        return {clock.first_at_or_past(wall) for wall in walls}
    return clock.showing(walls) or {clock.first_at_or_past(min(walls))}


def is_day_of_cron(expression: str, day: date) -> bool:
    """Say whether a day matches, by Debian's rule: restricted twice, either will do."""
    _, _, days, months, weekdays = expression.split()
    if day.month not in cron_values(months, 1, 12):
        return False
    is_day = day.day in cron_values(days, 1, 31)
    # Sunday is 0 as well as 7.
    is_weekday = day.isoweekday() in {n or 7 for n in cron_values(weekdays, 0, 7)}
    if days[0] == "*" or weekdays[0] == "*":
        return is_day and is_weekday
    return is_day or is_weekday


def cron_values(field: str, low: int, high: int) -> set[int]:
    """Read lists of `*`, `n`, `a-b` and `n/step`, `a-b/step`, `*/step`."""
    values: set[int] = set()
    for term in field.split(","):
        base, _, step = term.partition("/")
        first, _, last = base.partition("-")
        if base == "*":
            first, last = str(low), str(high)
        elif not last:
            last = str(high) if step else first
        values |= set(range(int(first), int(last) + 1, int(step or 1)))
    return values


def instant_of(ms: int) -> datetime:
    return datetime.combine(date(1970, 1, 1), time(), UTC) + timedelta(milliseconds=ms)
