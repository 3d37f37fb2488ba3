"""Create and change heartbeats: the checklist is read, the config resolved, stored."""

from dataclasses import replace
from datetime import datetime

from gateway import present, present_items
from gateway.checklists import Checklists, placement_warnings, unread_lines
from gateway.store import Store
from heartbeat.asked import Asked
from heartbeat.checklist import Checklist
from heartbeat.config import check_schedule_id, default_schedule_id
from heartbeat.errors import Busy, InvalidConfig
from heartbeat.item_checks import check_items
from heartbeat.replies import Configured
from heartbeat.requests import Configure
from heartbeat.resolve import Bounds, Identity, Resolved, resolve
from heartbeat.settings import Settings
from heartbeat.store.heartbeats import Change


class Configuring:
    """Carries out whatever makes or changes a config."""

    def __init__(
        self, store: Store, checklists: Checklists, settings: Settings
    ) -> None:
        self._store, self._checklists = store, checklists
        self._most = settings.max_heartbeats_per_owner
        self._bounds = Bounds(
            timezone=settings.timezone,
            min_interval=settings.min_interval,
            custom_base_url=settings.anthropic_base_url is not None,
        )

    def configure(self, owner: str, request: Configure, now: datetime) -> Configured:
        """Create or update a heartbeat.

        1. Read the checklist; what cannot be used stores nothing.
        2. Resolve and store, which schedules it.
        3. Ask for a run at once where that was wanted.
        """
        asked = request.asked()
        resolved, checklist, change = self.apply(
            owner, asked, schedule_id=request.schedule_id, now=now
        )
        schedule_id = resolved.config.schedule_id
        run_id, run_warnings = self._run_now(owner, schedule_id, request.run_now)
        stored = self._store.heartbeats.get(owner, schedule_id)
        return Configured(
            id=request.id,
            schedule_id=schedule_id,
            outcome=change.outcome,
            config=present.effective(stored.config),
            next_runs=present.next_runs(stored),
            items=present_items.items(checklist.items, stored, now=now),
            paused=stored.state == "paused",
            run_id=run_id,
            warnings=(
                *_checklist_warnings(checklist),
                *resolved.warnings,
                *placement_warnings(
                    stored.config, checklist, self._store.processes.seen()
                ),
                *run_warnings,
            ),
        )

    def apply(
        self, owner: str, asked: Asked, *, schedule_id: str | None, now: datetime
    ) -> tuple[Resolved, Checklist, Change]:
        """Resolve what is asked against the checklist as it is now, and store it.

        The warnings are also those about what single items ask for.
        """
        path = self._checklists.relative(owner, asked.heartbeat_path, asked.content)
        identity = Identity(
            owner=owner,
            schedule_id=default_schedule_id(owner, path)
            if schedule_id is None
            else check_schedule_id(schedule_id),
            path=path,
        )
        checklist = self._checklists.read(owner, path, asked.content)
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
        warnings = (*resolved.warnings, *of_items)
        return replace(resolved, warnings=warnings), checklist, change

    def _run_now(
        self, owner: str, schedule_id: str, wanted: bool
    ) -> tuple[str | None, tuple[str, ...]]:
        """Ask for a run; the config is stored, so a refusal is only a warning."""
        if not wanted:
            return None, ()
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
