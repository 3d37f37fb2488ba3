"""One method for each request that a connected client may make."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Literal, TypedDict, TypeVar, Unpack

from heartbeat.asked import Notify, Window
from heartbeat.client.building import build, type_of
from heartbeat.client.connection import Connection
from heartbeat.client.paging import all_of
from heartbeat.errors import GatewayUnavailable, InvalidMessage
from heartbeat.replies import (
    AcknowledgeResult,
    Configured,
    DeleteResult,
    GetResult,
    HistoryResult,
    IncidentsResult,
    ListResult,
    PauseResult,
    Reply,
    ResumeResult,
    RunResult,
    SnoozeResult,
    UnsnoozeResult,
    UsageReport,
)
from heartbeat.requests import (
    DEFAULT_HISTORY,
    DEFAULT_USAGE_DAYS,
    Acknowledge,
    Configure,
    Delete,
    Get,
    History,
    Incidents,
    ListHeartbeats,
    Pause,
    Request,
    Resume,
    Run,
    Snooze,
    Unsnooze,
    UsageQuery,
)

_Request = TypeVar("_Request", bound=Request)
_Reply = TypeVar("_Reply", bound=Reply)


class ConfigureFields(TypedDict, total=False):
    """What `Client.configure` may be given; a field left out is not asked for."""

    schedule_id: str
    interval: float
    cron_expression: str
    timezone: str
    active_hours: Window | Sequence[Window]
    enabled: bool
    name: str
    align: Literal["clock", "spread"]
    model: str
    notify: Notify
    repeat_minutes: float
    run_on: str
    content: str
    run_now: bool


class Calls:
    """The requests; each waits for its reply, through reconnects if need be.

    Those that start a run are never sent twice: they raise GatewayUnavailable if the
    connection breaks before the reply. A refusal raises RequestRefused with the
    gateway's code, no answer in time raises GatewayUnavailable.
    """

    def __init__(self, connection: Connection, *, request_seconds: float) -> None:
        self._connection = connection
        self._request_seconds = request_seconds
        self._numbers = itertools.count(1)

    async def configure(
        self, path: str, **fields: Unpack[ConfigureFields]
    ) -> Configured:
        """Create or update the heartbeat of this checklist; idempotent."""
        request = self._make(
            Configure, "heartbeat.configure", heartbeat_path=path, **fields
        )
        if request.unknown_fields:
            raise InvalidMessage(
                "expected fields of heartbeat.configure, got"
                f" {', '.join(request.unknown_fields)}"
            )
        return await self._ask(request, Configured)

    async def list(self, *, path: str | None = None) -> ListResult:
        """List the owner's heartbeats by name, all or those of one checklist."""

        async def page(after: str | None) -> ListResult:
            request = self._make(
                ListHeartbeats, "heartbeat.list", heartbeat_path=path, after=after
            )
            return await self._ask(request, ListResult)

        pages = await all_of(page)
        found = [one for part in pages for one in part.heartbeats]
        found.sort(key=lambda one: (one.name, one.schedule_id))
        return pages[-1].model_copy(update={"heartbeats": tuple(found)})

    async def get(self, schedule_id: str) -> GetResult:
        """Give one heartbeat whole."""
        request = self._make(Get, "heartbeat.get", schedule_id=schedule_id)
        return await self._ask(request, GetResult)

    async def delete(self, schedule_id: str) -> DeleteResult:
        """Forget a heartbeat."""
        request = self._make(Delete, "heartbeat.delete", schedule_id=schedule_id)
        return await self._ask(request, DeleteResult)

    async def pause(self, schedule_id: str, *, note: str | None = None) -> PauseResult:
        """Stop a heartbeat's slots until `resume`."""
        fields = {"schedule_id": schedule_id, "note": note}
        request = self._make(Pause, "heartbeat.pause", **fields)
        return await self._ask(request, PauseResult)

    async def resume(self, schedule_id: str) -> ResumeResult:
        """Let a paused heartbeat go on."""
        request = self._make(Resume, "heartbeat.resume", schedule_id=schedule_id)
        return await self._ask(request, ResumeResult)

    async def run(self, schedule_id: str) -> RunResult:
        """Run once now, off the grid."""
        request = self._make(Run, "heartbeat.run", schedule_id=schedule_id)
        return await self._ask(request, RunResult)

    async def history(
        self, schedule_id: str, *, limit: int = DEFAULT_HISTORY
    ) -> HistoryResult:
        """Give the newest runs, newest first."""
        left, of = limit, {"schedule_id": schedule_id}

        async def page(after: str | None) -> HistoryResult:
            nonlocal left
            more = {"limit": left, "after": after}
            request = self._make(History, "heartbeat.history", **of, **more)
            found = await self._ask(request, HistoryResult)
            left -= len(found.runs)
            return found if left > 0 else found.model_copy(update={"next": None})

        pages = await all_of(page)
        runs = tuple(run for part in pages for run in part.runs)
        return pages[-1].model_copy(update={"runs": runs})

    async def incidents(self, schedule_id: str | None = None) -> IncidentsResult:
        """List what is open, of one heartbeat or of all, by the heartbeat's name."""

        async def page(after: str | None) -> IncidentsResult:
            request = self._make(
                Incidents, "heartbeat.incidents", schedule_id=schedule_id, after=after
            )
            return await self._ask(request, IncidentsResult)

        pages = await all_of(page)
        found = [one for part in pages for one in part.incidents]
        found.sort(key=lambda one: (one.name, one.schedule_id))
        return pages[-1].model_copy(update={"incidents": tuple(found)})

    async def acknowledge(self, schedule_id: str, item_key: str) -> AcknowledgeResult:
        """Silence an incident until it resolves or gets worse."""
        request = self._make(
            Acknowledge,
            "heartbeat.acknowledge",
            schedule_id=schedule_id,
            item_key=item_key,
        )
        return await self._ask(request, AcknowledgeResult)

    async def snooze(
        self, schedule_id: str, item_key: str, *, minutes: float
    ) -> SnoozeResult:
        """Silence an incident for a while."""
        request = self._make(
            Snooze,
            "heartbeat.snooze",
            schedule_id=schedule_id,
            item_key=item_key,
            minutes=minutes,
        )
        return await self._ask(request, SnoozeResult)

    async def unsnooze(self, schedule_id: str, item_key: str) -> UnsnoozeResult:
        """End a snooze."""
        request = self._make(
            Unsnooze,
            "heartbeat.unsnooze",
            schedule_id=schedule_id,
            item_key=item_key,
        )
        return await self._ask(request, UnsnoozeResult)

    async def usage(
        self, schedule_id: str | None = None, *, days: int = DEFAULT_USAGE_DAYS
    ) -> UsageReport:
        """Give what the model has cost, of one heartbeat or of all."""
        request = self._make(
            UsageQuery, "usage.query", schedule_id=schedule_id, days=days
        )
        return await self._ask(request, UsageReport)

    def _make(
        self, kind: type[_Request], message_type: str, /, **fields: object
    ) -> _Request:
        return build(kind, type=message_type, id=f"r{next(self._numbers)}", **fields)

    async def _ask(self, request: Request, expected: type[_Reply]) -> _Reply:
        """Send a request and wait for its reply, through reconnects if need be."""
        pending = self._connection.pending
        waiting = pending.add(request)
        try:
            async with asyncio.timeout(self._request_seconds):
                await self._connection.send_pending()
                reply = await waiting.reply
        except TimeoutError as error:
            raise GatewayUnavailable(self._no_answer()) from error
        finally:
            pending.forget(request)
        if not isinstance(reply, expected):
            raise InvalidMessage(
                f"from the gateway: expected {type_of(expected)} for {request.id!r},"
                f" got {type_of(type(reply))}"
            )
        return reply

    def _no_answer(self) -> str:
        text = f"the gateway did not answer within {self._request_seconds:g} s"
        if self._connection.inbox.is_full:
            text += ": the buffer of alerts is full; take them with alerts()"
        return text
