"""How long an interval between slots may be, and how one is written."""

from datetime import timedelta

from heartbeat.errors import InvalidSchedule

#: The longest interval, and how far ahead a schedule must have a slot.
FOUR_YEARS = timedelta(days=4 * 365 + 1)

#: With windows, a longer interval could not keep its promise of a slot in each.
MAX_INTERVAL_WITH_HOURS = timedelta(hours=24)

_FOUR_YEARS_MINUTES = FOUR_YEARS // timedelta(minutes=1)


def parse_interval_minutes(value: float) -> timedelta:
    """Read an interval in minutes, to whole milliseconds; refuse what is no length."""
    # NaN fails every comparison, and infinity the upper one.
    if isinstance(value, bool) or not 0 < value <= _FOUR_YEARS_MINUTES:
        raise InvalidSchedule(
            f"expected an interval in minutes, above 0 and up to "
            f"{_FOUR_YEARS_MINUTES} (four years), got {value!r}"
        )
    interval = timedelta(milliseconds=round(value * 60_000))
    if not interval:
        raise InvalidSchedule(
            f"expected an interval of at least a millisecond, got {value!r} minutes"
        )
    return interval


def check_interval_with_hours(interval: timedelta) -> None:
    """Refuse an interval that active hours cannot have."""
    if not timedelta(milliseconds=1) <= interval <= MAX_INTERVAL_WITH_HOURS:
        raise InvalidSchedule(
            "expected an interval of at least 1 ms and at most 24 h together with"
            f" activeHours, got {str(interval)!r}"
        )
