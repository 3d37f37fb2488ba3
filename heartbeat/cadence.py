"""The cadence of a heartbeat: when its slots are, and what follows from one of them.

Slots are a pure function of stored configuration; no restart or missed run moves them.
All datetimes are aware UTC in whole milliseconds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from heartbeat.cron import CronGrid, parse_cron
from heartbeat.errors import InvalidSchedule
from heartbeat.grid import (
    HORIZON_MS,
    MAX_COUNT,
    Grid,
    IntervalGrid,
    WindowGrid,
    phase_seed,
)
from heartbeat.hours import ActiveHours, parse_zone
from heartbeat.instants import from_ms, to_ms
from heartbeat.intervals import (
    FOUR_YEARS,
    check_interval_with_hours,
    parse_interval_minutes,
)

__all__ = [
    "MAX_COUNT",
    "Cadence",
    "SlotPlan",
    "check_fires",
    "parse_interval_minutes",
]

#: A run that has not begun an hour after its slot would report on another time.
MAX_START_DELAY_MS = 3_600_000

#: A run gets most of its period, but time for one model call, and ten minutes at most.
MIN_RUN_MS = 30_000
MAX_RUN_MS = 600_000

#: So long a slot at the very end of its hours may begin: a message is on its way for a
#: moment, and the phase puts the last slot of some heartbeats just before the end.
LEAST_START_MS = 60_000

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotPlan:
    """The facts of one slot.

    `closes` is until when its active hours let it begin: the end of the span that holds
    it, or a minute after the slot. None without hours, and for a slot off the grid that
    no span holds.
    """

    slot: datetime
    next_slot: datetime | None
    start_deadline: datetime
    run_limit: timedelta
    closes: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """A grid of slots, made by `every` or `cron`."""

    grid: Grid
    hours: ActiveHours | None

    @classmethod
    def every(
        cls,
        interval: timedelta,
        *,
        heartbeat_id: str,
        align_clock: bool,
        hours: ActiveHours | None,
    ) -> "Cadence":
        """Build a true interval, its phase from the id or (`align_clock`) zero."""
        interval_ms = interval // _MILLISECOND
        if not timedelta(0) < interval <= FOUR_YEARS or interval % _MILLISECOND:
            raise InvalidSchedule(
                "expected an interval of whole milliseconds up to four years, "
                f"got {str(interval)!r}"
            )
        if not heartbeat_id:
            raise ValueError("expected the heartbeat's id, got ''")
        seed = 0 if align_clock else phase_seed(heartbeat_id)
        if hours is None:
            grid = IntervalGrid(interval=interval_ms, phase=seed % interval_ms)
            return cls(grid=grid, hours=None)
        check_interval_with_hours(interval)
        windows = WindowGrid(interval=interval_ms, seed=seed, hours=hours)
        return cls(grid=windows, hours=hours)

    @classmethod
    def cron(
        cls, expression: str, *, timezone: str, hours: ActiveHours | None
    ) -> "Cadence":
        """Build the fires of a cron that fall into hours without own intervals."""
        windows = () if hours is None else hours.windows
        for window in windows:
            if window.interval is not None:
                raise InvalidSchedule(
                    "expected no interval in activeHours together with cronExpression,"
                    f" got {str(window.interval)!r} in {window}"
                )
        zone = parse_zone(timezone)
        grid = CronGrid(cron=parse_cron(expression), zone=zone, hours=hours)
        return cls(grid=grid, hours=hours)

    def next_slot(self, after: datetime) -> datetime | None:
        """Return the first slot strictly after, however far; None if there is none."""
        slot = self.grid.next_ms(to_ms(after))
        return None if slot is None else from_ms(slot)

    def last_slot(
        self, at_or_before: datetime, *, not_before: datetime
    ) -> datetime | None:
        """Return the newest slot in [not_before, at_or_before]."""
        slot = self.grid.last_ms(to_ms(at_or_before), not_before=to_ms(not_before))
        return None if slot is None else from_ms(slot)

    def count_slots(self, first: datetime, last: datetime) -> int:
        """Count the slots in [first, last], up to MAX_COUNT."""
        return self.grid.count(to_ms(first), to_ms(last))

    def plan(self, slot: datetime) -> SlotPlan:
        """Say what follows from a slot, on the grid or (run now) off it."""
        slot_ms = to_ms(slot)
        next_ms = self.grid.next_ms(slot_ms)
        period = MAX_START_DELAY_MS if next_ms is None else next_ms - slot_ms
        run_ms = min(max(period * 4 // 5, MIN_RUN_MS), MAX_RUN_MS)
        span = None if self.hours is None else self.hours.span_at(slot)
        least = from_ms(slot_ms + LEAST_START_MS)
        return SlotPlan(
            slot=slot,
            next_slot=None if next_ms is None else from_ms(next_ms),
            start_deadline=from_ms(slot_ms + min(period, MAX_START_DELAY_MS)),
            run_limit=timedelta(milliseconds=run_ms),
            closes=None if span is None else max(span.closes, least),
        )


def check_fires(cadence: Cadence, now: datetime) -> None:
    """Refuse a cadence without a slot in the four years after `now`."""
    now_ms = to_ms(now)
    if cadence.grid.next_ms(now_ms, until=now_ms + HORIZON_MS) is None:
        raise InvalidSchedule(
            f"expected a slot within four years, got none: {cadence.grid}"
        )
