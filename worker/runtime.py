"""What one worker process works with, made after any fork and on its own loop."""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from heartbeat.errors import StoreError
from heartbeat.store.processes import REPORT_SECONDS, Processes
from worker.execution import Execution
from worker.loop import EventLoopThread

#: Longest that the end of a process waits for its connections to be closed, in seconds.
CLOSE_SECONDS = 2.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The loop, and the execution that lives on it."""

    loop: EventLoopThread
    execution: Execution
    processes: Processes
    host: str
    end: Callable[[], Awaitable[None]]

    def run(self, uid: str, run_id: str, *, queue: str) -> str:
        """Run one slot from a pool thread, and wait for its end."""
        return self.execution.run(uid, run_id, queue=queue)

    def report_forever(self, queues: tuple[str, ...]) -> None:
        """Say every few seconds that this worker is alive, from its loop."""
        self.loop.submit(self._report(queues))

    def hand_back_after(self, seconds: float) -> None:
        """Give back, after a while, the runs that are not done by then."""
        self.loop.call_later(seconds, self.execution.hand_back_all)

    def close(self) -> None:
        """End; say so, so that nobody takes this worker for one that died."""
        with suppress(TimeoutError):
            self.loop.submit(self._leave()).result(CLOSE_SECONDS)
        self.loop.close()

    async def _report(self, queues: tuple[str, ...]) -> None:
        """Whatever fails is tried again: a worker that says nothing counts as dead."""
        while True:
            try:
                with suppress(StoreError):  # an outage shows elsewhere, and heals
                    await asyncio.to_thread(
                        self.processes.report,
                        "worker",
                        host=self.host,
                        pid=os.getpid(),
                        queues=queues,
                    )
            except Exception:  # noqa: BLE001  # the next report may well succeed
                _LOG.exception("reporting failed", extra={"action": "unreported"})
            await asyncio.sleep(REPORT_SECONDS)

    async def _leave(self) -> None:
        await self.end()
        with suppress(StoreError):
            await asyncio.to_thread(
                self.processes.leave, "worker", host=self.host, pid=os.getpid()
            )


class OncePerProcess:
    """Makes the runtime at its first call in each process; threads wait for one."""

    def __init__(self, make: Callable[[], Runtime]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[int, Runtime] | None = None

    def __call__(self) -> Runtime:
        """Return this process's runtime."""
        with self._lock:
            runtime = self.made
            if runtime is None:
                runtime = self._make()
                self._made = os.getpid(), runtime
            return runtime

    @property
    def made(self) -> Runtime | None:
        """Return the runtime if this process has made it; safe in a signal handler."""
        if self._made is None or self._made[0] != os.getpid():
            return None
        return self._made[1]
