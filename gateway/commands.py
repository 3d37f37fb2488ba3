"""From a request to its reply, over the store, in a few threads of its own."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import cast
from weakref import WeakValueDictionary

from gateway.checklists import Checklists
from gateway.configure import Configuring
from gateway.control import Controls
from gateway.limits import Buckets
from gateway.memory import Memory
from gateway.older import OlderSchedules
from gateway.showing import Showing
from gateway.store import Store
from gateway.threads import Threads
from gateway.usage_reports import UsageReports
from heartbeat.budgets import SpendingLimits
from heartbeat.errors import HeartbeatError, RateLimited
from heartbeat.protocol import error_reply
from heartbeat.replies import ErrorReply, Reply
from heartbeat.requests import (
    Acknowledge,
    ClientMessage,
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
    ScheduleDelete,
    ScheduleList,
    ScheduleUpdate,
    Snooze,
    Unsnooze,
    UsageQuery,
)
from heartbeat.settings import Settings
from heartbeat.views import IncidentView

#: Store calls at once; each connection has one at most, the rest wait their turn.
THREADS = 8

_LOG = logging.getLogger(__name__)
_Handler = Callable[[str, Request, datetime], Awaitable[Reply]]
_StoreHandler = Callable[[str, Request, datetime], Reply]


class Commands:
    """Carries out the requests of all connections."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        memory: Memory,
        *,
        configures: Buckets,
        on_configure: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_configure` hears the owner of each configure that is let through."""
        self._threads = threads = Threads(THREADS, name="store")
        checklists = Checklists(settings.root)
        configuring = Configuring(store, checklists, settings, threads, memory)
        showing = Showing(store, checklists, threads)
        older = OlderSchedules(store, configuring, threads)
        reports = UsageReports(store.spending, SpendingLimits.from_settings(settings))
        self._controls = Controls(store)
        self._handlers = {
            **_of_files(configuring, showing, older),
            **{
                kind: self._in_thread(handler)
                for kind, handler in _of_store(self._controls, older, reports).items()
            },
        }
        self._per_minute = settings.max_configures_per_minute
        self._configures, self._on_configure = configures, on_configure
        self._looking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def execute(
        self, owner: str, request: ClientMessage, *, now: datetime, clock: float
    ) -> Reply | ErrorReply:
        """Answer one request; whatever goes wrong becomes its reply."""
        try:
            self._check_rate(owner, request, clock)
            handler = self._handlers[type(request)]
            reply = await handler(owner, request, now)
        except HeartbeatError as error:
            return error_reply(error, request.id)
        except Exception:  # noqa: BLE001  # the socket must outlive any bug
            _LOG.exception(
                "%s failed", request.type, extra={"action": "command_failed"}
            )
            return error_reply(
                HeartbeatError("an error of the gateway; see its log"), request.id
            )
        return with_unknown_fields(reply, request)

    async def open_incidents(
        self, owner: str, threads: Threads
    ) -> tuple[IncidentView, ...]:
        """Return what is open of an owner's heartbeats, read in these threads.

        Clients of one owner take turns: what one asks for must not take all threads.
        """
        async with self._looking.setdefault(owner, asyncio.Lock()):
            return await threads.call(lambda: self._controls.open_incidents(owner))

    def close(self) -> None:
        """Let running calls end; begin no other."""
        self._threads.close()

    def _in_thread(self, handler: _StoreHandler) -> _Handler:
        async def handle(owner: str, request: Request, now: datetime) -> Reply:
            return await self._threads.call(lambda: handler(owner, request, now))

        return handle

    def _check_rate(self, owner: str, request: ClientMessage, clock: float) -> None:
        if not isinstance(request, Configure | ScheduleUpdate):
            return
        if not self._configures.take(owner, clock):
            raise RateLimited(
                f"expected at most {self._per_minute} configures of one owner a minute"
                " (MAX_CONFIGURES_PER_MINUTE), got one more"
            )
        self._on_configure(owner)


def with_unknown_fields(reply: Reply, request: Request) -> Reply:
    """Name in the reply's warnings what of the request the protocol does not have."""
    unknown = tuple(
        f"unknown field {name[:80]!r} was ignored" for name in request.unknown_fields
    )
    if not unknown:
        return reply
    return reply.model_copy(update={"warnings": (*unknown, *reply.warnings)})


def _of_files(
    configuring: Configuring, showing: Showing, older: OlderSchedules
) -> Mapping[type[Request], _Handler]:
    """Return what reads a checklist first, and asks the store in the threads itself."""
    table = {
        Configure: configuring.configure,
        Get: showing.get,
        ScheduleUpdate: older.update,
    }
    # Each handler is reached only with the kind of request it stands beside.
    return cast(Mapping[type[Request], _Handler], table)


def _of_store(
    controls: Controls, older: OlderSchedules, reports: UsageReports
) -> Mapping[type[Request], _StoreHandler]:
    """Return what does nothing but ask the store."""
    table = {
        ListHeartbeats: controls.list,
        Delete: controls.delete,
        Pause: controls.pause,
        Resume: controls.resume,
        Run: controls.run,
        History: controls.history,
        Incidents: controls.incidents,
        Acknowledge: controls.acknowledge,
        Snooze: controls.snooze,
        Unsnooze: controls.unsnooze,
        UsageQuery: reports.usage,
        ScheduleList: older.list,
        ScheduleDelete: older.delete,
    }
    return cast(Mapping[type[Request], _StoreHandler], table)  # for the same reason
