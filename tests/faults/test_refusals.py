"""A server that answers and refuses: what it took is stored, the rest is refused aloud.

After a failover a client still talks to what is a replica now, a server may be full or
without its replicas, and any server forgets its scripts.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from heartbeat.client import Client, connect
from heartbeat.errors import RequestRefused
from tests.acceptance.fleet import Listener, run_once, story
from tests.acceptance.processes import PATIENCE_SECONDS, RunningProcess, running_fleet
from tests.conftest import RunningServer, free_port, running_server
from tests.faults.chaos import REFUSALS, Chaos, Command
from tests.faults.clients import EAGER
from tests.faults.stage import play

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

#: How long it refuses, and takes everything in between, in seconds.
REFUSES_SECONDS, TAKES_SECONDS = 6.0, 3.0
#: Configures while the scripts are forgotten again and again.
MANY = 100
#: Deaths of the server, and configures before each.
DEATHS, A_FEW = 3, 15
#: Between two configures of one client, in seconds.
PAUSE_SECONDS = 0.03
#: Lines that one process may write for each second of it.
LINES_A_SECOND = 12

#: What a client is told while the server refuses so.
CODES = {
    "read-only": "store_unavailable",
    "full": "store_full",
    "without replicas": "store_full",
}

refusals = pytest.mark.parametrize(
    ("begin", "end", "code"),
    [pytest.param(*both, CODES[name], id=name) for name, both in REFUSALS.items()],
)


def test_no_slot_and_no_alert_is_lost_or_doubled_and_no_process_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def disturb(chaos: Chaos) -> None:
        for begin, end in REFUSALS.values():
            await asyncio.sleep(TAKES_SECONDS)
            await chaos.refuse(begin, end, seconds=REFUSES_SECONDS)
        await asyncio.sleep(TAKES_SECONDS)
        await chaos.load_slowly()

    report = play(tmp_path, seed=1, disturb=disturb)
    with capsys.disabled():
        print(f"\nrefusals\n{report}", flush=True)
    assert report.problems == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A whole system with a client."""

    server: redis.Redis
    running: RunningServer
    processes: tuple[RunningProcess, ...]
    url: str


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    port = free_port()
    with (
        running_server(
            tmp_path, "--appendonly", "yes", "--appendfsync", "always"
        ) as server,
        running_fleet(
            server.url,
            tmp_path,
            HEARTBEAT_MAX_CONFIGURES_PER_MINUTE="100000",
            HEARTBEAT_MAX_COMMANDS_PER_SECOND="1000",
        ) as fleet,
        redis.Redis.from_url(server.url) as client,
    ):
        processes = (fleet.gateway(port=port), fleet.beat(), fleet.worker())
        url = f"ws://127.0.0.1:{port}/ws"
        yield Scene(server=client, running=server, processes=processes, url=url)


class Configuring:
    """A client that configures one heartbeat after the other, and notes each answer."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.stored: list[str] = []
        self.refused: Counter[tuple[str, bool]] = Counter()

    async def go_on(self, until: Callable[[], Awaitable[None]]) -> None:
        """Configure until that has come to pass."""
        waiting = asyncio.ensure_future(until())
        while not waiting.done():
            await self._configure(f"list {len(self.stored) + self.refused.total()}")
            await asyncio.sleep(PAUSE_SECONDS)
        await waiting

    async def _configure(self, name: str) -> None:
        try:
            reply = await self._client.configure(
                name, content="- [ ] A\n  - probe: load\n", cron_expression="0 0 29 2 *"
            )
        except RequestRefused as error:
            self.refused[error.code, error.retryable] += 1
        else:
            assert reply.outcome == "created"
            self.stored.append(reply.schedule_id)


@refusals
def test_what_is_acknowledged_is_stored_and_what_is_not_is_refused(
    scene: Scene, begin: Command, end: Command, code: str
) -> None:
    async def told() -> None:
        async with connect(scene.url, client_id="ann") as client:
            listener, configuring = Listener(client), Configuring(client)

            async def refuses() -> None:
                await asyncio.sleep(1)
                scene.server.execute_command(*begin)
                await asyncio.sleep(REFUSES_SECONDS)
                scene.server.execute_command(*end)

            await configuring.go_on(refuses)
            assert configuring.stored
            assert configuring.refused
            assert set(configuring.refused) == {(code, True)}
            known = (await client.list()).heartbeats
            assert {*configuring.stored} <= {one.schedule_id for one in known}

            reply = await client.configure(
                "failing", content="- [ ] A\n  - probe: file no exists == true\n"
            )
            assert (await run_once(client, reply.schedule_id)).status == "alert"
            assert (await listener.next_of(reply.schedule_id)).kind == "action"
        for process in scene.processes:
            assert process.is_running, process.output
            lines = len(process.output.splitlines())
            assert lines < LINES_A_SECOND * REFUSES_SECONDS + 60, process.output

    story(told())


def test_a_server_that_forgets_its_scripts_is_taught_them_again(scene: Scene) -> None:
    async def told() -> None:
        async with connect(scene.url, client_id="ann") as client:
            configuring = Configuring(client)

            async def forgets() -> None:
                while len(configuring.stored) < MANY and not configuring.refused:
                    await asyncio.to_thread(scene.server.script_flush)

            await configuring.go_on(forgets)
            assert not configuring.refused

    story(told())


def test_what_is_acknowledged_outlives_the_death_of_the_server(scene: Scene) -> None:
    async def told() -> None:
        async with connect(scene.url, client_id="ann", back_off=EAGER) as client:
            configuring = Configuring(client)
            for _ in range(DEATHS):
                before = len(configuring.stored)

                async def dies(enough: int = before + A_FEW) -> None:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        while len(configuring.stored) < enough:
                            await asyncio.sleep(PAUSE_SECONDS)
                    await asyncio.to_thread(scene.running.kill)
                    await asyncio.to_thread(scene.running.start)

                await configuring.go_on(dies)
            assert {code for code, _ in configuring.refused} <= {"store_unavailable"}
            known = {one.schedule_id for one in (await client.list()).heartbeats}
            assert {*configuring.stored} <= known

    story(told())
