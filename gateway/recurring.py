"""Work that a process does again and again: no failure ends it, and no end is silent.

A watcher that just stopped would be taken for one that sees nothing wrong.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

from gateway.metrics import Metrics
from heartbeat.errors import StoreError

_LOG = logging.getLogger(__name__)


class Recurring:
    """Jobs side by side; each goes on for ever, or all of them end."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._jobs: dict[str, Callable[[], Coroutine[None, None, None]]] = {}

    def add(self, name: str, job: Callable[[], Coroutine[None, None, None]]) -> None:
        """Add a job that does not return."""
        self._jobs[name] = job

    def every(
        self, seconds: float, name: str, work: Callable[[], Awaitable[None]]
    ) -> None:
        """Add a job that does some work, and again after each pause."""
        self.add(name, lambda: self._repeat(seconds, name, work))

    async def run(self) -> None:
        """Do all of it until cancelled; return only when a job has ended by itself."""
        tasks = [
            asyncio.create_task(job(), name=name) for name, job in self._jobs.items()
        ]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                problem = None if task.cancelled() else task.exception()
                _LOG.critical(
                    "the recurring work %r has ended",
                    task.get_name(),
                    exc_info=problem,
                    extra={"action": "work_ended"},
                )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def failed(self, name: str) -> None:
        """Report the exception that is being handled; the work goes on."""
        self._metrics.count("background_failures", name)
        _LOG.exception("%s failed", name, extra={"action": "work_failed"})

    async def _repeat(
        self, seconds: float, name: str, work: Callable[[], Awaitable[None]]
    ) -> None:
        """A store that is away is logged when that begins and when it ends."""
        is_away = False
        while True:
            try:
                await work()
            except StoreError as error:
                self._metrics.count("background_failures", name)
                if not is_away:
                    _LOG.warning(
                        "%s: %s", name, error, extra={"action": "store_failed"}
                    )
                is_away = True
            except Exception:  # noqa: BLE001  # the others' work must go on
                self.failed(name)
            else:
                if is_away:
                    _LOG.info(
                        "%s goes on: the store answers again",
                        name,
                        extra={"action": "store_healed"},
                    )
                is_away = False
            await asyncio.sleep(seconds)
