"""An interval as the older messages write it, where only a cron expression has room.

An interval has no cron expression in general (45 minutes are not `*/45`), so it is
shown as `@every 45m`: true, and plainly not five fields.
"""

import re
from datetime import timedelta

from heartbeat.errors import InvalidSchedule

_PREFIX = "@every "
_TEXT = re.compile(r"@every (?:(\d{1,9})m)?(?:(\d{1,9}(?:\.\d{1,3})?)s)?")


def every_text(ms: int) -> str:
    """Return how an interval of so many milliseconds is shown."""
    minutes, rest = divmod(timedelta(milliseconds=ms), timedelta(minutes=1))
    seconds = rest.total_seconds()
    parts = [f"{minutes}m" if minutes else "", f"{seconds:g}s" if seconds else ""]
    return _PREFIX + "".join(parts)


def read_every(text: str) -> float | None:
    """Return the minutes that are meant; None for what is no interval at all."""
    if not text.startswith(_PREFIX):
        return None
    found = _TEXT.fullmatch(text)
    if found is None or text == _PREFIX:
        raise InvalidSchedule(
            f"cronExpression: expected an interval such as '@every 45m', got {text!r}"
        )
    minutes, seconds = found.groups(default="0")
    return int(minutes) + float(seconds) / 60
