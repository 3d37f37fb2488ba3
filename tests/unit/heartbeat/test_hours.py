"""Active hours: what may be written, and which spans they open."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest

from heartbeat.errors import InvalidSchedule
from heartbeat.hours import ActiveHours, Window
from heartbeat.instants import from_ms, to_text
from heartbeat.zones import first_instant_ms, parse_zone

ZONES = {
    "New_York": "America/New_York",
    "Berlin": "Europe/Berlin",
    "Lord_Howe": "Australia/Lord_Howe",
    "Casablanca": "Africa/Casablanca",
    "Kolkata": "Asia/Kolkata",
    "Apia": "Pacific/Apia",
    "Beirut": "Asia/Beirut",
}

OFFICE: dict[str, object] = {
    "start": "09:00",
    "end": "17:00",
    "daysOfWeek": [1, 2, 3, 4, 5],
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(*windows: str, zone: str = "America/New_York") -> ActiveHours:
    """Build from `09:00-17:00` or, with days, `09:00-17:00/12345`."""
    raw: list[dict[str, object]] = []
    for text in windows:
        times, _, days = text.partition("/")
        start, _, end = times.partition("-")
        every = {"daysOfWeek": [int(day) for day in days]} if days else {}
        raw.append({"start": start, "end": end, **every})
    return ActiveHours.parse(raw, timezone=zone)


def spans(active: ActiveHours, after: datetime, count: int) -> list[str]:
    found = islice(active.spans(after), count)
    return [f"{to_text(s.opens)[5:16]} {to_text(s.closes)[5:16]}" for s in found]


def test_a_window_is_read_as_a_client_writes_it() -> None:
    assert ActiveHours.parse(OFFICE, timezone="Europe/Berlin") == ActiveHours(
        windows=(Window(start="09:00", end="17:00", days=frozenset(range(1, 6))),),
        timezone="Europe/Berlin",
    )


def test_windows_are_ordered_by_their_start() -> None:
    active = hours("14:00-18:00", "08:00-12:00")
    assert [window.start for window in active.windows] == ["08:00", "14:00"]


@pytest.mark.parametrize("days", [{}, {"daysOfWeek": None}], ids=["absent", "null"])
def test_without_days_a_window_opens_every_day(days: dict[str, object]) -> None:
    active = ActiveHours.parse(
        {"start": "09:00", "end": "10:00", **days}, timezone="UTC"
    )
    assert active.windows[0].days == frozenset(range(1, 8))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("09:00-17:00", "expected activeHours to be"),
        (7, "expected activeHours to be .* got 7"),
        ([], "expected 1 to 49 windows of active hours, got 0"),
        (["09:00"], "expected a window .* got '09:00'"),
        ({"end": "17:00"}, 'expected start as text "HH:MM", got None'),
        ({"start": "09:00"}, 'expected end as text "HH:MM", got None'),
        ({"start": 1350, "end": "23:00"}, 'start as text "HH:MM", got 1350'),
        ({"start": "9:00", "end": "17:00"}, "expected start as HH:MM .* got '9:00'"),
        ({"start": "09:00", "end": "24:01"}, "expected end as HH:MM .* got '24:01'"),
        ({"start": "09:60", "end": "17:00"}, "got '09:60'"),
        ({"start": "09:00\n", "end": "17:00"}, "expected start as HH:MM"),
        ({"start": "24:00", "end": "06:00"}, "expected start from '00:00'"),
        (
            {"start": "09:00", "end": "09:00"},
            "start and end to differ .* '09:00' twice",
        ),
        ({**OFFICE, "days": [1]}, "expected activeHours to have .* got 'days'"),
        ({**OFFICE, "daysOfWeek": []}, "at least one day .* got \\[\\]"),
        ({**OFFICE, "daysOfWeek": [0]}, "from 1 .* to 7, got \\[0\\]"),
        ({**OFFICE, "daysOfWeek": [1, 8]}, "got \\[1, 8\\]"),
        ({**OFFICE, "daysOfWeek": "15"}, "list of days .* got '15'"),
        ({**OFFICE, "daysOfWeek": [True]}, "list of days .* got \\[True\\]"),
        ({**OFFICE, "daysOfWeek": 3}, "list of days .* got 3"),
        ({**OFFICE, "interval": "5"}, "a window's interval in minutes, got '5'"),
        ({**OFFICE, "interval": 0}, "an interval in minutes, above 0 .* got 0"),
        ({**OFFICE, "interval": True}, "an interval in minutes, above 0 .* got True"),
        ({**OFFICE, "interval": float("nan")}, "an interval in minutes.* got nan"),
        ({**OFFICE, "interval": 1440.001}, "at most 24 h together with activeHours"),
        ([OFFICE] * 50, "expected 1 to 49 windows of active hours, got 50"),
    ],
)
def test_what_is_no_window_is_refused(
    raw: list[dict[str, object]], message: str
) -> None:
    with pytest.raises(InvalidSchedule, match=message):
        ActiveHours.parse(raw, timezone="UTC")


@pytest.mark.parametrize("interval", [timedelta(0), timedelta(microseconds=999)])
def test_a_window_has_slots(interval: timedelta) -> None:
    with pytest.raises(InvalidSchedule, match="at least 1 ms"):
        Window(start="09:00", end="10:00", interval=interval)


def test_a_span_knows_the_interval_of_its_window() -> None:
    active = ActiveHours.parse({**OFFICE, "interval": 7.5}, timezone="UTC")
    span = active.span_at(utc("2026-11-24T13:00"))
    assert span is not None
    assert span.interval == timedelta(minutes=7.5)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InvalidSchedule, match="did you mean 'Europe/Berlin'"):
        ActiveHours.parse(OFFICE, timezone="Europe/Berln")


@pytest.mark.parametrize(
    "windows",
    [
        ["09:00-12:00", "11:59-13:00"],
        ["09:00-12:00", "09:00-12:00"],
        ["22:00-06:00/1", "05:00-07:00/2"],
        ["22:00-06:00/7", "05:00-07:00/1"],
        ["22:00-21:00", "20:30-20:45/3"],
    ],
    ids=["same day", "twice", "overnight", "over the week's end", "nearly a day"],
)
def test_overlapping_windows_are_refused(windows: list[str]) -> None:
    with pytest.raises(InvalidSchedule, match=r"do not overlap, got .* on day \d"):
        hours(*windows)


@pytest.mark.parametrize(
    "windows",
    [
        ["09:00-12:00", "12:00-13:00"],
        ["22:00-06:00/7", "06:00-07:00/1"],
        ["22:00-06:00/1", "05:00-07:00/3"],
        ["00:00-24:00"],
        ["12:00-11:59"],
    ],
)
def test_windows_that_only_touch_are_fine(windows: list[str]) -> None:
    assert len(hours(*windows).windows) == len(windows)


def test_the_end_is_not_inside() -> None:
    active = ActiveHours.parse(OFFICE, timezone="America/New_York")
    assert not active.is_open(utc("2026-11-24T13:59:59.999"))
    assert active.is_open(utc("2026-11-24T14:00"))
    assert active.is_open(utc("2026-11-24T21:59:59.999"))
    assert not active.is_open(utc("2026-11-24T22:00"))
    assert not active.is_open(utc("2026-11-22T15:00"))


def test_the_span_that_holds_an_instant() -> None:
    span = hours("09:00-17:00").span_at(utc("2026-11-24T16:00"))
    assert span is not None
    assert (span.opens, span.closes) == (
        utc("2026-11-24T14:00"),
        utc("2026-11-24T22:00"),
    )
    assert hours("09:00-17:00").span_at(utc("2026-11-24T22:00")) is None


def test_a_window_over_midnight_belongs_to_its_start_day() -> None:
    friday_night = hours("22:00-06:00/5", zone="UTC")
    assert spans(friday_night, utc("2026-11-24T00:00"), 2) == [
        "11-27T22:00 11-28T06:00",
        "12-04T22:00 12-05T06:00",
    ]
    assert friday_night.is_open(utc("2026-11-28T05:59"))
    assert not friday_night.is_open(utc("2026-11-27T05:59"))


def test_windows_that_touch_at_midnight_stay_two_spans() -> None:
    touching = hours("22:00-24:00", "00:00-06:00", zone="UTC")
    assert spans(touching, utc("2026-11-24T23:00"), 3) == [
        "11-24T22:00 11-25T00:00",
        "11-25T00:00 11-25T06:00",
        "11-25T22:00 11-26T00:00",
    ]


#: The first span that closes on or after a day begins: zone, day, window, UTC.
EDGES = """
New_York  2026-03-08 02:30-05:00   03-08T07:00 03-08T09:00 opens at the gap's end
New_York  2026-03-08 02:00-03:00   03-09T06:00 03-09T07:00 in the gap: not that day
New_York  2026-03-08 00:00-02:30   03-08T05:00 03-08T07:00 closes at the gap
New_York  2026-03-08 22:00-06:00   03-08T03:00 03-08T10:00 night, an hour shorter
New_York  2026-11-01 00:30-01:30   11-01T04:30 11-01T05:30 closes at the first 01:30
New_York  2026-11-01 01:30-02:00   11-01T05:30 11-01T07:00 holds the repeated hour
New_York  2026-11-01 22:00-06:00   11-01T02:00 11-01T11:00 night, an hour longer
Berlin    2026-10-25 02:00-03:00   10-25T00:00 10-25T02:00 both passes of the hour
Lord_Howe 2026-10-04 02:00-02:30   10-04T15:00 10-04T15:30 half an hour, skipped
Lord_Howe 2027-04-04 01:00-02:00   04-03T14:00 04-03T15:30 half an hour, repeated
Casablanca 2026-03-22 02:30-03:30  03-22T02:00 03-22T02:30 Ramadan is over
Kolkata   2026-03-29 02:00-03:00   03-28T20:30 03-28T21:30 clocks do not move
Apia      2011-12-30 09:00-17:00   12-30T19:00 12-31T03:00 a day that does not exist
Apia      2011-12-30 22:00-06:00/5 12-30T10:00 12-30T16:00 and the night after it
Beirut    2026-10-24 23:00-24:00/6 10-24T20:00 10-24T22:00 23:00 twice
"""


@pytest.mark.parametrize("row", EDGES.strip().splitlines())
def test_spans_over_an_edge(row: str) -> None:
    city, day, window, opens, closes, _ = row.split(maxsplit=5)
    zone = ZONES[city]
    midnight = first_instant_ms(parse_zone(zone), date.fromisoformat(day), 0)
    found = spans(hours(window, zone=zone), from_ms(midnight), 1)
    assert found == [f"{opens} {closes}"]


def test_a_span_knows_its_window_s_length() -> None:
    night = next(hours("22:00-06:00").spans(utc("2026-03-08T04:00")))
    assert night.nominal == timedelta(hours=8)
    assert night.closes - night.opens == timedelta(hours=7)
