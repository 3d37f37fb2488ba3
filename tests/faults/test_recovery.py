"""What dies in the middle of a run is recovered: how soon, and only once.

All three wait for the same half minute, so they wait together.
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import redis

from heartbeat.client import Client, connect
from heartbeat.config import unique_id
from heartbeat.jobs import BROKER_PREFIX, queue_for
from heartbeat.owners import LOCAL_OWNER
from heartbeat.store import keys
from heartbeat.store.server import Server
from heartbeat.store.statistics import Statistics
from heartbeat.told import Alert
from heartbeat.views import RunView
from tests.acceptance.processes import Fleet, RunningProcess, running_fleet
from tests.conftest import free_port, running_server

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

#: A cadence with no slot meanwhile: one would make the run that is asked for `busy`.
FAR = "0 0 29 2 *"
#: Longest time from the death of a worker to the end of its run elsewhere, in seconds.
RECOVERY_SECONDS = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """One run that met a fault: how long its end took, and what became of it."""

    seconds: float
    records: tuple[RunView, ...]
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoveries:
    """What became of each run."""

    killed: Recovery
    frozen: Recovery
    unsent: Recovery
    counters: dict[str, int]


class StuckSite:
    """A web server that never answers the first who asks for a page."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._stuck = asyncio.Event()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Listen for the block."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            self._stuck.set()
            server.close()

    async def until_asked(self, page: str) -> None:
        """Return when somebody waits for a page."""
        async with asyncio.timeout(RECOVERY_SECONDS):
            while not self.asked[page]:
                await asyncio.sleep(0.05)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        page = request.split()[1].decode().strip("/")
        self.asked[page] += 1
        if self.asked[page] == 1:
            await self._stuck.wait()
        writer.write(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")
        writer.close()


class Story:
    """The parts that all three share."""

    def __init__(
        self, fleet: Fleet, client: Client, site: StuckSite, *, redis_url: str
    ) -> None:
        self.alerts: Counter[str] = Counter()
        self._fleet, self._client = fleet, client
        self._site, self._redis_url = site, redis_url
        self._listening = asyncio.create_task(self._listen())

    async def killed(self) -> Recovery:
        """Kill a worker in the middle of its run; another comes in time."""
        schedule_id = await self._configure("killed")
        worker = await self._worker("killed")
        run_id = (await self._client.run(schedule_id)).run_id
        await self._site.until_asked("killed")
        worker.kill()  # at once: the site's silence is an answer after ten seconds
        began = time.monotonic()
        await self._worker("killed")
        return await self._ended(schedule_id, run_id, began=began)

    async def frozen(self) -> Recovery:
        """Freeze a worker in the middle of its run, until another has ended it."""
        schedule_id = await self._configure("frozen")
        worker = await self._worker("frozen")
        run_id = (await self._client.run(schedule_id)).run_id
        await self._site.until_asked("frozen")
        worker.send(signal.SIGSTOP)
        began = time.monotonic()
        await self._worker("frozen")
        recovery = await self._ended(schedule_id, run_id, began=began)
        worker.send(signal.SIGCONT)
        await asyncio.to_thread(
            worker.until, lambda: "lease lost" in worker.output, "the end of its run"
        )
        again = await self._ended(schedule_id, run_id, began=time.monotonic())
        return Recovery(
            seconds=recovery.seconds, records=again.records, alerts=again.alerts
        )

    async def unsent(self) -> Recovery:
        """Lose a message that the ledger has noted, before any worker takes it.

        Before that note the slot is beat's own: it sends it again when its claim ends,
        as one that never left.
        """
        schedule_id = await self._configure("unsent")
        run_id = (await self._client.run(schedule_id)).run_id
        slot = keys.open_slot(unique_id(LOCAL_OWNER, schedule_id))
        with redis.Redis.from_url(self._redis_url) as client:
            async with asyncio.timeout(RECOVERY_SECONDS):
                while b'"published"' not in (client.get(slot) or b""):
                    await asyncio.sleep(0.05)
            assert client.delete(BROKER_PREFIX + queue_for("unsent")) == 1
        began = time.monotonic()
        await self._worker("unsent")
        return await self._ended(schedule_id, run_id, began=began)

    async def close(self) -> None:
        """Listen no more."""
        self._listening.cancel()

    async def _configure(self, name: str) -> str:
        probe = f"http {self._site.url}/{name} status == 200"
        reply = await self._client.configure(
            name,
            content=f"- [ ] {name}\n  - probe: {probe}\n",
            cron_expression=FAR,
            run_on=name,
        )
        return reply.schedule_id

    async def _worker(self, label: str) -> RunningProcess:
        return await asyncio.to_thread(self._fleet.worker, "-Q", queue_for(label))

    async def _ended(self, schedule_id: str, run_id: str, *, began: float) -> Recovery:
        """Wait for the record and the alert of a run."""
        async with asyncio.timeout(2 * RECOVERY_SECONDS):
            while True:
                runs = (await self._client.history(schedule_id)).runs
                records = tuple(run for run in runs if run.run_id == run_id)
                if records and self.alerts[run_id]:
                    break
                await asyncio.sleep(0.5)
        return Recovery(
            seconds=time.monotonic() - began,
            records=records,
            alerts=self.alerts[run_id],
        )

    async def _listen(self) -> None:
        async for message in self._client.alerts():
            if isinstance(message, Alert):
                self.alerts[message.run_id or ""] += 1


@pytest.fixture(scope="module")
def recoveries(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Recoveries]:
    """Live through all three at once."""
    folder = tmp_path_factory.mktemp("recovery")
    with (
        running_server(
            folder, "--appendonly", "yes", "--appendfsync", "always"
        ) as server,
        running_fleet(server.url, folder) as fleet,
    ):
        port = free_port()
        fleet.gateway(port=port)
        fleet.beat()
        yield asyncio.run(_all_at_once(fleet, port, server.url))


async def _all_at_once(fleet: Fleet, port: int, redis_url: str) -> Recoveries:
    site = StuckSite()
    async with (
        site.serve(),
        connect(f"ws://127.0.0.1:{port}/ws", client_id="ann") as client,
    ):
        story = Story(fleet, client, site, redis_url=redis_url)
        killed, frozen, unsent = await asyncio.gather(
            story.killed(), story.frozen(), story.unsent()
        )
        await story.close()
    store = Server.connect(redis_url, name="test")
    counters = Statistics(store).read()
    store.close()
    return Recoveries(killed=killed, frozen=frozen, unsent=unsent, counters=counters)


def test_the_run_of_a_killed_worker_ends_elsewhere_in_time(
    recoveries: Recoveries,
) -> None:
    assert [run.status for run in recoveries.killed.records] == ["alert"]
    assert recoveries.killed.alerts == 1
    assert recoveries.killed.seconds <= RECOVERY_SECONDS


def test_the_run_of_a_frozen_worker_ends_elsewhere_and_once(
    recoveries: Recoveries,
) -> None:
    assert [run.status for run in recoveries.frozen.records] == ["alert"]
    assert recoveries.frozen.alerts == 1
    assert recoveries.frozen.seconds <= RECOVERY_SECONDS


def test_a_slot_whose_message_was_lost_is_sent_again_in_time(
    recoveries: Recoveries,
) -> None:
    assert [run.status for run in recoveries.unsent.records] == ["alert"]
    assert recoveries.unsent.alerts == 1
    assert recoveries.unsent.seconds <= RECOVERY_SECONDS


def test_the_ledger_counts_what_it_recovered(recoveries: Recoveries) -> None:
    counters = recoveries.counters
    assert (counters["recovered"], counters["redispatched"]) == (2, 1), counters


def test_the_ledger_counts_what_it_refused_the_frozen_worker(
    recoveries: Recoveries,
) -> None:
    """On waking it asks to renew or to finish, whichever comes first."""
    counters = recoveries.counters
    assert counters["lease_lost"] + counters["fenced"] >= 1, counters
