"""The event loop in its own thread."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from worker.loop import EventLoopThread


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    thread = EventLoopThread(threads=2)
    yield thread
    thread.close()


async def name_of_thread() -> str:
    return threading.current_thread().name


def test_coroutines_run_on_one_thread_of_their_own(loop: EventLoopThread) -> None:
    names = {loop.submit(name_of_thread()).result(5) for _ in range(3)}
    assert names == {"event-loop"}


def test_a_call_happens_on_the_loop(loop: EventLoopThread) -> None:
    called = threading.Event()
    loop.call(called.set)
    assert called.wait(5)


def test_a_later_call_happens_after_its_time(loop: EventLoopThread) -> None:
    async def now() -> float:
        return asyncio.get_running_loop().time()

    began, called = loop.submit(now()).result(5), threading.Event()
    loop.call_later(0.05, called.set)
    assert called.wait(5)
    # The loop's own clock has the resolution of a millisecond.
    assert loop.submit(now()).result(5) - began >= 0.049


def test_closing_ends_what_still_runs() -> None:
    thread = EventLoopThread(threads=1)
    waiting = thread.submit(asyncio.Event().wait())
    thread.close()
    assert waiting.cancelled()
