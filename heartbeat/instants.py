"""Instants as the system keeps them: aware UTC datetimes, whole milliseconds, text.

Redis and the wire get integers or RFC 3339 text; rules get datetimes. Nothing here
reads the clock.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def to_ms(at: datetime) -> int:
    """Return whole milliseconds since 1970, rounded down; refuse a naive datetime."""
    since = at - EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


@lru_cache(maxsize=4_096)  # what is due together is due at the same few instants
def from_ms(ms: int) -> datetime:
    """Return the instant that many milliseconds after 1970, in UTC."""
    return EPOCH + timedelta(milliseconds=ms)


def to_text(at: datetime) -> str:
    """Return RFC 3339 in UTC with milliseconds, e.g. `2026-11-24T16:00:00.000Z`."""
    utc = from_ms(to_ms(at)).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


@lru_cache(maxsize=4_096)
def ms_to_text(ms: int) -> str:
    """Return the same text of milliseconds since 1970."""
    return to_text(from_ms(ms))


def from_text(text: str) -> datetime:
    """Read RFC 3339 with `Z` or any offset; digits past milliseconds are dropped.

    Raises ValueError for anything else, a time without an offset included.
    """
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError(
            "expected an instant such as '2026-11-24T16:00:00Z' "
            f"(RFC 3339, with Z or an offset), got {text!r}"
        )
    try:
        at = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"expected an instant that exists, got {text!r}") from error
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
