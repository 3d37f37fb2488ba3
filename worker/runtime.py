"""What one worker process works with, made after any fork and on its own loop."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from heartbeat.errors import StoreError
from heartbeat.store.processes import REPORT_SECONDS, Processes
from worker.execution import Execution
from worker.loop import EventLoopThread


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The loop, and the execution that lives on it."""

    loop: EventLoopThread
    execution: Execution
    processes: Processes
    host: str

    def run(self, uid: str, run_id: str) -> str:
        """Run one slot from a pool thread, and wait for its end."""
        return self.submit(uid, run_id).result()

    def submit(self, uid: str, run_id: str) -> "Future[str]":
        """Start one slot."""
        return self.loop.submit(self.execution.run(uid, run_id))

    def report_forever(self, queues: tuple[str, ...]) -> None:
        """Say every few seconds that this worker is alive, from its loop."""
        self.loop.submit(self._report(queues))

    def drain(self, *, seconds: float) -> None:
        """Begin no more runs; give back those that are not done in time."""
        self.loop.call(self.execution.drain)
        self.loop.call_later(seconds, self.execution.hand_back_all)

    async def _report(self, queues: tuple[str, ...]) -> None:
        while True:
            with suppress(StoreError):
                await asyncio.to_thread(
                    self.processes.report,
                    "worker",
                    host=self.host,
                    pid=os.getpid(),
                    queues=queues,
                )
            await asyncio.sleep(REPORT_SECONDS)


def once_per_process(make: Callable[[], Runtime]) -> Callable[[], Runtime]:
    """Return a function that makes the runtime at its first call in each process."""

    @lru_cache(maxsize=1)
    def of_process(_: int) -> Runtime:
        return make()

    return lambda: of_process(os.getpid())
