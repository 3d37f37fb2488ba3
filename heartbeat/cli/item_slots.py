"""The next slots of items that have a cadence of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from rich.console import Group, RenderableType
from rich.text import Text

from heartbeat.cli.output import instant, plain, rows, table
from heartbeat.cli.reading import ReadChecklist
from heartbeat.instants import to_text
from heartbeat.item_attributes import every_text
from heartbeat.item_cadence import coming_slots
from heartbeat.views import ItemView

#: What the slots of a file alone leave out.
NOT_JUDGED_YET = "an item with a cadence of its own is also judged at its first slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSlots:
    """An item with an `every`, and when it is judged next if no slot is missed."""

    item_key: str
    description: str
    every: timedelta
    slots: Sequence[str]

    def as_data(self) -> Mapping[str, object]:
        """Return its JSON form; `every` is in minutes, as everywhere."""
        return {
            "itemKey": self.item_key,
            "every": self.every / timedelta(minutes=1),
            "nextRuns": list(self.slots),
        }


def item_slots(
    found: ReadChecklist, after: datetime, count: int
) -> tuple[ItemSlots, ...]:
    """Return the items that are not judged at every slot; all are at their first."""
    timing = found.config.timing
    return tuple(
        ItemSlots(
            item_key=item.key,
            description=item.text,
            every=item.every,
            slots=[
                to_text(slot)
                for slot in islice(
                    coming_slots(
                        item,
                        found.cadence,
                        after=after,
                        align_clock=timing.align == "clock",
                    ),
                    count,
                )
            ],
        )
        for item in found.checklist.items
        if item.every is not None
    )


def slots_of_views(items: Iterable[ItemView]) -> tuple[ItemSlots, ...]:
    """Return the same as the gateway gives it; nothing of what is paused."""
    return tuple(
        ItemSlots(
            item_key=item.item_key,
            description=item.description,
            every=timedelta(minutes=item.every),
            slots=item.next_runs,
        )
        for item in items
        if item.every is not None and item.next_runs
    )


def shown_item_slots(items: Sequence[ItemSlots], *, note: str = "") -> RenderableType:
    """Return them as a table; nothing where there are none."""
    if not items:
        return Group()
    made = table("item", "every", "next (UTC)", prose=("item", "next (UTC)"))
    cells = (
        (
            one.description,
            every_text(one.every),
            Text("\n".join(map(instant, one.slots))),
        )
        for one in items
    )
    parts: list[RenderableType] = [Text(), rows(made, cells)]
    if note:
        parts.append(Text(plain(note), style="dim"))
    return Group(*parts)
