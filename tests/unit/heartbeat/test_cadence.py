"""Cadence: intervals as a true grid, windows, and what follows from one slot."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbeat.cadence import (
    MAX_COUNT,
    Cadence,
    check_fires,
    parse_interval_minutes,
)
from heartbeat.errors import InvalidSchedule
from heartbeat.hours import ActiveHours
from heartbeat.instants import EPOCH, from_ms
from tests.unit.heartbeat.troubles import IN_GAPS_ONLY

NOW = datetime(2026, 11, 24, 16, 0, 3, 120_000, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OFFICE = ActiveHours.parse(
    {"start": "09:00", "end": "17:00", "daysOfWeek": [1, 2, 3, 4, 5]},
    timezone="America/New_York",
)
ALL_DAY = ActiveHours.parse({"start": "00:00", "end": "24:00"}, timezone="UTC")


def every(
    interval: timedelta,
    *,
    heartbeat_id: str = "hb-3f9c",
    align_clock: bool = False,
    hours: ActiveHours | None = None,
) -> Cadence:
    return Cadence.every(
        interval, heartbeat_id=heartbeat_id, align_clock=align_clock, hours=hours
    )


def cron(expression: str, hours: ActiveHours | None = None) -> Cadence:
    return Cadence.cron(expression, timezone="America/New_York", hours=hours)


def following(cadence: Cadence, after: datetime) -> datetime:
    slot = cadence.next_slot(after)
    assert slot is not None
    return slot


intervals = st.integers(1, 3 * 86_400_000).map(lambda ms: ms * MILLISECOND)
instants = st.integers(0, 4_000_000_000_000).map(from_ms)


@given(intervals, instants, st.text(min_size=1, max_size=8), st.booleans())
@settings(max_examples=100)
def test_intervals_are_a_grid(
    interval: timedelta, at: datetime, heartbeat_id: str, align_clock: bool
) -> None:
    cadence = every(interval, heartbeat_id=heartbeat_id, align_clock=align_clock)
    slot = following(cadence, at)
    assert at < slot <= at + interval
    assert following(cadence, slot) == slot + interval
    assert cadence.last_slot(at, not_before=EPOCH - interval) == slot - interval
    assert cadence.count_slots(slot, slot + 7 * interval) == 8
    assert cadence.count_slots(slot - interval + MILLISECOND, slot - MILLISECOND) == 0
    if align_clock:
        assert not (slot - EPOCH) % interval


def test_forty_five_minutes_are_forty_five_minutes() -> None:
    cadence = every(45 * MINUTE, align_clock=True)
    slots = [following(cadence, EPOCH + n * 45 * MINUTE) for n in range(3)]
    assert slots == [EPOCH + n * 45 * MINUTE for n in (1, 2, 3)]


def test_the_same_id_has_the_same_slots_for_ever() -> None:
    # A changed phase would move every heartbeat in every installation.
    assert following(every(45 * MINUTE), NOW) == datetime(
        2026, 11, 24, 16, 15, 35, 578_000, tzinfo=UTC
    )


def test_a_fleet_is_spread_evenly() -> None:
    phases = [
        (following(every(10 * MINUTE, heartbeat_id=f"hb-{n}"), EPOCH) - EPOCH) // MINUTE
        for n in range(1000)
    ]
    counts = [phases.count(minute) for minute in range(10)]
    assert min(counts) > 60
    assert max(counts) < 140


def test_the_newest_slot_may_be_too_old() -> None:
    cadence = every(HOUR, align_clock=True)
    slot = NOW.replace(minute=0, second=0, microsecond=0)
    assert cadence.last_slot(NOW, not_before=slot) == slot
    assert cadence.last_slot(NOW, not_before=slot + MILLISECOND) is None
    assert cadence.last_slot(slot, not_before=slot) == slot
    assert cadence.last_slot(NOW, not_before=NOW + HOUR) is None


@pytest.mark.parametrize(
    "cadence",
    [
        every(MINUTE),
        every(MINUTE, hours=ALL_DAY),
        cron("* * * * *", ALL_DAY),
        every(MILLISECOND, hours=ALL_DAY),
    ],
    ids=["interval", "windows", "cron", "many in one span"],
)
def test_counting_stops_at_the_limit(cadence: Cadence) -> None:
    assert cadence.count_slots(NOW, NOW + timedelta(days=365)) == MAX_COUNT
    assert cadence.count_slots(NOW, NOW - MILLISECOND) == 0


def test_a_cron_is_filtered_by_the_hours() -> None:
    cadence = cron("0 */4 * * *", OFFICE)
    friday_evening = datetime(2026, 11, 27, 22, tzinfo=UTC)
    assert following(cadence, friday_evening) == datetime(2026, 11, 30, 17, tzinfo=UTC)
    assert cadence.last_slot(
        friday_evening, not_before=friday_evening - timedelta(days=7)
    ) == datetime(2026, 11, 27, 21, tzinfo=UTC)
    assert cadence.count_slots(NOW, NOW + timedelta(days=7)) == 10


def test_windows_begin_with_a_slot_when_aligned() -> None:
    cadence = every(3 * HOUR, align_clock=True, hours=OFFICE)
    tuesday = datetime(2026, 11, 24, 14, tzinfo=UTC)
    slots = [following(cadence, tuesday - MILLISECOND)]
    for _ in range(3):
        slots.append(following(cadence, slots[-1]))
    wanted = [tuesday + n * HOUR for n in (0, 3, 6, 24)]
    assert slots == wanted


DAYPARTS = ActiveHours.parse(
    [
        {"start": "09:00", "end": "12:00", "interval": 60},
        {"start": "12:00", "end": "18:00"},
        {"start": "22:00", "end": "02:00", "interval": 90.5},
    ],
    timezone="UTC",
)


def test_a_window_may_have_an_interval_of_its_own() -> None:
    cadence = every(3 * HOUR, align_clock=True, hours=DAYPARTS)
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    slots = [following(cadence, midnight + 2 * HOUR)]
    for _ in range(8):
        slots.append(following(cadence, slots[-1]))
    assert [(slot - midnight) / HOUR for slot in slots] == pytest.approx(
        [9, 10, 11, 12, 15, 22, 22 + 90.5 / 60, 22 + 181 / 60, 24 + 9]
    )
    assert cadence.count_slots(slots[0], slots[-1]) == 9
    assert cadence.last_slot(slots[-1] - MILLISECOND, not_before=NOW) == slots[-2]


def test_the_period_is_that_of_the_daypart_or_up_to_the_next() -> None:
    cadence = every(3 * HOUR, align_clock=True, hours=DAYPARTS)
    nine = datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert cadence.plan(nine).next_slot == nine + HOUR
    assert cadence.plan(nine + 6 * HOUR).next_slot == nine + 13 * HOUR
    assert cadence.plan(nine).closes == nine + 3 * HOUR


@given(st.text(min_size=1, max_size=8), st.integers(1, 1440), st.integers(1, 1440))
@settings(max_examples=50)
def test_a_window_of_its_own_interval_is_as_one_of_the_heartbeat(
    heartbeat_id: str, own: int, general: int
) -> None:
    plain = {"start": "09:00", "end": "17:00"}
    windows = ActiveHours.parse({**plain, "interval": own}, timezone="Europe/Berlin")
    expected = every(
        own * MINUTE,
        heartbeat_id=heartbeat_id,
        hours=ActiveHours.parse(plain, timezone="Europe/Berlin"),
    )
    found = every(general * MINUTE, heartbeat_id=heartbeat_id, hours=windows)
    slot = NOW
    for _ in range(3):
        assert following(found, slot) == following(expected, slot)
        slot = following(found, slot)


def test_a_cron_has_no_intervals_in_its_windows() -> None:
    with pytest.raises(InvalidSchedule, match=r"got '1:00:00' in 09:00-12:00"):
        cron("0 * * * *", DAYPARTS)


def test_a_window_shorter_than_the_interval_has_its_slot() -> None:
    short = ActiveHours.parse({"start": "09:00", "end": "09:15"}, timezone="UTC")
    cadence = every(24 * HOUR, hours=short)
    first = following(cadence, NOW)
    assert short.is_open(first)
    assert following(cadence, first) == first + 24 * HOUR
    assert cadence.count_slots(NOW, NOW + timedelta(days=30)) == 30


def test_a_span_cut_by_dst_keeps_its_slot_and_moves_no_other() -> None:
    night = ActiveHours.parse(
        {"start": "01:00", "end": "03:00"}, timezone="America/New_York"
    )
    # 01:00 to 03:00 is one hour long on 8 March; some phases lie in the second.
    for n in range(20):
        cadence = every(24 * HOUR, heartbeat_id=f"hb-{n}", hours=night)
        before = following(cadence, datetime(2026, 3, 7, 5, tzinfo=UTC))
        on_the_day = following(cadence, before)
        after = following(cadence, on_the_day)
        assert night.is_open(on_the_day)
        assert after == before + timedelta(hours=47)


@pytest.mark.parametrize(
    ("period", "deadline", "run_limit"),
    [
        (timedelta(seconds=10), timedelta(seconds=10), timedelta(seconds=30)),
        (MINUTE, MINUTE, timedelta(seconds=48)),
        (timedelta(milliseconds=50_001), 50_001 * MILLISECOND, 40_000 * MILLISECOND),
        (30 * MINUTE, 30 * MINUTE, timedelta(seconds=600)),
        (7 * HOUR, HOUR, timedelta(seconds=600)),
    ],
)
def test_the_plan_of_a_slot(
    period: timedelta, deadline: timedelta, run_limit: timedelta
) -> None:
    cadence = every(period)
    slot = following(cadence, NOW)
    plan = cadence.plan(slot)
    assert plan.slot == slot
    assert plan.next_slot == slot + period
    assert plan.start_deadline == slot + deadline
    assert plan.run_limit == run_limit
    assert plan.closes is None


def test_the_plan_of_a_slot_in_hours_says_when_they_close() -> None:
    plan = every(45 * MINUTE, hours=OFFICE).plan(NOW)
    assert plan.closes == datetime(2026, 11, 24, 22, tzinfo=UTC)


def test_the_last_slot_before_they_close_may_begin_for_a_minute_all_the_same() -> None:
    closing = datetime(2026, 11, 24, 22, tzinfo=UTC)
    plan = every(MINUTE, hours=OFFICE).plan(closing - timedelta(milliseconds=200))
    assert plan.closes == plan.slot + MINUTE


def test_a_slot_off_the_grid_may_lie_outside_the_hours() -> None:
    plan = every(45 * MINUTE, align_clock=True, hours=OFFICE).plan(NOW + 9 * HOUR)
    assert plan.closes is None
    assert plan.next_slot == datetime(2026, 11, 25, 14, tzinfo=UTC)


def test_the_last_slot_of_all_has_a_plan() -> None:
    plan = IN_GAPS_ONLY.plan(following(IN_GAPS_ONLY, datetime(2018, 1, 1, tzinfo=UTC)))
    assert plan.slot == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert plan.next_slot is None
    assert plan.start_deadline == plan.slot + HOUR
    assert plan.run_limit == timedelta(seconds=600)


def test_a_cadence_that_never_fires_is_refused() -> None:
    with pytest.raises(
        InvalidSchedule,
        match=r"within four years, got none: cron '0 3 \* \* \*' in America/New_York "
        "within 09:00-17:00",
    ):
        check_fires(cron("0 3 * * *", OFFICE), NOW)
    with pytest.raises(InvalidSchedule, match=r"cron '0 0 29 2 \*/7' in \S+$"):
        check_fires(cron("0 0 29 2 */7"), datetime(2033, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "cadence", [every(MINUTE), every(24 * HOUR, hours=OFFICE), cron("0 0 29 2 *")]
)
def test_a_cadence_that_fires_is_fine(cadence: Cadence) -> None:
    check_fires(cadence, NOW)


@pytest.mark.parametrize(
    "interval",
    [
        timedelta(0),
        -MINUTE,
        timedelta(microseconds=1500),
        timedelta(days=1461) + MILLISECOND,
    ],
)
def test_an_interval_is_whole_milliseconds_up_to_four_years(
    interval: timedelta,
) -> None:
    with pytest.raises(InvalidSchedule, match="expected an interval of whole millis"):
        every(interval)


def test_an_interval_over_a_day_does_not_go_with_hours() -> None:
    with pytest.raises(InvalidSchedule, match="at most 24 h together with activeHours"):
        every(24 * HOUR + MILLISECOND, hours=OFFICE)


def test_a_heartbeat_has_an_id() -> None:
    with pytest.raises(ValueError, match="expected the heartbeat's id"):
        every(MINUTE, heartbeat_id="")


@pytest.mark.parametrize(
    ("minutes", "interval"),
    [
        (30, 30 * MINUTE),
        (7.5, timedelta(seconds=450)),
        (1 / 3, timedelta(seconds=20)),
        (0.00001, MILLISECOND),
        (1461 * 1440, timedelta(days=1461)),
    ],
)
def test_an_interval_in_minutes(minutes: float, interval: timedelta) -> None:
    assert parse_interval_minutes(minutes) == interval


@pytest.mark.parametrize(
    "minutes",
    [
        *(0, -1, 0.000001, 1461 * 1440 + 1, 10**400, True),
        *(float("nan"), float("inf"), float("-inf")),
    ],
    ids=lambda minutes: str(minutes)[:10],
)
def test_what_is_no_interval_is_refused(minutes: float) -> None:
    with pytest.raises(InvalidSchedule, match=r"expected an interval .* got"):
        parse_interval_minutes(minutes)
