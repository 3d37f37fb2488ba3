"""How stored things look to a client: records in, views out."""

from collections import Counter
from datetime import datetime
from typing import Literal

from gateway.at_every import every_text
from heartbeat.book import Incident, UnknownItem
from heartbeat.config import HeartbeatConfig
from heartbeat.degraded import unknown_details
from heartbeat.instants import ms_to_text, to_text
from heartbeat.lifecycle import IncidentState
from heartbeat.notices import Kind
from heartbeat.outages import (
    CONFIG_TROUBLE,
    OVERDUE_SLOTS,
    config_details,
    overdue_details,
)
from heartbeat.runs import RunRecord
from heartbeat.store.stored import Stored
from heartbeat.verdict import Severity
from heartbeat.views import (
    EffectiveConfig,
    HeartbeatView,
    IncidentView,
    LastRunView,
    ListedHeartbeat,
    OldSchedule,
    PauseView,
    RunView,
)

#: Slots shown ahead.
NEXT_RUNS = 5

_MS_PER_MINUTE = 60_000


def effective(config: HeartbeatConfig) -> EffectiveConfig:
    """Show what holds for a heartbeat."""
    timing = config.timing
    return EffectiveConfig(
        interval=None if timing.interval_ms is None else _minutes(timing.interval_ms),
        cron_expression=timing.cron,
        timezone=timing.timezone,
        active_hours=tuple(
            window.model_dump(mode="json", by_alias=True, exclude_none=True)
            for window in timing.hours
        ),
        align=timing.align,
        enabled=config.enabled,
        model=config.model,
        notify=config.notify,
        repeat_minutes=config.repeat_minutes,
        run_on=config.run_on,
        sources=config.sources,
    )


def next_runs(stored: Stored) -> tuple[str, ...]:
    """Show the slots ahead; none while it is paused or disabled."""
    cadence = stored.config.timing.cadence()
    slots: list[datetime] = []
    slot = stored.next_slot
    while slot is not None and len(slots) < NEXT_RUNS:
        slots.append(slot)
        slot = cadence.next_slot(slot)
    return tuple(to_text(slot) for slot in slots)


def listed(stored: Stored, last_run: RunRecord | None) -> ListedHeartbeat:
    """Show one heartbeat as in a list."""
    return ListedHeartbeat(
        schedule_id=stored.config.schedule_id,
        name=stored.config.name,
        path=stored.config.path,
        state=stored.state,
        paused=_pause(stored),
        next_run=None if stored.next_slot is None else to_text(stored.next_slot),
        running=stored.running,
        last_run=None if last_run is None else _counted(last_run),
        open_incidents=len(incidents(stored)),
    )


def _pause(stored: Stored) -> PauseView | None:
    if stored.paused_at is None:
        return None
    return PauseView(at=to_text(stored.paused_at), note=stored.paused_note)


def heartbeat(stored: Stored, last_run: RunRecord | None) -> HeartbeatView:
    """Show one heartbeat with the items of its last run."""
    facts = dict(listed(stored, None))
    return HeartbeatView.model_validate(
        {**facts, "last_run": None if last_run is None else run(last_run)}
    )


def run(record: RunRecord) -> RunView:
    """Show one run."""
    return RunView.model_validate(record.to_wire())


def _counted(record: RunRecord) -> LastRunView:
    counts = Counter(item.status.value for item in record.items)
    facts = record.model_copy(update={"items": (), "usage": None}).to_wire()
    return LastRunView.model_validate({**facts, "counts": counts})


def incidents(stored: Stored) -> tuple[IncidentView, ...]:
    """Show what was told of one heartbeat and is not over."""
    book = stored.book
    views = [_action(stored, one) for one in book.incidents.values()]
    views += [
        _degraded(stored, one, one.told_ms)
        for one in book.unknowns.values()
        if one.told_ms is not None
    ]
    if book.config is not None:
        details = config_details(book.config)
        views.append(
            _outage(stored, Kind.CONFIG, CONFIG_TROUBLE, details, book.config.told_ms)
        )
    if book.overdue is not None:
        details = overdue_details(book.overdue)
        views.append(
            _outage(stored, Kind.OVERDUE, OVERDUE_SLOTS, details, book.overdue.told_ms)
        )
    return tuple(views)


def old_schedule(stored: Stored) -> OldSchedule:
    """Show one heartbeat in the older form, which knows nothing but cron."""
    timing = stored.config.timing
    return OldSchedule(
        id=stored.config.schedule_id,
        name=stored.config.name,
        cron_expression=timing.cron or every_text(timing.interval_ms or 0),
        timezone=timing.timezone,
        enabled=stored.state == "active",
        next_run=None if stored.next_slot is None else to_text(stored.next_slot),
    )


def _action(stored: Stored, incident: Incident) -> IncidentView:
    until_ms = incident.snoozed_until_ms
    return IncidentView(
        schedule_id=stored.config.schedule_id,
        name=stored.config.name,
        kind=Kind.ACTION.value,
        item_key=incident.item_key,
        description=incident.description,
        details=incident.details,
        severity=incident.severity,
        state=incident.state,
        since=ms_to_text(incident.opened_ms),
        snoozed_until=None if until_ms is None else ms_to_text(until_ms),
    )


def _degraded(stored: Stored, unknown: UnknownItem, told_ms: int) -> IncidentView:
    return IncidentView(
        schedule_id=stored.config.schedule_id,
        name=stored.config.name,
        kind=Kind.DEGRADED.value,
        item_key=unknown.item_key,
        description=unknown.description,
        details=unknown_details(unknown),
        severity=unknown.severity,
        state=IncidentState.OPEN,
        since=ms_to_text(told_ms),
    )


def _outage(
    stored: Stored,
    kind: Literal[Kind.CONFIG, Kind.OVERDUE],
    description: str,
    details: str,
    told_ms: int,
) -> IncidentView:
    return IncidentView(
        schedule_id=stored.config.schedule_id,
        name=stored.config.name,
        kind=kind.value,
        description=description,
        details=details,
        severity=Severity.WARNING,
        state=IncidentState.OPEN,
        since=ms_to_text(told_ms),
    )


def _minutes(ms: int) -> float:
    return ms / _MS_PER_MINUTE
