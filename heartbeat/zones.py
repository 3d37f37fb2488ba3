"""Time zones: which names exist, and which instant a wall time is.

A wall time may occur twice (clocks set back) or never (set forward); every rule about
that stands on `first_instant_ms`. Nothing here depends on the host's own zone.
"""

import zoneinfo
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from heartbeat.errors import InvalidSchedule
from heartbeat.instants import to_ms

#: Names in the zone folder that are no place: the host's own zone and a placeholder.
NO_ZONES = frozenset({"localtime", "Factory"})

#: No IANA name is longer; keeps the search for a near match cheap.
MAX_NAME = 64


@lru_cache(maxsize=1024)
def parse_zone(name: str) -> ZoneInfo:
    """Return the IANA zone of that name, the same object each time."""
    if name not in _names():
        raise InvalidSchedule(
            "expected an IANA time zone such as 'Europe/Berlin', "
            f"got {name[:MAX_NAME]!r}{_suggestion(name[:MAX_NAME])}"
        )
    return ZoneInfo(name)


@lru_cache(maxsize=16_384)
def first_instant_ms(zone: ZoneInfo, day: date, minutes: int) -> int:
    """Return the first instant whose wall time is at or past `minutes` into `day`.

    That is the first occurrence of a repeated wall time, and the gap's end for one
    that is skipped. It never decreases when the wall time grows.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    if _wall(at, zone) == wall:
        return to_ms(at)
    before_gap = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seconds = range(to_ms(before_gap) // 1000, to_ms(at) // 1000)
    found = bisect_left(
        seconds, wall, key=lambda s: _wall(datetime.fromtimestamp(s, UTC), zone)
    )
    return (seconds.start + found) * 1000


def instants_ms(zone: ZoneInfo, day: date, minutes: int) -> set[int]:
    """Return each instant that shows this wall time: none, one or two."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return {to_ms(at) for at in both if _wall(at, zone) == wall}


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


@cache
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() - NO_ZONES)


def _suggestion(name: str) -> str:
    """Find the nearest name, also by its city alone and in any case."""
    known = {zone.rpartition("/")[2].casefold(): zone for zone in sorted(_names())}
    known |= {zone.casefold(): zone for zone in _names()}
    wanted = name.strip().replace(" ", "_").casefold()
    near = get_close_matches(wanted, known, n=1, cutoff=0.7)
    return f"; did you mean {known[near[0]]!r}?" if near else ""
