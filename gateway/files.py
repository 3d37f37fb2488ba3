"""Reads files that may lie where nothing answers, and gives up waiting for them.

A call that hangs cannot be ended, only left behind. So what hangs of one owner's takes
no turn of another's, nor a thread of the store's, and no process waits for its end.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar
from weakref import WeakValueDictionary

#: Files of one owner that are read at once; more wait their turn.
READS_OF_ONE_OWNER = 2

_T = TypeVar("_T")


class Files:
    """Two threads at most for each owner's files."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def call(self, owner: str, read: Callable[[], _T], *, seconds: float) -> _T:
        """Run a call that reads; raises TimeoutError when it takes longer.

        Waiting for a turn counts: one that hangs keeps its turn until it ends.
        """
        turns = self._turns.setdefault(owner, asyncio.Semaphore(READS_OF_ONE_OWNER))
        async with asyncio.timeout(seconds):
            await turns.acquire()
            return await asyncio.wrap_future(_begun(read, then=_soon(turns.release)))


def _soon(call: Callable[[], None]) -> Callable[[object], None]:
    """Return what lets this loop make a call, from any thread and while it runs."""
    loop = asyncio.get_running_loop()

    def make(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(call)

    return make


def _begun(call: Callable[[], _T], *, then: Callable[[object], None]) -> Future[_T]:
    """Begin a call in a thread that nobody must wait for; not even the interpreter."""
    outcome: Future[_T] = Future()
    outcome.set_running_or_notify_cancel()  # from here on it is not cancelled
    outcome.add_done_callback(then)

    def work() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001  # it is raised to who waits
            outcome.set_exception(error)

    Thread(target=work, name="file", daemon=True).start()
    return outcome
