"""Keeps one child process alive until it is told to stop, and leaves nothing of it."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from heartbeat.cli.up import guard
from heartbeat.cli.up.plan import Child
from heartbeat.client import BackOff

#: A process that lived this long was a good one: back-off starts anew after it.
_STABLE_SECONDS = 30.0
_BACK_OFF = BackOff(first_seconds=0.5, limit_seconds=30.0)
#: A process that was started again and lived this long is told as back.
_BACK_SECONDS = 2.0
#: Bytes at the end of a log in which its last line is looked for.
_TAIL = 4096
#: What the last line of a log has in it where it says why a process ended.
_ERROR_LIKE = re.compile(
    r"error|exception|critical|fatal|cannot|refused|denied|expected", re.IGNORECASE
)


class Supervised:
    """One child: `start` once, `stop` once; started again whenever it ends itself.

    `ends` counts how often it did so, `code` is the exit code of the last time.

    It leads a process group of its own, so that Ctrl-C reaches only the supervisor and
    what it leaves behind can be found.
    """

    def __init__(
        self, child: Child, *, folder: Path, log: Path, say: Callable[[str], None]
    ) -> None:
        self.child = child
        self.ends = 0
        self.code: int | None = None
        self._folder = folder
        self._log = log
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it with a fresh log; the one before is kept beside it."""
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".log.1"))
        self._process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep(self._process))

    async def stop(self, hurry: asyncio.Event) -> None:
        """End it: SIGTERM, its grace, then SIGKILL to all that is left of its group.

        `hurry` cuts the grace short.
        """
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        waits = [asyncio.create_task(process.wait()), asyncio.create_task(hurry.wait())]
        done, _ = await asyncio.wait(
            waits,
            timeout=self.child.grace_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        waits[1].cancel()
        if waits[0] not in done:
            self._say(f"{self.child.name} has not ended and is killed")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await waits[0]

    def last_words(self) -> str:
        """Return the last line of its log."""
        try:
            with self._log.open("rb") as file:
                file.seek(max(0, self._log.stat().st_size - _TAIL))
                lines = file.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            began = loop.time()
            code = await self._until_end(process, is_new=self.ends > 0)
            self.code = code
            self.ends += 1
            if loop.time() - began >= _STABLE_SECONDS:
                attempt = 0
            wait = _BACK_OFF.longest(attempt)
            self._say(
                f"{self.child.name} ended with {_ending(code)}{self._cause(code)}"
                f" (log: {self._log}); starting it again in {wait:g} s"
            )
            await asyncio.sleep(wait)
            attempt += 1
            self._process = process = await self._spawn()

    async def _until_end(
        self, process: asyncio.subprocess.Process, *, is_new: bool
    ) -> int:
        """Wait for its exit code; say that it is back once it has lived a while."""
        if is_new:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BACK_SECONDS):
                    return await process.wait()
            self._say(f"{self.child.name} is back")
        return await process.wait()

    def _cause(self, code: int) -> str:
        """Quote the log where it says why; of a signal it knows nothing."""
        words = self.last_words()
        return f": {words}" if code > 0 and _ERROR_LIKE.search(words) else ""

    async def _spawn(self) -> asyncio.subprocess.Process:
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-IS",
                guard.__file__,
                str(os.getpid()),
                *self.child.command,
                cwd=self._folder,
                env=dict(self.child.environ),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def _ending(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
