"""The next slots of a cadence, and what lies between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.text import Text

from heartbeat.cadence import Cadence
from heartbeat.cli.output import instant, rows, table
from heartbeat.instants import to_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingSlot:
    """One slot; `opened` is set where a closed time lies before it."""

    slot: datetime
    closed_from: datetime | None = None
    opened: datetime | None = None

    def as_data(self, zone: ZoneInfo) -> dict[str, object]:
        """Return its JSON form."""
        data: dict[str, object] = {
            "slot": to_text(self.slot),
            "local": self.slot.astimezone(zone).isoformat(timespec="seconds"),
        }
        if self.opened is not None:
            data["why"] = why(self, zone)
        return data


def coming_slots(cadence: Cadence, after: datetime, count: int) -> Iterator[ComingSlot]:
    """Give the next slots, fewer if there are no more."""
    before, slot = after, cadence.next_slot(after)
    for _ in range(count):
        if slot is None:
            return
        yield _explained(cadence, before, slot)
        before, slot = slot, cadence.next_slot(slot)


def why(coming: ComingSlot, zone: ZoneInfo) -> str:
    """Say why there is no slot before this one."""
    if coming.opened is None:
        return ""
    opened = f"{coming.opened.astimezone(zone):%a %H:%M}"
    if coming.closed_from is None:
        return f"outside active hours until {opened}"
    closed = f"{coming.closed_from.astimezone(zone):%a %H:%M}"
    return f"outside active hours from {closed} to {opened}"


def shown_slots(slots: Sequence[ComingSlot], zone: ZoneInfo) -> RenderableType:
    """Return the slots as a table, in UTC and in the zone."""
    if not slots:
        return Text("no slot", style="yellow")
    made = table(
        "next runs (UTC)", f"in {zone.key}", "why not before", prose=("why not before",)
    )
    return rows(
        made,
        (
            (
                instant(to_text(coming.slot)),
                f"{coming.slot.astimezone(zone):%a %Y-%m-%d %H:%M:%S}",
                why(coming, zone),
            )
            for coming in slots
        ),
    )


def _explained(cadence: Cadence, before: datetime, slot: datetime) -> ComingSlot:
    """Look whether the hours closed between two slots, or before the first."""
    hours = cadence.hours
    span = None if hours is None else hours.span_at(slot)
    if hours is None or span is None or span.opens <= before:
        return ComingSlot(slot=slot)
    earlier = hours.span_at(before)
    return ComingSlot(
        slot=slot,
        closed_from=None if earlier is None else earlier.closes,
        opened=span.opens,
    )
