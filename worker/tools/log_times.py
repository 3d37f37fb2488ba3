"""When a line of a log says that it was written, in the spellings that logs have."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: A time further in is part of what the line is about.
_HEAD = 160

#: Room for the time at the end of a line of JSON.
_JSON_LINE = 16_384

#: A line without a year that would be further ahead than this is of last year.
_AHEAD = timedelta(days=2)

_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_MONTH = rf"(?P<name>{'|'.join(_MONTHS)})"
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,]\d+)?"

#: 2026-11-24T16:00:00.123Z, 2026-11-24 16:00:00,123 +0100, 2026/11/24 16:00:00
_ISO = re.compile(
    r"(?<!\d)(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T ]"
    + _CLOCK
    + r" ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
#: 24/Nov/2026:16:00:00 +0100
_COMMON = re.compile(
    rf"(?<!\d)(?P<day>\d\d)/{_MONTH}/(?P<year>\d{{4}}):{_CLOCK} "
    r"(?P<zone>[+-]\d{4})",
    re.ASCII,
)
#: Nov 24 16:00:00, Tue Nov 24 16:00:00 2026
_SYSLOG = re.compile(
    rf"\b{_MONTH} {{1,2}}(?P<day>\d{{1,2}}) {_CLOCK}(?: (?P<year>\d{{4}})\b)?",
    re.ASCII,
)
#: What says when a line of JSON was written. In a text the quotes would be escaped.
_KEY = re.compile(r'"@?(?:ts|time|timestamp|datetime|date|asctime)" ?: ?')
#: Room for the value behind it.
_VALUE = 40
#: "ts":1795536000.123, "time":1795536000123
_EPOCH = re.compile(
    r'"(?:ts|time|timestamp)": ?(?P<seconds>\d{10})(?P<ms>\d{3})?(?![\d])', re.ASCII
)


_Read = Callable[[re.Match[str], datetime], "Stamp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When a line was written; without a zone of its own it was read as local time."""

    at: datetime
    has_zone: bool


def stamp_of(line: bytes, *, now: datetime) -> Stamp | None:
    """Return the first time near the line's beginning.

    Only the first is the line's own: what it is about may name others, and is often
    written by strangers. A line of JSON has its own under a key of its own.
    """
    first = min(_found_in(line), key=lambda pair: pair[0].start(), default=None)
    if first is None:
        return None
    found, read = first
    try:
        return read(found, now)
    except ValueError:  # the 31st of February, or no date at all
        return None


def _found_in(line: bytes) -> Iterator[tuple[re.Match[str], _Read]]:
    is_json = line.startswith(b"{")
    text = line[: _JSON_LINE if is_json else _HEAD].decode("latin-1")
    key = _KEY.search(text) if is_json else None
    start, end = (0, len(text)) if key is None else (key.start(), key.end() + _VALUE)
    for pattern, read in _FORMATS:
        found = pattern.search(text, start, end)
        if found is not None:
            yield found, read


def _read_numbers(found: re.Match[str], _: datetime) -> Stamp:
    return _stamp(found, int(found["year"]), int(found["month"]))


def _read_common(found: re.Match[str], _: datetime) -> Stamp:
    return _stamp(found, int(found["year"]), _month(found))


def _read_syslog(found: re.Match[str], now: datetime) -> Stamp:
    if found["year"]:
        return _stamp(found, int(found["year"]), _month(found))
    year = now.astimezone().year
    for guess in (year + 1, year):  # a clock may be ahead at the turn of the year
        try:
            stamp = _stamp(found, guess, _month(found))
        except ValueError:  # the 29th of February of another year
            continue
        if stamp.at <= now + _AHEAD:
            return stamp
    return _stamp(found, year - 1, _month(found))


def _read_epoch(found: re.Match[str], _: datetime) -> Stamp:
    return Stamp(at=datetime.fromtimestamp(int(found["seconds"]), UTC), has_zone=True)


_FORMATS: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (_ISO, _read_numbers),
    (_COMMON, _read_common),
    (_SYSLOG, _read_syslog),
    (_EPOCH, _read_epoch),
)


def _month(found: re.Match[str]) -> int:
    return _MONTHS.index(found["name"]) + 1


def _stamp(found: re.Match[str], year: int, month: int) -> Stamp:
    hour, minute, second = (int(found[part]) for part in ("hour", "minute", "second"))
    written = datetime(year, month, int(found["day"]), hour, minute, min(second, 59))  # noqa: DTZ001 - its zone follows
    zone = found.groupdict().get("zone")
    if zone is None:
        return Stamp(at=written.astimezone(UTC), has_zone=False)
    at = written.replace(tzinfo=UTC) - _offset(zone)
    return Stamp(at=at, has_zone=True)


def _offset(zone: str) -> timedelta:
    if zone in ("Z", "UTC", "GMT"):
        return timedelta()
    sign = -1 if zone[0] == "-" else 1
    return sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
