"""Create and change heartbeats: the checklist is read, the config resolved, stored."""

from dataclasses import dataclass
from datetime import datetime

from gateway import present, present_items
from gateway.checklists import Checklists, placement_warnings, unread_lines
from gateway.memory import Memory
from gateway.store import Store
from gateway.threads import Threads
from heartbeat.asked import Asked
from heartbeat.checklist import Checklist, parse_checklist
from heartbeat.config import (
    HeartbeatConfig,
    check_schedule_id,
    default_schedule_id,
)
from heartbeat.errors import Busy, InvalidConfig
from heartbeat.item_checks import check_items
from heartbeat.replies import Configured
from heartbeat.requests import Configure
from heartbeat.resolve import Bounds, Identity, resolve
from heartbeat.settings import Settings
from heartbeat.store.heartbeats import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What configuring has stored; the warnings are also those about single items."""

    config: HeartbeatConfig
    checklist: Checklist
    change: Change
    warnings: tuple[str, ...]


class Configuring:
    """Carries out whatever makes or changes a config."""

    def __init__(
        self,
        store: Store,
        checklists: Checklists,
        settings: Settings,
        threads: Threads,
        memory: Memory,
    ) -> None:
        self._store, self._checklists = store, checklists
        self._threads, self._memory = threads, memory
        self._most = settings.max_heartbeats_per_owner
        self._bounds = Bounds(
            timezone=settings.timezone,
            min_interval=settings.min_interval,
            custom_base_url=settings.anthropic_base_url is not None,
        )

    async def configure(
        self, owner: str, request: Configure, now: datetime
    ) -> Configured:
        """Create or update a heartbeat.

        1. Read the checklist; what cannot be used stores nothing.
        2. Resolve and store, which schedules it.
        3. Ask for a run at once where that was wanted, or where a run has found trouble
           while it was disabled.
        """
        applied = await self.apply(
            owner, request.asked(), schedule_id=request.schedule_id, now=now
        )
        return await self._threads.call(lambda: self._answer(request, applied, now))

    async def apply(
        self, owner: str, asked: Asked, *, schedule_id: str | None, now: datetime
    ) -> Applied:
        """Resolve what is asked against the checklist as it is now, and store it."""
        source = await self._checklists.read(owner, asked.heartbeat_path, asked.content)
        identity = Identity(
            owner=owner,
            schedule_id=default_schedule_id(owner, source.path)
            if schedule_id is None
            else check_schedule_id(schedule_id),
            path=source.path,
        )
        return await self._threads.call(
            lambda: self._store_it(asked, identity, parse_checklist(source.text), now)
        )

    def _store_it(
        self, asked: Asked, identity: Identity, checklist: Checklist, now: datetime
    ) -> Applied:
        resolved = resolve(
            asked,
            checklist.front_matter,
            identity=identity,
            bounds=self._bounds,
            now=now,
        )
        of_items = check_items(
            checklist,
            resolved.config,
            today=now.date(),
            custom_base_url=self._bounds.custom_base_url,
        )
        change = self._store.heartbeats.configure(
            resolved.config, max_per_owner=self._most
        )
        self._memory.configured(change.version)
        return Applied(
            config=resolved.config,
            checklist=checklist,
            change=change,
            warnings=(*resolved.warnings, *of_items),
        )

    def _answer(
        self, request: Configure, applied: Applied, now: datetime
    ) -> Configured:
        owner, schedule_id = applied.config.owner, applied.config.schedule_id
        checklist = applied.checklist
        run_id, run_warnings = self._run_now(owner, schedule_id, request.run_now)
        stored = self._store.heartbeats.get(owner, schedule_id)
        return Configured(
            id=request.id,
            schedule_id=schedule_id,
            outcome=applied.change.outcome,
            config=present.effective(stored.config),
            next_runs=present.next_runs(stored),
            items=present_items.items(checklist.items, stored, now=now),
            paused=stored.state == "paused",
            run_id=run_id,
            warnings=(
                *_checklist_warnings(checklist),
                *applied.warnings,
                *placement_warnings(
                    stored.config, checklist, self._store.processes.seen()
                ),
                *run_warnings,
            ),
        )

    def _run_now(
        self, owner: str, schedule_id: str, wanted: bool
    ) -> tuple[str | None, tuple[str, ...]]:
        """Ask for a run; the config is stored, so a refusal is only a warning."""
        if not wanted:
            return self._store.slots.run_unheard(owner, schedule_id), ()
        try:
            return self._store.slots.request_run(owner, schedule_id), ()
        except (Busy, InvalidConfig) as refusal:
            return None, (f"runNow: {refusal}",)


def _checklist_warnings(checklist: Checklist) -> tuple[str, ...]:
    if checklist.items:
        return unread_lines(checklist)
    return (
        *unread_lines(checklist),
        "the checklist has no item that is on: nothing is checked",
    )
