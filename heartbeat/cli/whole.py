"""How one heartbeat is shown whole: its config, items, open trouble and next runs."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from heartbeat.cli.compiled_rules import rule_lines
from heartbeat.cli.incidents import incident_lines
from heartbeat.cli.item_slots import shown_item_slots, slots_of_views
from heartbeat.cli.output import instant, plain, rows, table
from heartbeat.item_attributes import every_text
from heartbeat.replies import GetResult
from heartbeat.views import EffectiveConfig, HeartbeatView, ItemView, PauseView


def whole(reply: GetResult, now: datetime) -> RenderableType:
    """Return one heartbeat whole."""
    view = reply.heartbeat
    parts: list[RenderableType] = [
        Text(plain(f"{view.name} ({view.schedule_id}), {_state(view)}"), style="bold"),
        Text(plain(f"checklist {view.path}")),
        _config(reply.config),
        *_trouble(reply),
    ]
    if reply.items:
        parts += [
            Text(),
            _items(reply.items, now),
            shown_item_slots(slots_of_views(reply.items)),
        ]
    if reply.next_runs:
        shown_runs = ", ".join(instant(run) for run in reply.next_runs)
        parts.append(Text(f"\nnext runs (UTC): {shown_runs}"))
    return Group(*parts)


def pause_text(pause: PauseView) -> str:
    """Return since when a heartbeat is paused, and why."""
    note = f": {pause.note}" if pause.note else ""
    return f"since {instant(pause.at)} UTC{note}"


def _state(view: HeartbeatView) -> str:
    since = "" if view.paused is None else f" {pause_text(view.paused)}"
    return f"{view.state}{since}"


def _config(config: EffectiveConfig) -> RenderableType:
    facts = table("field", "value", "from", prose=("value",))
    shown = config.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"sources"}
    )
    return rows(
        facts,
        (
            (name, str(value), str(config.sources.get(name, "")))
            for name, value in shown.items()
        ),
    )


def _trouble(reply: GetResult) -> Iterator[Text]:
    if reply.problem is not None:
        yield Text(plain(f"problem: {reply.problem}"), style="red")
    if reply.incidents:
        yield Text()
        yield from incident_lines(reply.incidents)


def _items(items: tuple[ItemView, ...], now: datetime) -> RenderableType:
    made = table("line", "item", "judged by", "key", prose=("item", "judged by"))
    return rows(
        made,
        (
            (str(item.line), _item(item), _judged_by(item, now), item.item_key)
            for item in items
        ),
    )


def _item(item: ItemView) -> str:
    if item.every is None:
        return item.description
    return f"{item.description} (every {every_text(timedelta(minutes=item.every))})"


def _judged_by(item: ItemView, now: datetime) -> Text:
    if item.needs_model:
        judge = Text(plain(item.model or "a model"))
        return Text("\n").join([judge, *rule_lines(item, now)])
    return Text("\n".join(map(plain, item.probes)))
