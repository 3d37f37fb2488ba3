"""The slots ahead, and why there is none before."""

from datetime import UTC, datetime, timedelta

import pytest

from heartbeat.cadence import Cadence
from heartbeat.cli.slots import coming_slots, why
from heartbeat.hours import ActiveHours, parse_zone

UTC_ZONE = parse_zone("UTC")


def hourly(start: str | None = None, end: str = "18:00") -> Cadence:
    hours = None
    if start is not None:
        hours = ActiveHours.parse({"start": start, "end": end}, timezone="UTC")
    return Cadence.every(
        timedelta(hours=1), heartbeat_id="local:hb", align_clock=True, hours=hours
    )


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 24, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cadence", "after", "reason"),
    [
        pytest.param(hourly(), at(12, 30), "", id="no-hours"),
        pytest.param(hourly("08:00"), at(12, 30), "", id="inside"),
        pytest.param(
            hourly("08:00"),
            at(6),
            "outside active hours until Tue 08:00",
            id="before-they-open",
        ),
        pytest.param(
            hourly("08:00"),
            at(17, 30),
            "outside active hours from Tue 18:00 to Wed 08:00",
            id="over-night",
        ),
    ],
)
def test_it_says_why_there_is_no_slot_before(
    cadence: Cadence, after: datetime, reason: str
) -> None:
    (first,) = coming_slots(cadence, after, 1)
    assert why(first, UTC_ZONE) == reason


def test_it_gives_as_many_as_asked() -> None:
    slots = [coming.slot for coming in coming_slots(hourly(), at(12), 3)]
    assert slots == [at(13), at(14), at(15)]


def test_there_are_no_slots_where_hours_and_cron_never_meet() -> None:
    hours = ActiveHours.parse({"start": "13:00", "end": "14:00"}, timezone="UTC")
    never = Cadence.cron("0 12 * * *", timezone="UTC", hours=hours)
    assert list(coming_slots(never, at(12), 3)) == []
