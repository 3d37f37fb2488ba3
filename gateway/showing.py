"""Show one heartbeat whole, with its checklist as it is now."""

from datetime import datetime

from gateway import present, present_items
from gateway.checklists import Checklists, Source, unread_lines
from gateway.store import Store
from gateway.threads import Threads
from heartbeat.checklist import Checklist, parse_checklist
from heartbeat.errors import HeartbeatError
from heartbeat.replies import GetResult
from heartbeat.requests import Get
from heartbeat.store.stored import Stored

#: The problem of a checklist that is empty, or prose.
EMPTY = "expected items as `- [ ] text`, got none: nothing is checked"


class Showing:
    """Carries out what needs a heartbeat's checklist only to show it."""

    def __init__(self, store: Store, checklists: Checklists, threads: Threads) -> None:
        self._store, self._checklists = store, checklists
        self._threads = threads

    async def get(self, owner: str, request: Get, now: datetime) -> GetResult:
        """Show one heartbeat; a checklist that cannot be used is a `problem` of it."""
        stored = await self._threads.call(
            lambda: self._store.heartbeats.get(owner, request.schedule_id)
        )
        source = await self._read(owner, stored)
        return await self._threads.call(
            lambda: self._show(request, stored, source, now)
        )

    async def _read(self, owner: str, stored: Stored) -> Source | HeartbeatError:
        config = stored.config
        try:
            return await self._checklists.read(owner, config.path, config.content)
        except HeartbeatError as error:
            return error

    def _show(
        self,
        request: Get,
        stored: Stored,
        source: Source | HeartbeatError,
        now: datetime,
    ) -> GetResult:
        uid = stored.config.uid
        checklist, problem = _understood(source)
        compiled = self._store.compiled.load(uid)
        newest = self._store.runs.newest([uid]).get(uid)
        return GetResult(
            id=request.id,
            heartbeat=present.heartbeat(stored, newest),
            config=present.effective(stored.config),
            next_runs=present.next_runs(stored),
            items=present_items.items(
                checklist.items, stored, now=now, compiled=compiled
            )
            if checklist
            else (),
            incidents=present.incidents(stored),
            problem=problem,
            warnings=unread_lines(checklist) if checklist else (),
        )


def _understood(
    source: Source | HeartbeatError,
) -> tuple[Checklist | None, str | None]:
    """Return the checklist, or why there is none."""
    try:
        if isinstance(source, HeartbeatError):
            raise source
        checklist = parse_checklist(source.text)
    except HeartbeatError as error:
        return None, str(error)
    return checklist, EMPTY if checklist.is_empty else None
