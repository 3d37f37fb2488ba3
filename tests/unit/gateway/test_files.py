"""Files that hang cost their owner its turns, for a while, and nobody else anything."""

import asyncio
import threading
from collections.abc import Callable, Coroutine

import pytest

from gateway.files import READS_OF_ONE_OWNER, Files

PATIENCE_SECONDS = 10.0


class Mount:
    """A file system that answers, or hangs until it is mended."""

    def __init__(self) -> None:
        self.mended = threading.Event()

    def read(self) -> str:
        self.mended.wait(PATIENCE_SECONDS)
        return "text"


def played(story: Callable[[Files, Mount], Coroutine[None, None, None]]) -> None:
    mount = Mount()
    try:
        asyncio.run(story(Files(), mount))
    finally:
        mount.mended.set()


async def hang(files: Files, mount: Mount) -> None:
    """Take all of ann's turns with reads that are given up."""
    given_up = [
        files.call("ann", mount.read, seconds=0.01) for _ in range(READS_OF_ONE_OWNER)
    ]
    for outcome in await asyncio.gather(*given_up, return_exceptions=True):
        assert isinstance(outcome, TimeoutError)


def test_what_is_read_comes_back_and_so_does_what_it_raises() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def story(files: Files, _: Mount) -> None:
        for _ in range(2 * READS_OF_ONE_OWNER):
            assert await files.call("ann", lambda: "text", seconds=10) == "text"
            with pytest.raises(ZeroDivisionError):
                await files.call("ann", fail, seconds=10)

    played(story)


def test_another_owners_files_are_read_meanwhile() -> None:
    async def story(files: Files, mount: Mount) -> None:
        await hang(files, mount)
        assert await files.call("bob", lambda: "text", seconds=10) == "text"

    played(story)


def test_no_more_threads_hang_than_an_owner_has_turns() -> None:
    async def story(files: Files, mount: Mount) -> None:
        await hang(files, mount)
        before = threading.active_count()
        await hang(files, mount)
        assert threading.active_count() == before

    played(story)


def test_a_file_system_that_answers_again_gives_the_turns_back() -> None:
    async def story(files: Files, mount: Mount) -> None:
        await hang(files, mount)
        waiting = asyncio.create_task(
            files.call("ann", lambda: "text", seconds=PATIENCE_SECONDS)
        )
        mount.mended.set()
        assert await waiting == "text"

    played(story)


def test_a_loop_that_has_ended_is_told_nothing() -> None:
    mount = Mount()
    asyncio.run(hang(Files(), mount))
    hanging = [one for one in threading.enumerate() if one.name == "file"]
    mount.mended.set()
    for thread in hanging:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
