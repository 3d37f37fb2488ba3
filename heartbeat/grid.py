"""Grids of slots, in milliseconds: each a pure function of stored configuration.

Plain integers, because the dispatcher asks for thousands of slots a second. `cron` has
the third kind of grid; `cadence` gives them all one face.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Protocol

from heartbeat.hours import ActiveHours, Span
from heartbeat.instants import from_ms, to_ms

#: The longest interval, and how far ahead a schedule must have a slot.
FOUR_YEARS = timedelta(days=4 * 365 + 1)

#: A day more, so that 29 February has a next slot in a zone that moved its clocks.
HORIZON_MS = (FOUR_YEARS + timedelta(days=1)) // timedelta(milliseconds=1)

#: Counting stops here: enough to say "many", and a long outage costs no more.
MAX_COUNT = 100_000


class Grid(Protocol):
    """Slots in order, as milliseconds since 1970."""

    def next_ms(self, after: int) -> int | None:
        """Return the first slot strictly after, or None if none within four years."""

    def last_ms(self, at: int, *, not_before: int) -> int | None:
        """Return the newest slot in [not_before, at]."""

    def count(self, first: int, last: int) -> int:
        """Count the slots in [first, last], up to MAX_COUNT."""


@dataclass(frozen=True, slots=True)
class IntervalGrid:
    """Slots at 1970 + phase + k * interval, in UTC and around the clock."""

    interval: int
    phase: int

    def next_ms(self, after: int) -> int:
        return after + self.interval - (after - self.phase) % self.interval

    def last_ms(self, at: int, *, not_before: int) -> int | None:
        slot = at - (at - self.phase) % self.interval
        return slot if slot >= not_before else None

    def count(self, first: int, last: int) -> int:
        return min(MAX_COUNT, _count(self.phase, self.interval, first, last))


@dataclass(frozen=True, slots=True)
class WindowGrid:
    """Slots at opening + phase' + k * interval inside each span of the active hours.

    phase' = seed modulo the shorter of interval and window, so every window has a slot
    at the same wall time each day. The window's length is its nominal one; only in a
    span that DST made shorter than phase' does phase' wrap around, to keep one slot.
    """

    interval: int
    seed: int
    hours: ActiveHours

    def next_ms(self, after: int) -> int | None:
        for span in self.hours.spans(from_ms(after)):
            if to_ms(span.opens) > after + HORIZON_MS:
                break
            first, closes = self._first_slot(span), to_ms(span.closes)
            slot = first
            if after >= first:
                slot = after + self.interval - (after - first) % self.interval
            if slot < closes:
                return slot
        return None

    def last_ms(self, at: int, *, not_before: int) -> int | None:
        return newest(self.next_ms, at, not_before=not_before)

    def count(self, first: int, last: int) -> int:
        total = 0
        for span in self.hours.spans(from_ms(first)):
            if to_ms(span.opens) > last or total >= MAX_COUNT:
                break
            start, end = self._first_slot(span), min(last, to_ms(span.closes) - 1)
            total += _count(start, self.interval, max(first, start), end)
        return min(MAX_COUNT, total)

    def _first_slot(self, span: Span) -> int:
        opens = to_ms(span.opens)
        nominal = span.nominal // timedelta(milliseconds=1)
        phase = self.seed % min(self.interval, nominal)
        return opens + phase % (to_ms(span.closes) - opens)


def phase_seed(heartbeat_id: str) -> int:
    """Return a number that spreads ids evenly, the same in every process."""
    return int.from_bytes(sha256(heartbeat_id.encode()).digest()[:8])


def newest(
    next_ms: Callable[[int], int | None], at: int, *, not_before: int
) -> int | None:
    """Find the newest slot in [not_before, at] by bisection.

    `next_ms` never decreases: the newest slot is what it gives for the last instant
    whose next slot is not past `at`. About 30 calls for a day, 40 for years.
    """

    def is_past(after: int) -> bool:
        slot = next_ms(after)
        return slot is None or slot > at

    start = not_before - 1
    early = bisect_right(range(start, at), False, key=is_past)
    return next_ms(start + early - 1) if early > 0 else None


def _count(phase: int, interval: int, first: int, last: int) -> int:
    return max(0, (last - phase) // interval - (first - 1 - phase) // interval)
