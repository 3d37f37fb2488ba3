"""Zones: names with a suggestion, and which instant a wall time is."""

from datetime import date

import pytest

from heartbeat.errors import InvalidSchedule
from heartbeat.instants import from_ms, to_text
from heartbeat.zones import first_instant_ms, instants_ms, parse_zone


def test_a_zone_is_the_same_object_each_time() -> None:
    assert parse_zone("Europe/Berlin") is parse_zone("Europe/Berlin")
    assert parse_zone("Asia/Kolkata").key == "Asia/Kolkata"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("america/new york", "America/New_York"),
        ("Berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
    ],
)
def test_a_near_miss_is_told_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(InvalidSchedule, match=f"{name!r}; did you mean {meant!r}"):
        parse_zone(name)


@pytest.mark.parametrize(
    "name", ["", "PST", "America", "../etc/passwd", "a\0b", "x" * 100_000]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidSchedule, match="expected an IANA time zone") as error:
        parse_zone(name)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("name", ["localtime", "Factory"])
def test_a_zone_that_differs_from_host_to_host_is_refused(name: str) -> None:
    with pytest.raises(InvalidSchedule):
        parse_zone(name)


@pytest.mark.parametrize(
    ("zone", "day", "wall", "instant"),
    [
        ("America/New_York", "2026-07-01", "09:00", "2026-07-01T13:00"),
        ("America/New_York", "2026-03-08", "01:59", "2026-03-08T06:59"),
        ("America/New_York", "2026-03-08", "02:00", "2026-03-08T07:00"),
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:00"),
        ("America/New_York", "2026-03-08", "03:00", "2026-03-08T07:00"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30"),
        ("America/New_York", "2026-11-01", "02:00", "2026-11-01T07:00"),
        ("Europe/Berlin", "2026-03-29", "02:15", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-10-25", "02:15", "2026-10-25T00:15"),
        ("Australia/Lord_Howe", "2026-10-04", "02:10", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2027-04-04", "01:45", "2027-04-03T14:45"),
        ("Africa/Casablanca", "2026-02-15", "02:30", "2026-02-15T01:30"),
        ("Africa/Casablanca", "2026-03-22", "02:30", "2026-03-22T02:00"),
        ("Asia/Kolkata", "2026-03-29", "02:30", "2026-03-28T21:00"),
        ("Pacific/Apia", "2011-12-29", "23:59", "2011-12-30T09:59"),
        ("Pacific/Apia", "2011-12-30", "00:00", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-31", "00:00", "2011-12-30T10:00"),
        ("Asia/Beirut", "2026-03-29", "00:30", "2026-03-28T22:00"),
        ("Asia/Beirut", "2026-10-24", "24:00", "2026-10-24T22:00"),
    ],
)
def test_the_first_instant_of_a_wall_time(
    zone: str, day: str, wall: str, instant: str
) -> None:
    minutes = int(wall[:2]) * 60 + int(wall[3:])
    found = first_instant_ms(parse_zone(zone), date.fromisoformat(day), minutes)
    assert to_text(from_ms(found)) == f"{instant}:00.000Z"


@pytest.mark.parametrize(
    ("day", "minutes", "times"),
    [("2026-03-08", 150, 0), ("2026-07-01", 90, 1), ("2026-11-01", 90, 2)],
    ids=["skipped", "plain", "repeated"],
)
def test_a_wall_time_is_shown_never_once_or_twice(
    day: str, minutes: int, times: int
) -> None:
    new_york = parse_zone("America/New_York")
    found = instants_ms(new_york, date.fromisoformat(day), minutes)
    assert len(found) == times
