"""The one event loop of a worker process, in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import uvloop

_T = TypeVar("_T")


class EventLoopThread:
    """A running loop that other threads hand coroutines to. Never forked: make it late.

    `threads` bounds the synchronous store calls under way; more of them wait.
    """

    def __init__(self, *, threads: int) -> None:
        self._loop = uvloop.new_event_loop()
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="store")
        self._loop.set_default_executor(self._executor)
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="event-loop", daemon=True
        )
        self._thread.start()

    def submit(self, coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Start a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def call(self, function: Callable[[], object]) -> None:
        """Call a function on the loop, from any thread, without waiting."""
        self._loop.call_soon_threadsafe(function)

    def call_later(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function on the loop after a while."""
        self.call(lambda: self._loop.call_later(seconds, function))

    def close(self) -> None:
        """Cancel what still runs on the loop, and end it."""
        self.submit(_cancel_others()).result()
        self.call(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._executor.shutdown(wait=False)


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
