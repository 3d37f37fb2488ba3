"""Whatever stops the runs, the watch from outside tells it, and then that it is over.

All three wait for the same half minute, so they wait together.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from heartbeat.client import Client, connect
from heartbeat.told import Alert, Resolved
from tests.acceptance.fleet import until
from tests.acceptance.processes import Fleet, RunningProcess, running_fleet
from tests.conftest import RunningServer, free_port, running_server

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

EVERY = timedelta(seconds=2)
SETTINGS = {"HEARTBEAT_MIN_INTERVAL_SECONDS": "1", "HEARTBEAT_DRAIN_SECONDS": "0"}
CHECKLIST = "- [ ] Memory is left {#memory}\n  - probe: memory used_percent <= 100%\n"
#: Longest time from a fault until it is told, in seconds: the period, the run's limit
#: of half a minute, a look of the watch, and what a busy machine adds.
TOLD_SECONDS = 32.0 + 5.0 + 13.0
#: Longest time until all goes on, in seconds: a process starts, or finds its broker.
HEALED_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A whole system, whose broker is another server than its store."""

    fleet: Fleet
    broker: RunningServer
    beat: RunningProcess
    worker: RunningProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """How a part goes away, and how it is replaced."""

    begin: Callable[[Parts], None]
    end: Callable[[Parts], object]
    #: What the watch may say of it: what it saw first depends on the moment.
    said: tuple[str, ...]


OUTAGES = {
    "beat": Outage(
        begin=lambda parts: parts.beat.kill(),
        end=lambda parts: parts.fleet.beat(),
        said=("no beat has claimed it",),
    ),
    "worker": Outage(
        begin=lambda parts: parts.worker.kill(),
        end=lambda parts: parts.fleet.worker(),
        said=("missed", "lost", "no worker has begun it"),
    ),
    "broker": Outage(
        begin=lambda parts: parts.broker.kill(),
        end=lambda parts: parts.broker.start(),
        said=("missed", "no beat has claimed it", "no beat has sent it"),
    ),
}


class Heard:
    """What a client knows of slots that are overdue; `words` while some are."""

    def __init__(self, client: Client) -> None:
        self.words: str | None = None
        self._task = asyncio.create_task(self._listen(client))

    async def until(
        self, look: Callable[[], object], what: str, *, within: float
    ) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + within
        while not look():
            assert not self._task.done(), self._task
            assert time.monotonic() < deadline, f"expected {what} within {within:g} s"
            await asyncio.sleep(0.05)

    def stop(self) -> None:
        """Listen no more."""
        self._task.cancel()

    async def _listen(self, client: Client) -> None:
        async for message in client.alerts():
            if isinstance(message, Alert) and message.kind == "overdue":
                self.words = str(message.checks)
            if isinstance(message, Resolved) and message.kind == "overdue":
                self.words = None


@asynccontextmanager
async def a_system(folder: Path) -> AsyncIterator[tuple[Parts, Client]]:
    """Run a system of its own, with one heartbeat that runs."""
    (folder / "broker").mkdir(parents=True)
    with (
        running_server(folder) as store,
        running_server(folder / "broker") as broker,
        running_fleet(
            store.url, folder, HEARTBEAT_BROKER_URL=broker.url, **SETTINGS
        ) as fleet,
    ):
        port = free_port()
        _, beat, worker = await asyncio.gather(
            asyncio.to_thread(fleet.gateway, port=port),
            asyncio.to_thread(fleet.beat),
            asyncio.to_thread(fleet.worker),
        )
        async with connect(f"ws://127.0.0.1:{port}/ws") as client:
            yield Parts(fleet=fleet, broker=broker, beat=beat, worker=worker), client


async def told(folder: Path, outage: Outage) -> None:
    """Live through an outage."""
    async with a_system(folder) as (parts, client):
        heard = Heard(client)
        interval = EVERY / timedelta(minutes=1)
        reply = await client.configure("memory", content=CHECKLIST, interval=interval)
        await until(
            lambda: _newest(client, reply.schedule_id),
            lambda newest: newest == "ok",
            "a run in time",
        )
        await heard.until(lambda: heard.words is None, "runs in time", within=30)
        await asyncio.to_thread(outage.begin, parts)
        await heard.until(lambda: heard.words, "an alert", within=TOLD_SECONDS)
        assert any(one in str(heard.words) for one in outage.said), heard.words
        await asyncio.to_thread(outage.end, parts)
        await heard.until(lambda: heard.words is None, "its end", within=HEALED_SECONDS)
        heard.stop()


async def _newest(client: Client, schedule_id: str) -> str | None:
    """Return how the newest run has ended."""
    runs = (await client.history(schedule_id, limit=1)).runs
    return runs[0].status if runs else None


def test_slots_that_nobody_sees_through_are_told_until_somebody_does(
    tmp_path: Path,
) -> None:
    async def at_once() -> None:
        async with asyncio.TaskGroup() as group:
            for name, outage in OUTAGES.items():
                group.create_task(told(tmp_path / name, outage), name=name)

    asyncio.run(at_once())
