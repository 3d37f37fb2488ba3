"""Threads in which the event loop's work waits for the store."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


class Threads:
    """So many calls at once; any more wait their turn, without bound of their own."""

    def __init__(self, count: int, *, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def call(self, function: Callable[[], _T]) -> _T:
        """Run a call in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    def close(self) -> None:
        """Let running calls end; begin no other."""
        self._pool.shutdown(wait=True, cancel_futures=True)
