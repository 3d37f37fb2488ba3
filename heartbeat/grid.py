"""Grids of slots, in milliseconds: each a pure function of stored configuration.

Plain integers, because the dispatcher asks for thousands of slots a second. `cron` has
the third kind of grid; `cadence` gives them all one face.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Protocol

from heartbeat.hours import ActiveHours, Span
from heartbeat.instants import from_ms, to_ms
from heartbeat.intervals import FOUR_YEARS

_MILLISECOND = timedelta(milliseconds=1)

#: How soon a schedule must have a slot to be accepted. A day more, so that 29 February
#: has a next slot in a zone that moved its clocks.
HORIZON_MS = (FOUR_YEARS + timedelta(days=1)) // _MILLISECOND

#: How far away the next slot can be: a year with the same calendar, weekdays and leap
#: day and all, comes again within 40 years. What has no slot until then has none.
CALENDAR_MS = timedelta(days=40 * 366) // _MILLISECOND

#: Counting stops here: enough to say "many", and a long outage costs no more.
MAX_COUNT = 100_000


class Grid(Protocol):
    """Slots in order, as milliseconds since 1970."""

    def next_ms(self, after: int, *, until: int | None = None) -> int | None:
        """Return the first slot strictly after, None if there is none up to `until`.

        Without `until` it is found however far away it is.
        """

    def last_ms(self, at: int, *, not_before: int) -> int | None:
        """Return the newest slot in [not_before, at]."""

    def count(self, first: int, last: int) -> int:
        """Count the slots in [first, last], up to MAX_COUNT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalGrid:
    """Slots at 1970 + phase + k * interval, in UTC and around the clock."""

    interval: int
    phase: int

    def next_ms(self, after: int, *, until: int | None = None) -> int | None:
        slot = after + self.interval - (after - self.phase) % self.interval
        return slot if until is None or slot <= until else None

    def last_ms(self, at: int, *, not_before: int) -> int | None:
        slot = at - (at - self.phase) % self.interval
        return slot if slot >= not_before else None

    def count(self, first: int, last: int) -> int:
        return min(MAX_COUNT, _count(self.phase, self.interval, first, last))


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowGrid:
    """Slots at opening + phase' + k * interval inside each span of the active hours.

    A window may have an interval of its own. phase' = seed modulo the shorter of
    interval and window, so every window has a slot at the same wall time each day. The
    window's length is its nominal one; only in a span that DST made shorter than phase'
    does phase' wrap around, to keep one slot.
    """

    interval: int
    seed: int
    hours: ActiveHours

    def next_ms(self, after: int, *, until: int | None = None) -> int | None:
        # There is always one: spans go on for ever, and each has a slot.
        spans = self.hours.spans(from_ms(after))
        slots = (self._next_in(span, after) for span in spans)
        slot = next(slot for slot in slots if slot is not None)
        return slot if until is None or slot <= until else None

    def last_ms(self, at: int, *, not_before: int) -> int | None:
        return newest(self, at, not_before=not_before)

    def count(self, first: int, last: int) -> int:
        spans = self.hours.spans_within(from_ms(first), from_ms(last))
        return capped_sum(self._count_in(span, first, last) for span in spans)

    def _next_in(self, span: Span, after: int) -> int | None:
        slot = self._first_slot(span)
        if after >= slot:
            interval = self._interval(span)
            slot = after + interval - (after - slot) % interval
        return slot if slot < to_ms(span.closes) else None

    def _count_in(self, span: Span, first: int, last: int) -> int:
        start, end = self._first_slot(span), min(last, to_ms(span.closes) - 1)
        return _count(start, self._interval(span), max(first, start), end)

    def _first_slot(self, span: Span) -> int:
        opens = to_ms(span.opens)
        phase = self.seed % min(self._interval(span), span.nominal // _MILLISECOND)
        return opens + phase % (to_ms(span.closes) - opens)

    def _interval(self, span: Span) -> int:
        return self.interval if span.interval is None else span.interval // _MILLISECOND


def phase_seed(heartbeat_id: str) -> int:
    """Return a number that spreads ids evenly, the same in every process."""
    return int.from_bytes(sha256(heartbeat_id.encode()).digest()[:8])


def newest(grid: Grid, at: int, *, not_before: int) -> int | None:
    """Find the newest slot in [not_before, at] by bisection.

    What follows never decreases: the newest slot is what follows the last instant that
    has a slot up to `at` after it. About 30 calls for a day, 40 for years.
    """

    def is_past(after: int) -> bool:
        return grid.next_ms(after, until=at) is None

    start = not_before - 1
    early = bisect_right(range(start, at), False, key=is_past)
    return grid.next_ms(start + early - 1, until=at) if early > 0 else None


def capped_sum(counts: Iterable[int]) -> int:
    """Add up to MAX_COUNT and look no further."""
    total = 0
    for count in counts:
        total += count
        if total >= MAX_COUNT:
            return MAX_COUNT
    return total


def _count(phase: int, interval: int, first: int, last: int) -> int:
    return max(0, (last - phase) // interval - (first - 1 - phase) // interval)
