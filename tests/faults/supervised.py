"""Processes that are started again whenever they end, as a supervisor does it.

Every signal goes to a process that was started here, by its pid.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from tests.acceptance.processes import RunningProcess
from tests.conftest import RunningServer

#: Longest time that a process which was asked to end may take, in seconds.
GRACE_SECONDS = 15.0
#: Longest wait before an ended process is started again, in seconds.
LONGEST_ABSENCE_SECONDS = 1.5
#: Pause between two looks, in seconds.
LOOK_SECONDS = 0.05


class Target(Protocol):
    """What faults are done to."""

    name: str

    @property
    def is_well(self) -> bool:
        """Say whether it runs, and no fault is going on."""

    def kill(self) -> None:
        """End it as a power cut would; it is started again after a while."""

    async def freeze(self, seconds: float) -> None:
        """Stop it for a while."""


@dataclass(frozen=True, slots=True)
class OwnEnd:
    """An end that nobody asked for, or that came too late."""

    name: str
    why: str
    output: str


class Supervised:
    """One service; `keep` must run for as long as it is wanted."""

    def __init__(
        self, name: str, spawn: Callable[[], RunningProcess], chance: random.Random
    ) -> None:
        self.name = name
        self.own_ends: list[OwnEnd] = []
        self._spawn, self._chance = spawn, chance
        self.process = spawn()
        self._is_frozen = False
        self._asked_at: float | None = None

    @property
    def is_well(self) -> bool:
        return (
            self.process.is_running and not self._is_frozen and self._asked_at is None
        )

    def kill(self) -> None:
        self._asked_at = time.monotonic()
        self.process.kill()

    def terminate(self) -> None:
        """Ask it to end, as a deployment does."""
        self._asked_at = time.monotonic()
        self.process.terminate()

    async def freeze(self, seconds: float) -> None:
        self._is_frozen = True
        self.process.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            with suppress(ProcessLookupError):
                self.process.send(signal.SIGCONT)
            self._is_frozen = False

    async def keep(self) -> None:
        """Start it again whenever it has ended; kill it when it does not end."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.process.is_running:
                self._check_grace()
                continue
            if self._asked_at is None:
                self._note("ended by itself")
            await asyncio.sleep(self._chance.uniform(0, LONGEST_ABSENCE_SECONDS))
            self.process, self._asked_at = self._spawn(), None

    def _check_grace(self) -> None:
        asked = self._asked_at
        if asked is not None and time.monotonic() - asked > GRACE_SECONDS:
            self._note(f"did not end within {GRACE_SECONDS:g} s")
            self.process.kill()

    def _note(self, why: str) -> None:
        self.own_ends.append(OwnEnd(self.name, why, self.process.output[-4000:]))


class SupervisedServer:
    """The one Redis server."""

    name = "server"

    def __init__(self, server: RunningServer, chance: random.Random) -> None:
        self._server, self._chance = server, chance
        self.is_well = True
        self._tasks: set[asyncio.Task[None]] = set()

    def kill(self) -> None:
        self.is_well = False
        self._server.kill()
        task = asyncio.create_task(self._start_again())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def freeze(self, seconds: float) -> None:
        self.is_well = False
        os.kill(self._server.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(self._server.pid, signal.SIGCONT)
            self.is_well = True

    async def _start_again(self) -> None:
        await asyncio.sleep(self._chance.uniform(0, LONGEST_ABSENCE_SECONDS))
        await asyncio.to_thread(self._server.start)
        self.is_well = True
