"""Look at heartbeats, and stop, start, run or silence them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

from gateway import pages, present
from gateway.store import Store
from heartbeat.book import Book, Settled
from heartbeat.incidents import acknowledge, snooze, unsnooze
from heartbeat.instants import ms_to_text
from heartbeat.replies import (
    AcknowledgeResult,
    DeleteResult,
    HistoryResult,
    IncidentsResult,
    ListResult,
    PauseResult,
    ResumeResult,
    RunResult,
    SnoozeResult,
    UnsnoozeResult,
)
from heartbeat.requests import (
    Acknowledge,
    Delete,
    History,
    Incidents,
    ListHeartbeats,
    Pause,
    Resume,
    Run,
    Snooze,
    Unsnooze,
)
from heartbeat.store.stored import Stored
from heartbeat.views import IncidentView


class Controls:
    """Carries out whatever needs no checklist and leaves the config as it is."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, owner: str, request: ListHeartbeats, _: datetime) -> ListResult:
        """List a page of the owner's heartbeats, all or those of one checklist."""
        after, path = request.after or "", request.heartbeat_path
        found = [
            *islice(
                (
                    stored
                    for stored in self._store.heartbeats.owned_from(owner, after)
                    if stored.config.schedule_id != after
                    and path in (None, stored.config.path)
                ),
                request.limit + 1,
            )
        ]
        newest = self._store.runs.newest([one.config.uid for one in found])
        views = (present.listed(one, newest.get(one.config.uid)) for one in found)
        shown, is_more = pages.page(views, limit=request.limit)
        return ListResult(
            id=request.id,
            heartbeats=shown,
            next=shown[-1].schedule_id if is_more else None,
            warnings=() if after else tuple(self._store.unreadable.of(owner)),
        )

    def delete(self, owner: str, request: Delete, _: datetime) -> DeleteResult:
        """Forget a heartbeat."""
        self._store.heartbeats.delete(owner, request.schedule_id)
        return DeleteResult(id=request.id, schedule_id=request.schedule_id)

    def pause(self, owner: str, request: Pause, _: datetime) -> PauseResult:
        """Stop a heartbeat's slots."""
        changed = self._store.heartbeats.pause(
            owner, request.schedule_id, note=request.note
        )
        return PauseResult(
            id=request.id, schedule_id=request.schedule_id, changed=changed
        )

    def resume(self, owner: str, request: Resume, _: datetime) -> ResumeResult:
        """Let a paused heartbeat go on, at once if it has found trouble meanwhile."""
        changed = self._store.heartbeats.resume(owner, request.schedule_id)
        run_id = self._store.slots.run_unheard(owner, request.schedule_id)
        stored = self._store.heartbeats.get(owner, request.schedule_id)
        return ResumeResult(
            id=request.id,
            schedule_id=request.schedule_id,
            changed=changed,
            next_runs=present.next_runs(stored),
            run_id=run_id,
            state=stored.state,
        )

    def run(self, owner: str, request: Run, _: datetime) -> RunResult:
        """Ask for one run off the grid."""
        run_id = self._store.slots.request_run(owner, request.schedule_id)
        return RunResult(id=request.id, schedule_id=request.schedule_id, run_id=run_id)

    def history(self, owner: str, request: History, _: datetime) -> HistoryResult:
        """Show a page of the runs, newest first."""
        records = self._store.runs.history(owner, request.schedule_id)
        if request.after is not None:
            records = pages.behind(request.after, records)
        views = (present.run(record) for record in records)
        shown, is_more = pages.page(views, limit=request.limit)
        return HistoryResult(
            id=request.id,
            schedule_id=request.schedule_id,
            runs=shown,
            next=shown[-1].run_id if is_more else None,
        )

    def incidents(self, owner: str, request: Incidents, _: datetime) -> IncidentsResult:
        """List a page of what is open, of one heartbeat or of all."""
        after = None if request.after is None else pages.to_place(request.after)
        first = "" if after is None else after[0]
        found: Iterable[Stored]
        if request.schedule_id is None:
            found = self._store.heartbeats.owned_from(owner, first)
        else:
            found = [self._store.heartbeats.get(owner, request.schedule_id)]
        views = (
            view
            for stored in found
            for view in sorted(present.incidents(stored), key=pages.place)
            if after is None or pages.place(view) > after
        )
        shown, is_more = pages.page(views, limit=request.limit)
        return IncidentsResult(
            id=request.id,
            incidents=shown,
            next=pages.to_text(shown[-1]) if is_more else None,
        )

    def open_incidents(self, owner: str) -> tuple[IncidentView, ...]:
        """Return what is open of all the owner's heartbeats."""
        return tuple(
            view
            for stored in self._store.heartbeats.owned_by(owner)
            for view in present.incidents(stored)
        )

    def acknowledge(
        self, owner: str, request: Acknowledge, _: datetime
    ) -> AcknowledgeResult:
        """Silence an incident until it resolves or gets severer."""
        self._store.books.change(
            owner,
            request.schedule_id,
            lambda book, _: acknowledge(book, request.item_key),
        )
        return AcknowledgeResult(
            id=request.id, schedule_id=request.schedule_id, item_key=request.item_key
        )

    def snooze(self, owner: str, request: Snooze, _: datetime) -> SnoozeResult:
        """Silence an incident for a while, counted by the store's clock."""
        span = timedelta(minutes=request.minutes)
        settled = self._store.books.change(
            owner,
            request.schedule_id,
            lambda book, now: snooze(book, request.item_key, now + span, now),
        )
        return SnoozeResult(
            id=request.id,
            schedule_id=request.schedule_id,
            item_key=request.item_key,
            until=_snoozed_until(settled, request.item_key),
        )

    def unsnooze(self, owner: str, request: Unsnooze, _: datetime) -> UnsnoozeResult:
        """End a snooze."""
        key, changed = request.item_key, False

        def end(book: Book, _: datetime) -> Settled:
            nonlocal changed
            settled = unsnooze(book, key)
            changed = settled.book != book
            return settled

        self._store.books.change(owner, request.schedule_id, end)
        return UnsnoozeResult(
            id=request.id,
            schedule_id=request.schedule_id,
            item_key=key,
            changed=changed,
        )


def _snoozed_until(settled: Settled, item_key: str) -> str:
    until_ms = settled.book.incidents[item_key].snoozed_until_ms
    assert until_ms is not None  # it was snoozed just now
    return ms_to_text(until_ms)
