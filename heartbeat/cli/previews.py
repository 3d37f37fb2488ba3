"""When a file runs next: as each heartbeat that a gateway has of it, or by itself.

The place of a run within its interval depends on the heartbeat's id and owner, and the
message that configured it may say more than the file: only the gateway knows both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from heartbeat.asked import Window
from heartbeat.cli.configured import KnownHeartbeats
from heartbeat.cli.item_slots import (
    NOT_JUDGED_YET,
    ItemSlots,
    item_slots,
    shown_item_slots,
)
from heartbeat.cli.output import plain
from heartbeat.cli.pace import pace
from heartbeat.cli.reading import ReadChecklist
from heartbeat.cli.slots import ComingSlot, coming_slots, shown_slots
from heartbeat.config import Timing, unique_id
from heartbeat.hours import parse_zone
from heartbeat.replies import GetResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The next slots of a file and of its items; `name` is the heartbeat's id.

    `state` is None where no gateway knows the heartbeat. One that is paused or disabled
    has no slots.
    """

    name: str
    owner: str
    state: str | None
    timing: Timing
    slots: Sequence[ComingSlot]
    items: Sequence[ItemSlots]

    def as_data(self) -> Mapping[str, object]:
        """Return its JSON form."""
        zone = parse_zone(self.timing.timezone)
        return {
            "scheduleId": self.name,
            "owner": self.owner,
            "state": self.state,
            "nextRuns": [slot.as_data(zone) for slot in self.slots],
            "itemRuns": [one.as_data() for one in self.items],
        }

    def shown(self) -> Iterator[RenderableType]:
        """Yield what is written of it."""
        if self.state is not None:
            yield Text(plain(f"{self.name} runs {pace(self.timing)}"), style="bold")
        if self.state not in (None, "active"):
            yield Text(plain(f"not now: it is {self.state}"), style="yellow")
            return
        yield shown_slots(self.slots, parse_zone(self.timing.timezone))
        yield shown_item_slots(self.items, note=NOT_JUDGED_YET)
        if self.state is None and _is_spread(self.timing):
            said = f"as {self.name} of the owner {self.owner}: another id or owner has"
            yield Text(plain(f"{said} another place within the interval"), style="dim")


def by_itself(
    found: ReadChecklist, after: datetime, *, most: int, of_items: int
) -> Preview:
    """Preview a file with the id that it gets at a gateway without tokens."""
    config = found.config
    return Preview(
        name=config.schedule_id,
        owner=config.owner,
        state=None,
        timing=config.timing,
        slots=list(coming_slots(found.cadence, after, most)),
        items=item_slots(found, after, of_items),
    )


def of_fleet(
    found: ReadChecklist,
    known: KnownHeartbeats,
    after: datetime,
    *,
    most: int,
    of_items: int,
) -> list[Preview]:
    """Preview a file as each heartbeat that the gateway has of it."""
    return [
        _as_configured(
            by_itself(
                _with_timing(found, _timing(known.owner, reply)),
                after,
                most=most,
                of_items=of_items,
            ),
            known.owner,
            reply,
        )
        for reply in known.heartbeats.values()
    ]


def shown_previews(previews: Iterable[Preview]) -> Iterator[RenderableType]:
    """Yield what is written of each, after an empty line."""
    for preview in previews:
        yield Text()
        yield from preview.shown()


def _as_configured(preview: Preview, owner: str, reply: GetResult) -> Preview:
    view = reply.heartbeat
    named = replace(preview, name=view.schedule_id, owner=owner, state=view.state)
    return named if view.state == "active" else replace(named, slots=(), items=())


def _with_timing(found: ReadChecklist, timing: Timing) -> ReadChecklist:
    return replace(found, config=found.config.model_copy(update={"timing": timing}))


def _timing(owner: str, reply: GetResult) -> Timing:
    config = reply.config
    minutes = config.interval
    return Timing.model_validate(
        {
            "heartbeat_id": unique_id(owner, reply.heartbeat.schedule_id),
            "interval_ms": None if minutes is None else round(minutes * 60_000),
            "cron": config.cron_expression,
            "timezone": config.timezone,
            "hours": tuple(map(Window.model_validate, config.active_hours)),
            "align": config.align,
        }
    )


def _is_spread(timing: Timing) -> bool:
    return timing.cron is None and timing.align == "spread"
