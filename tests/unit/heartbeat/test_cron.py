"""Cron: what is read, what is refused, and what fires over a DST edge."""

from calendar import isleap
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbeat.cadence import Cadence
from heartbeat.cron import parse_cron
from heartbeat.errors import InvalidSchedule
from heartbeat.grid import CALENDAR_MS
from heartbeat.instants import to_text

ZONES = {
    "New_York": "America/New_York",
    "Berlin": "Europe/Berlin",
    "Lord_Howe": "Australia/Lord_Howe",
    "Casablanca": "Africa/Casablanca",
    "Kolkata": "Asia/Kolkata",
    "Apia": "Pacific/Apia",
    "Beirut": "Asia/Beirut",
    "Nuuk": "America/Nuuk",
}

#: zone | first instant, hours looked at | expression | fires, as UTC times of day
EDGES = """
New_York   | 2026-03-08T06:00 4 | 30 2 * * *    | 07:00
New_York   | 2026-03-08T06:00 4 | 0,30 2 * * *  | 07:00
New_York   | 2026-03-08T06:00 4 | 30 2,3 * * *  | 07:00 07:30
New_York   | 2026-03-08T06:00 4 | */20 2 * * *  | 07:00
New_York   | 2026-03-08T06:00 2 | */20 1-2 * * * | 06:00 06:20 06:40
New_York   | 2026-03-08T05:30 3 | 0 * * * *     | 06:00 07:00 08:00
New_York   | 2026-11-01T04:30 4 | 30 1 * * *    | 05:30
New_York   | 2026-11-01T04:30 3 | 0 * * * *     | 05:00 06:00 07:00
New_York   | 2026-11-01T05:00 2 | */30 1 * * *  | 05:00 05:30 06:00 06:30
Berlin     | 2026-03-29T00:00 3 | 15 2 * * SUN  | 01:00
Berlin     | 2026-10-25T00:00 3 | 15 2 * * *    | 00:15
Lord_Howe  | 2026-10-03T14:00 4 | 15 2 * * *    | 15:30
Lord_Howe  | 2026-10-03T14:00 4 | */15 2 * * *  | 15:30 15:45
Lord_Howe  | 2026-10-03T14:00 4 | */15 3 * * *  | 16:00 16:15 16:30 16:45
Lord_Howe  | 2027-04-03T14:00 4 | 45 1 * * *    | 14:45
Lord_Howe  | 2027-04-03T14:40 4 | */15 1 * * *  | 14:45 15:00 15:15
Lord_Howe  | 2027-04-03T14:00 3 | */30 2 * * *  | 15:30 16:00
Casablanca | 2026-02-15T00:00 4 | 30 2 * * *    | 01:30
Casablanca | 2026-03-22T01:00 4 | 30 2 * * *    | 02:00
Kolkata    | 2026-03-28T20:00 3 | */30 2 * * *  | 20:30 21:00
Apia       | 2011-12-29T22:00 24 | 0 12 * * *   | 22:00 10:00 22:00
Apia       | 2011-12-29T22:00 24 | */30 9 * * * | 10:00 19:00 19:30
Beirut     | 2026-03-28T20:00 4 | 0 0 * * *     | 22:00
Nuuk       | 2026-03-29T00:00 3 | 0 0,23 * * *  | 01:00
"""


def cron(expression: str, zone: str = "UTC") -> Cadence:
    return Cadence.cron(expression, timezone=zone, hours=None)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fires(cadence: Cadence, first: datetime, last: datetime) -> list[datetime]:
    found = []
    slot = cadence.next_slot(first - timedelta(milliseconds=1))
    while slot is not None and slot <= last:
        found.append(slot)
        slot = cadence.next_slot(slot)
    return found


@pytest.mark.parametrize("row", EDGES.strip().splitlines())
def test_fires_over_an_edge(row: str) -> None:
    city, start, expression, expected = (part.strip() for part in row.split("|"))
    first = utc(start.split()[0])
    last = first + timedelta(hours=int(start.split()[1]))
    cadence = cron(expression, ZONES[city])
    found = fires(cadence, first, last)
    assert [to_text(slot)[11:16] for slot in found] == expected.split()
    assert cadence.count_slots(first, last) == len(found)
    assert cadence.last_slot(last, not_before=first) == found[-1]


@pytest.mark.parametrize(
    "expression",
    ["30 1 * * *", "15 2 * * SAT,SUN", "0 * * * *", "*/45 1-3 * * *", "7 */5 * * *"],
)
@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("start", ["2026-03-01T00:00", "2026-10-20T00:00"])
def test_it_agrees_with_cronsim_where_clocks_move_by_an_hour(
    expression: str, zone: str, start: str
) -> None:
    first, last = utc(start), utc(start) + timedelta(days=30)
    theirs = []
    for fire in CronSim(expression, first.astimezone(ZoneInfo(zone))):
        if fire.astimezone(UTC) > last:
            break
        theirs.append(fire.astimezone(UTC))
    assert fires(cron(expression, zone), first + timedelta(seconds=1), last) == theirs


