"""How the items of a checklist look to a client, with what is known of each."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

from heartbeat.checklist import Item
from heartbeat.compiled import CompiledItem, CompiledItems
from heartbeat.instants import ms_to_text, to_text
from heartbeat.item_cadence import slots_ahead
from heartbeat.store.stored import Stored
from heartbeat.views import CompilationView, ItemView

#: Slots shown ahead of an item with a cadence of its own.
ITEM_NEXT_RUNS = 3


def items(
    found: Iterable[Item],
    stored: Stored,
    *,
    now: datetime,
    compiled: CompiledItems | None = None,
) -> tuple[ItemView, ...]:
    """Show the items of a checklist, with the rules that were made of them."""
    known = CompiledItems() if compiled is None else compiled
    return tuple(_item(item, stored, known.of(item), now) for item in found)


def _item(
    item: Item, stored: Stored, known: CompiledItem | None, now: datetime
) -> ItemView:
    has_rule = known is not None and known.is_usable(now)
    return ItemView(
        item_key=item.key,
        description=item.text,
        line=item.line,
        group=item.group,
        severity=item.severity,
        probes=tuple(probe.source for probe in item.probes),
        needs_model=item.needs_model,
        compiled=known.probes if known is not None and has_rule else (),
        compilation=None if known is None else _compilation(known, has_rule=has_rule),
        every=None if item.every is None else item.every / timedelta(minutes=1),
        next_runs=_next_runs(item, stored),
        model=item.model,
    )


def _compilation(known: CompiledItem, *, has_rule: bool) -> CompilationView:
    return CompilationView(
        why=known.why,
        made_at=ms_to_text(known.made_ms),
        until=ms_to_text(known.until_ms),
        runs_to_full_check=known.runs_to_full_check if has_rule else None,
        suffices=known.suffices,
    )


def _next_runs(item: Item, stored: Stored) -> tuple[str, ...]:
    """Show the slots ahead of an item that is not judged at every one of them."""
    timing = stored.config.timing
    if item.every is None or stored.next_slot is None:
        return ()
    ahead = slots_ahead(
        item,
        timing.cadence(),
        first=stored.next_slot,
        book=stored.book,
        align_clock=timing.align == "clock",
    )
    return tuple(to_text(slot) for slot in islice(ahead, ITEM_NEXT_RUNS))
