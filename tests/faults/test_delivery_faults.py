"""One real gateway, one named client, and faults that once made holes or doubles."""

import asyncio
import shutil
import signal
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from heartbeat.client import Client, connect
from heartbeat.instants import from_ms, to_text
from heartbeat.settings import Settings
from heartbeat.store.server import Server
from heartbeat.told import Alert, CheckView, LostMessage
from tests.acceptance.fleet import raw, story, until
from tests.acceptance.processes import RunningProcess, eventually, running_fleet
from tests.conftest import RunningServer, free_port, running_server
from tests.faults.chaos import make_loading_slow
from tests.faults.clients import EAGER

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

OWNER = "local"
PING_SECONDS = 2.0
#: Silence after which a client is taken for dead.
DEAD_SECONDS = Settings(ping_seconds=PING_SECONDS).dead_after_seconds
#: How long an alert may take when nothing else tells of it.
SILENCE_SECONDS = 35.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A server that can be killed, a gateway on it, and a way to write to the feed."""

    server: RunningServer
    gateway: RunningProcess
    store: Server
    folder: Path
    url: str
    http_url: str

    def tell(self, *numbers: int, padding: int = 0) -> None:
        """Write alerts to the owner's feed, as a finished run does."""
        texts = [_alert(number, padding) for number in numbers]
        self.store.run("settle_watch", "", OWNER, 0, *texts)

    def until_it_looks(self) -> None:
        """Wait until the gateway has looked at its connections again."""
        before = self._looks()
        eventually(lambda: self._looks() != before, "another look at connections")

    def _looks(self) -> str:
        with urllib.request.urlopen(self.http_url + "/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return next(one for one in lines if one.startswith("heartbeat_loop_lag_s"))

    def command(self, *command: str) -> None:
        """Give the server a command of an operator."""
        with redis.Redis.from_url(self.server.url) as client:
            client.execute_command(*command)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    persistent = ("--appendonly", "yes", "--appendfsync", "always")
    port = free_port()
    with (
        running_server(tmp_path, *persistent) as server,
        running_fleet(
            server.url, tmp_path, HEARTBEAT_PING_SECONDS=str(PING_SECONDS)
        ) as fleet,
    ):
        gateway = fleet.gateway(port=port)
        store = Server.connect(server.url, name="test")
        yield Scene(
            server=server,
            gateway=gateway,
            store=store,
            folder=tmp_path,
            url=f"ws://127.0.0.1:{port}/ws",
            http_url=f"http://127.0.0.1:{port}",
        )
        store.close()


class Heard:
    """What a client was told: the numbers of the alerts, and what was lost."""

    def __init__(self, client: Client) -> None:
        self.numbers: list[int] = []
        self.lost: list[LostMessage] = []
        self._task = asyncio.create_task(self._listen(client))

    async def _listen(self, client: Client) -> None:
        async for message in client.alerts():
            match message:
                case LostMessage():
                    self.lost.append(message)
                case Alert(name=str(number)):
                    self.numbers.append(int(number))

    async def until(self, numbers: list[int]) -> None:
        """Wait for all of these, and for nothing else."""

        async def heard() -> list[int]:
            if self._task.done():
                self._task.result()
            return self.numbers

        await until(heard, lambda found: len(found) >= len(numbers), f"{numbers}")
        assert self.numbers == numbers

    async def until_lost(self) -> LostMessage:
        """Wait for the word that something was lost."""

        async def heard() -> list[LostMessage]:
            return self.lost

        return (await until(heard, bool, "a word of what was lost"))[0]


@asynccontextmanager
async def hearing(scene: Scene, name: str = "ann") -> AsyncIterator[Heard]:
    """Listen as a named client."""
    async with connect(
        scene.url, client_id=name, start="all", back_off=EAGER
    ) as client:
        yield Heard(client)


def test_one_alert_after_a_cut_push_line_and_then_silence_arrives(
    scene: Scene,
) -> None:
    async def told() -> None:
        async with hearing(scene) as heard:
            scene.tell(1)
            await heard.until([1])
            scene.command("CLIENT", "KILL", "TYPE", "pubsub")
            scene.tell(2)
            async with asyncio.timeout(SILENCE_SECONDS):
                await heard.until([1, 2])

    story(told())


def test_pushes_cut_again_and_again_under_load_lose_and_double_nothing(
    scene: Scene,
) -> None:
    numbers = list(range(400))

    async def told() -> None:
        async with hearing(scene) as heard:
            for number in numbers:
                await asyncio.to_thread(scene.tell, number)
                if number % 20 == 0:
                    scene.command("CLIENT", "KILL", "TYPE", "pubsub")
            await heard.until(numbers)

    story(told())


def test_a_long_catch_up_meets_live_alerts_without_hole_or_double(
    scene: Scene,
) -> None:
    """Two readings at once for one connection would give the same pages twice."""

    async def told() -> None:
        scene.tell(*range(700))
        async with hearing(scene) as heard:
            for number in range(700, 900):
                await asyncio.to_thread(scene.tell, number)
            await heard.until(list(range(900)))

    story(told())


def test_a_server_that_loads_for_a_while_is_asked_until_it_answers(
    scene: Scene,
) -> None:
    async def told() -> None:
        async with hearing(scene) as heard:
            scene.tell(*range(100))
            await heard.until(list(range(100)))
            with redis.Redis.from_url(scene.server.url) as client:
                make_loading_slow(client)
            scene.server.kill()
            await asyncio.to_thread(scene.server.start)
            scene.tell(100)
            await heard.until(list(range(101)))
            assert heard.lost == []

    story(told())


def test_a_gateway_frozen_under_more_than_its_buffer_goes_on_exactly(
    scene: Scene,
) -> None:
    """Redis drops a subscriber with 32 MB unread; the stream still has it all."""
    count, padding = 900, 60_000

    async def told() -> None:
        async with hearing(scene) as heard:
            scene.tell(0)
            await heard.until([0])
            scene.gateway.send(signal.SIGSTOP)
            for number in range(1, count):
                await asyncio.to_thread(scene.tell, number, padding=padding)
            await asyncio.sleep(20)
            scene.gateway.send(signal.SIGCONT)
            await heard.until(list(range(count)))
            assert heard.lost == []

    story(told())


def test_a_gateway_that_was_frozen_closes_no_client_for_its_own_silence(
    scene: Scene,
) -> None:
    async def told() -> None:
        async with raw(scene.url) as client:
            await client.send(type="hello", id="1")
            await client.receive("ready")
            scene.gateway.send(signal.SIGSTOP)
            await asyncio.sleep(2 * DEAD_SECONDS)
            scene.gateway.send(signal.SIGCONT)
            await asyncio.to_thread(scene.until_it_looks)
            await client.send(type="heartbeat.list", id="2")
            await client.receive("heartbeat.list.result", id="2")

    story(told())


def test_state_that_was_flushed_while_a_client_was_offline_is_told(
    scene: Scene,
) -> None:
    async def told() -> None:
        async with hearing(scene) as heard:
            scene.tell(1, 2)
            await heard.until([1, 2])
            cursor = None
        cursor = await _stored_cursor(scene)
        scene.command("FLUSHALL")
        scene.tell(3)
        async with connect(scene.url, resume=cursor, back_off=EAGER) as client:
            heard = Heard(client)
            lost = await heard.until_lost()
            assert (lost.from_, lost.reason, lost.count) == (cursor, "state_lost", None)
            await heard.until([3])

    story(told())


def test_state_that_is_flushed_under_a_client_is_told(scene: Scene) -> None:
    async def told() -> None:
        async with hearing(scene) as heard:
            scene.tell(1, 2)
            await heard.until([1, 2])
            scene.command("FLUSHALL")
            scene.tell(3)
            assert (await heard.until_lost()).reason == "state_lost"
            await heard.until([1, 2, 3])

    story(told())


@pytest.mark.parametrize("is_told_more", [True, False], ids=["more", "nothing more"])
def test_an_old_backup_that_was_restored_is_told(
    scene: Scene, *, is_told_more: bool
) -> None:
    """Alerts that were told are gone, and so are those that were not."""

    async def told() -> None:
        async with hearing(scene) as heard:
            scene.tell(1)
            await heard.until([1])
            backup = scene.folder / "backup"
            shutil.copytree(scene.folder / "appendonlydir", backup)
            scene.tell(2)
            await heard.until([1, 2])
            scene.server.kill()
            shutil.rmtree(scene.folder / "appendonlydir")
            shutil.copytree(backup, scene.folder / "appendonlydir")
            await asyncio.to_thread(scene.server.start)
            if is_told_more:
                scene.tell(3)
            assert (await heard.until_lost()).reason == "state_lost"
            await heard.until([1, 2, 3] if is_told_more else [1, 2])

    story(told())


def test_a_server_that_kept_nothing_is_told_of(scene: Scene) -> None:
    async def told() -> None:
        async with hearing(scene) as heard:
            scene.tell(1, 2)
            await heard.until([1, 2])
            scene.server.kill()
            shutil.rmtree(scene.folder / "appendonlydir")
            await asyncio.to_thread(scene.server.start)
            assert (await heard.until_lost()).reason == "state_lost"
            scene.tell(3)
            await heard.until([1, 2, 3])
            assert len(heard.lost) == 1

    story(told())


async def _stored_cursor(scene: Scene) -> str:
    """Return where the client stands, as the gateway keeps it."""

    async def ask() -> str | None:
        async with connect(scene.url, client_id="ann") as client:
            return client.ready.head

    cursor = await ask()
    assert cursor is not None  # there are alerts
    return cursor


def _alert(number: int, padding: int) -> str:
    alert = Alert(
        timestamp=to_text(from_ms(1_800_000_000_000 + number)),
        name=str(number),
        kind="action",
        checks=(CheckView(description="x" * padding, severity="warning", state="new"),),
    )
    return alert.model_dump_json(by_alias=True, exclude_none=True)
