"""The next slots of items that have a cadence of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from rich.console import Group, RenderableType
from rich.text import Text

from heartbeat.checklist import Item
from heartbeat.cli.output import instant, plain, rows, table
from heartbeat.cli.reading import ReadChecklist
from heartbeat.instants import to_text
from heartbeat.item_attributes import every_text
from heartbeat.item_cadence import coming_slots


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSlots:
    """An item with an `every`, and when it is judged next if no slot is missed."""

    item: Item
    every: timedelta
    slots: Sequence[datetime]

    def as_data(self) -> Mapping[str, object]:
        """Return its JSON form; `every` is in minutes, as everywhere."""
        return {
            "itemKey": self.item.key,
            "every": self.every / timedelta(minutes=1),
            "nextRuns": [to_text(slot) for slot in self.slots],
        }


def item_slots(
    found: ReadChecklist, after: datetime, count: int
) -> tuple[ItemSlots, ...]:
    """Return the items that are not judged at every slot; all are at their first."""
    timing = found.config.timing
    return tuple(
        ItemSlots(
            item=item,
            every=item.every,
            slots=tuple(
                islice(
                    coming_slots(
                        item,
                        found.cadence,
                        after=after,
                        align_clock=timing.align == "clock",
                    ),
                    count,
                )
            ),
        )
        for item in found.checklist.items
        if item.every is not None
    )


def shown_item_slots(items: Sequence[ItemSlots]) -> RenderableType:
    """Return them as a table; nothing where there are none."""
    if not items:
        return Group()
    made = table("item", "every", "next (UTC)", prose=("item", "next (UTC)"))
    cells = (
        (
            one.item.text,
            every_text(one.every),
            Text("\n".join(instant(to_text(slot)) for slot in one.slots)),
        )
        for one in items
    )
    note = "an item with a cadence of its own is also judged at its first slot"
    return Group(Text(), rows(made, cells), Text(plain(note), style="dim"))