@pytest.mark.parametrize(
    ("shorthand", "first"),
    [
        ("@hourly", "2026-11-24T17:00"),
        ("@daily", "2026-11-25T00:00"),
        ("@weekly", "2026-11-29T00:00"),
        ("@monthly", "2026-12-01T00:00"),
        (" @Yearly ", "2027-01-01T00:00"),
    ],
)
def test_shorthands(shorthand: str, first: str) -> None:
    assert cron(shorthand).next_slot(utc("2026-11-24T16:00")) == utc(first)


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("0 9 * * MON-FRI", "2026-11-25T09:00"),
        ("0 9 L * *", "2026-11-30T09:00"),
        ("0 9 * * FRI#1", "2026-12-04T09:00"),
        ("0 9 13 * FRI", "2026-11-27T09:00"),
        ("0 9 */13 * FRI", "2026-11-27T09:00"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("  0   9 1 jan * ", "2027-01-01T09:00"),
    ],
)
def test_which_days_match(expression: str, first: str) -> None:
    assert cron(expression).next_slot(utc("2026-11-24T16:00")) == utc(first)


def test_a_leap_day_has_a_next_one() -> None:
    leap_day = utc("2028-02-29T00:00")
    assert cron("0 0 29 2 *").next_slot(leap_day) == utc("2032-02-29T00:00")


@pytest.mark.parametrize(
    ("expression", "fire", "following"),
    [
        ("0 0 29 2 */7", "2032-02-29T00:00", "2060-02-29T00:00"),
        ("0 0 29 2 *", "2096-02-29T00:00", "2104-02-29T00:00"),
        ("0 0 29 2 */7", "2088-02-29T00:00", "2128-02-29T00:00"),
    ],
    ids=["a Sunday", "a century", "a Sunday over a century"],
)
def test_the_next_fire_is_found_however_far_away(
    expression: str, fire: str, following: str
) -> None:
    assert cron(expression).next_slot(utc(fire)) == utc(following)


def test_no_calendar_takes_longer_to_come_again_than_is_looked() -> None:
    first_days = [date(year, 1, 1) for year in range(2000, 2441)]
    calendars = [(day.weekday(), isleap(day.year)) for day in first_days]
    for n, day in enumerate(first_days[:400]):
        again = first_days[calendars.index(calendars[n], n + 1)]
        assert again - day < timedelta(milliseconds=CALENDAR_MS)


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("0 */5 * * * *", "6 fields"),
        ("61 * * * *", "bad minute '61'"),
        ("* 24 * * *", "bad hour '24'"),
        ("* * 0 * *", "bad day-of-month '0'"),
        ("* * * 13 *", "bad month '13'"),
        ("* * * * 8", "bad day-of-week '8'"),
        ("*/0 * * * *", r"bad minute '\*/0'"),
        ("0 0 30 2 *", "month '2' has no day '30', so it never fires"),
        ("0 0 31 4,6 *", "month '4,6' has no day '31', so it never fires"),
        ("0 0 32 2 *", "bad day-of-month '32'"),
        ("@reboot", "none of @hourly, @daily, @weekly, @monthly, @yearly"),
        ("0," * 200 + "0 * * * *", "409 characters"),
        ("9" * 5000, "5000 characters"),
    ],
)
def test_what_is_no_expression_is_refused(expression: str, fault: str) -> None:
    expected = f"expected a cron expression of five fields .*, got '.*: .*{fault}"
    with pytest.raises(InvalidSchedule, match=expected) as error:
        parse_cron(expression)
    assert len(str(error.value)) < 200


@given(st.lists(st.text("0123456789*/,-#LW٣", max_size=6), min_size=5, max_size=5))
@settings(max_examples=200)
def test_any_text_is_read_or_refused(fields: list[str]) -> None:
    try:
        parsed = parse_cron(" ".join(fields))
    except InvalidSchedule:
        return
    assert parsed.minutes == tuple(sorted(set(parsed.minutes)))
    assert all(0 <= minute < 1440 for minute in parsed.minutes)
    next(parsed.days(date(2026, 1, 1), date(2030, 1, 1)), None)


def test_counting_stops_at_the_limit() -> None:
    every_minute = cron("* * * * *")
    first, last = utc("2026-01-01T00:00"), utc("2027-01-01T00:00")
    assert every_minute.count_slots(first, last) == 100_000
    assert every_minute.count_slots(last, first) == 0
