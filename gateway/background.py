"""What the gateway does all the time, beside its connections."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime

from gateway.auth import TokensFile
from gateway.cursors import FLUSH_SECONDS
from gateway.deadman import PING_SECONDS, DeadMan
from gateway.health import Health
from gateway.recurring import Recurring
from gateway.server import Server
from gateway.shared import Shared
from gateway.sweep import Sweep
from gateway.threads import Threads
from gateway.watcher import LOOK_SECONDS, Watcher
from heartbeat.errors import StoreError
from heartbeat.protocol import to_frame
from heartbeat.store.processes import REPORT_SECONDS

#: Seconds between two comparisons with the feeds' heads: how long a lost last push
#: stays unnoticed.
POSITION_SECONDS = 30.0
#: Seconds between two looks at whether clients can be served.
STATUS_SECONDS = 1.0
#: Seconds between two looks at the tokens file; one taken out of it no longer holds
#: after the second look, once the file holds still.
TOKENS_SECONDS = 2.0
#: One for each job that calls the store: none waits for another, nor for the clients'
#: requests, which have theirs.
THREADS = 5

_LOG = logging.getLogger(__name__)


class Background:
    """The recurring work of one gateway."""

    def __init__(
        self,
        shared: Shared,
        *,
        server: Server,
        health: Health,
        tokens_file: TokensFile | None,
        listen: Callable[[], Coroutine[None, None, None]],
    ) -> None:
        """Take the collaborators; `listen` hears the pushes, and does not return."""
        self._shared, self._server, self._health = shared, server, health
        self._tokens_file, self._listen = tokens_file, listen
        self._host, self._pid = socket.gethostname(), os.getpid()
        store = shared.store
        holder = f"{self._host} {self._pid}"
        self._watcher = Watcher(store.watch, store.heartbeats, holder=holder)
        self._dead_man = _dead_man(shared)
        self._threads = Threads(THREADS, name="background")
        self._recurring = self._jobs()

    async def run(self) -> None:
        """Do all of it until cancelled; return only when a part of it has ended."""
        await self._recurring.run()

    async def save_cursors(self) -> None:
        """Store the cursors that have moved; what fails is tried again."""
        unsaved = self._shared.cursors.unsaved()
        if not unsaved:
            return
        cursors = self._shared.store.cursors

        def save() -> int:
            return sum(
                cursors.advance(owner, client_id, alert_id)
                for (owner, client_id), alert_id in unsaved.items()
            )

        forgotten = await self._threads.call(save)
        self._shared.metrics.count("clients_forgotten", by=forgotten)
        self._shared.cursors.saved(unsaved)

    async def leave(self) -> None:
        """Say that this gateway ends, and store what is not stored yet."""
        try:
            await self.save_cursors()
            await self._threads.call(
                lambda: self._shared.store.processes.leave(
                    "gateway", host=self._host, pid=self._pid
                )
            )
        except StoreError as error:
            _LOG.warning("left without a word: %s", error, extra={"action": "left"})
        finally:
            self._threads.close()

    def _jobs(self) -> Recurring:
        jobs = Recurring(self._shared.metrics)
        shared = self._shared
        sweep = Sweep(shared.wheel, shared.clock, shared.metrics, failed=jobs.failed)
        jobs.add("feed", self._listen)
        jobs.add("sweep", sweep.run)
        jobs.every(FLUSH_SECONDS, "cursors", self.save_cursors)
        jobs.every(REPORT_SECONDS, "report", self._report)
        jobs.every(STATUS_SECONDS, "status", self._tell_status)
        jobs.every(POSITION_SECONDS, "positions", self._compare_heads)
        jobs.every(LOOK_SECONDS, "watch", self._look)
        if self._dead_man is not None:
            jobs.every(PING_SECONDS, "deadman", self._ping)
        if self._tokens_file is not None:
            jobs.every(TOKENS_SECONDS, "tokens", self._reload_tokens)
        return jobs

    async def _report(self) -> None:
        """Say that this gateway is alive, and see what the fleet does.

        And whether Redis still knows what it knew: a client without an alert has no
        place in a feed by which it could notice that its heartbeats are gone.
        """
        try:
            has_lost = await self._threads.call(self._exchange)
        except StoreError as error:
            self._health.redis_failed(str(error))
            raise
        self._health.redis_served(self._shared.clock())
        if has_lost:
            _LOG.error(
                "Redis has lost state: it was emptied, or is an older copy of itself;"
                " who is connected is told, and has to configure again",
                extra={"action": "state_lost"},
            )
            self._shared.hub.state_lost()

    async def _tell_status(self) -> None:
        status = self._shared.outage.look(
            clock=self._shared.clock(), now=datetime.now(UTC)
        )
        if status is not None:
            _LOG.warning("clients are told: %s", status, extra={"action": "status"})
            self._server.say(to_frame(status))

    def _exchange(self) -> bool:
        store = self._shared.store
        store.processes.report("gateway", host=self._host, pid=self._pid)
        statistics = store.statistics
        self._shared.metrics.set_ledger(
            statistics.read(),
            statistics.lag(),
            last_finished_ms=statistics.last_finished_ms(),
        )
        spent = store.spending.of_fleet(datetime.now(UTC))
        self._shared.metrics.set_usage(spent)
        return self._shared.memory.compare(statistics.configs_stored)

    async def _look(self) -> None:
        """Watch for slots that beat and workers did not see through."""
        clock = asyncio.get_running_loop().time()
        found = await self._threads.call(lambda: self._watcher.look(clock))
        self._shared.metrics.count("overdue_found", by=found)

    async def _ping(self) -> None:
        assert self._dead_man is not None  # else nobody asks
        was_sent = await self._threads.call(self._dead_man.ping)
        self._shared.metrics.set("deadman_up", was_sent)

    async def _compare_heads(self) -> None:
        """Find out what a push that was lost would have told."""
        for owner in self._shared.hub.owners():
            head = await self._shared.feed.head(owner)
            self._shared.hub.compare_head(owner, head)
        names = self._shared.names.held()
        if names:
            newest = self._shared.store.names.newest
            self._shared.names.heard(await self._threads.call(lambda: newest(names)))

    async def _reload_tokens(self) -> None:
        assert self._tokens_file is not None  # else nobody asks
        tokens = self._tokens_file.read_if_changed()
        if tokens is not None:
            self._shared.gate.tokens = tokens
            self._server.withdraw()
            _LOG.info("tokens read again", extra={"action": "tokens_read"})


def _dead_man(shared: Shared) -> DeadMan | None:
    url, store = shared.settings.deadman_url, shared.store
    if url is None:
        return None
    return DeadMan(
        url.get_secret_value(),
        watch=store.watch,
        processes=store.processes,
        statistics=store.statistics,
        memory=shared.memory,
    )
