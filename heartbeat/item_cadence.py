"""When an item with a cadence of its own (`every=4h`) is due.

Marks are the multiples of `every` since 1970, moved by a phase that spreads items. An
item is due at the first slot with a mark since the slot it was judged for last. What
counts is that judgement, which the book keeps, and not the slot before: a slot that
nobody ran costs no item its turn.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from heartbeat.book import Book
from heartbeat.cadence import Cadence
from heartbeat.checklist import Item
from heartbeat.grid import phase_seed
from heartbeat.instants import from_ms, to_ms
from heartbeat.verdict import ItemResult

#: An item that could not be judged is tried again before its next mark: after twice
#: this time, then twice as long after each further failure, as each may cost calls of
#: a model; but after about an hour at the latest, so that recovery is seen.
RETRY_MS = 60_000
MOST_DOUBLINGS = 6

_MILLISECOND = timedelta(milliseconds=1)


def due_items(
    items: Iterable[Item],
    *,
    slot: datetime,
    manual: bool,
    book: Book,
    align_clock: bool,
) -> tuple[Item, ...]:
    """Return the items to judge for this slot; a run by hand judges all."""
    return tuple(
        item
        for item in items
        if manual or _is_due(item, to_ms(slot), book, align_clock=align_clock)
    )


def remember_judged(
    book: Book,
    results: Iterable[ItemResult],
    *,
    paced: Collection[str],
    slot: datetime,
) -> Book:
    """Note for which slot these items were judged.

    `paced` are the keys of the items that are on and have an `every`; others are
    forgotten. The slot and not the time of the judgement is kept, as a mark between
    the two has not been judged for.
    """
    judged = {key: ms for key, ms in book.judged.items() if key in paced}
    for result in results:
        if result.item_key in paced:
            judged[result.item_key] = to_ms(slot)
    return book.but(judged=judged)


def coming_slots(
    item: Item, cadence: Cadence, *, after: datetime, align_clock: bool
) -> Iterator[datetime]:
    """Yield the slots after `after` that judge the item if none is missed.

    Its first one may come earlier: what was never judged is due at once.
    """
    at = after if item.every is None else after - item.every
    while True:
        mark = _next_mark(item, at, align_clock=align_clock)
        slot = cadence.next_slot(mark - _MILLISECOND)
        if slot is None:
            return
        if slot > after:
            yield slot
        at = slot


def slots_ahead(
    item: Item, cadence: Cadence, *, first: datetime, book: Book, align_clock: bool
) -> Iterator[datetime]:
    """Yield the slots that judge the item if none is missed; `first` may be one.

    Unlike `coming_slots` it knows when the item was judged last, and how that ended.
    """
    slot: datetime | None = first
    if not _is_due(item, to_ms(first), book, align_clock=align_clock):
        marked = next(
            coming_slots(item, cadence, after=first, align_clock=align_clock), None
        )
        slot = min(filter(None, (marked, _retried(item, cadence, book))), default=None)
    if slot is None:
        return
    yield slot
    yield from coming_slots(item, cadence, after=slot, align_clock=align_clock)


def _is_due(item: Item, slot_ms: int, book: Book, *, align_clock: bool) -> bool:
    judged_ms = book.judged.get(item.key)
    if item.every is None or judged_ms is None:
        return True
    every = item.every // _MILLISECOND
    phase = _phase(item, every, align_clock=align_clock)
    # Not "later than": a clock that was set back must not let an item wait for it.
    if (slot_ms - phase) // every != (judged_ms - phase) // every:
        return True
    retry_ms = _retry_ms(item, book)
    return retry_ms is not None and slot_ms >= retry_ms


def _retry_ms(item: Item, book: Book) -> int | None:
    """Return from when on an item that could not be judged is tried again."""
    judged_ms, unknown = book.judged.get(item.key), book.unknowns.get(item.key)
    if judged_ms is None or unknown is None:
        return None
    return judged_ms + (RETRY_MS << min(unknown.streak, MOST_DOUBLINGS))


def _retried(item: Item, cadence: Cadence, book: Book) -> datetime | None:
    retry_ms = _retry_ms(item, book)
    if retry_ms is None:
        return None
    return cadence.next_slot(from_ms(retry_ms) - _MILLISECOND)


def _next_mark(item: Item, at: datetime, *, align_clock: bool) -> datetime:
    """Return the first mark after `at`; without an `every` any instant is one."""
    if item.every is None:
        return at + _MILLISECOND
    every, at_ms = item.every // _MILLISECOND, to_ms(at)
    phase = _phase(item, every, align_clock=align_clock)
    return from_ms(at_ms + every - (at_ms - phase) % every)


def _phase(item: Item, every: int, *, align_clock: bool) -> int:
    return 0 if align_clock else phase_seed(item.key) % every
