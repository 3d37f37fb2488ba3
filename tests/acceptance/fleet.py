"""A whole system for tests, and what a test does with it: ask, listen, wait."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as dial

from heartbeat.client import Client, connect
from heartbeat.told import Alert, LostMessage, Resolved, Status
from heartbeat.views import RunView
from tests import messages_api
from tests.acceptance.processes import PATIENCE_SECONDS, Fleet, running_fleet
from tests.conftest import free_port, running_server

#: Label of the worker that has a model.
JUDGE = "judge"
#: Tokens of the owners behind the gateway that asks for them.
TOKENS = {"ada": "token-of-ada", "bob": "token-of-bob"}
#: What lets tests be quick: short intervals, and many of them.
QUICK = {
    "HEARTBEAT_MIN_INTERVAL_SECONDS": "0.5",
    "HEARTBEAT_MAX_COMMANDS_PER_SECOND": "1000",
    "HEARTBEAT_MAX_CONFIGURES_PER_MINUTE": "1000",
    "HEARTBEAT_DRAIN_SECONDS": "0",
    "HEARTBEAT_WORKER_THREADS": "10",
}
FAILING = "- [ ] The flag is up {#flag}\n  - probe: file flag-up exists == true\n"
NEEDS_MODEL = "- [ ] The machine is not too busy {#busy}\n"

Frame = dict[str, Any]  # as JSON came, before anything has read it
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A gateway without tokens and one with, beat, a worker, and one with a model."""

    fleet: Fleet
    root: Path
    url: str
    tokens_url: str

    def write(self, path: str, text: str) -> str:
        """Write a checklist under ROOT; return its path."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return path


@contextmanager
def running_system(folder: Path) -> Iterator[System]:
    """Run a whole system until the block ends."""
    tokens = folder / "tokens"
    tokens.write_text(
        "".join(
            f"{hashlib.sha256(token.encode()).hexdigest()} {owner}\n"
            for owner, token in TOKENS.items()
        )
    )
    with (
        running_server(
            folder, "--appendonly", "yes", "--appendfsync", "always"
        ) as server,
        running_fleet(server.url, folder, **QUICK) as fleet,
    ):
        port, tokens_port, model_url = free_port(), free_port(), start_model(fleet)
        fleet.gateway(port=port)
        fleet.gateway(port=tokens_port, HEARTBEAT_TOKENS_FILE=str(tokens))
        fleet.beat()
        fleet.worker()
        fleet.worker("-Q", f"heartbeat.{JUDGE}", ANTHROPIC_BASE_URL=model_url)
        yield System(
            fleet=fleet,
            root=folder,
            url=f"ws://127.0.0.1:{port}/ws",
            tokens_url=f"ws://127.0.0.1:{tokens_port}/ws",
        )


def start_model(fleet: Fleet, *options: str) -> str:
    """Start a server that speaks the Messages API; return its URL."""
    process = fleet.start("model", messages_api.__file__, *options)
    port = process.until(lambda: process.output.strip(), "the model's port")
    return f"http://127.0.0.1:{port}"


def story(told: Coroutine[None, None, _T]) -> _T:
    """Live through a test's story, which has an end."""

    async def in_time() -> _T:
        async with asyncio.timeout(3 * PATIENCE_SECONDS):
            return await told

    return asyncio.run(in_time())


async def until(
    ask: Callable[[], Awaitable[_T]], is_it: Callable[[_T], bool], what: str
) -> _T:
    """Ask until the answer is what is waited for, and return it."""
    answer = await ask()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_it(answer):
                await asyncio.sleep(0.05)
                answer = await ask()
    except TimeoutError:
        raise AssertionError(f"expected {what}, got {answer}") from None
    return answer


async def finished(client: Client, schedule_id: str, run_id: str) -> RunView:
    """Wait for the record of a run."""

    async def find() -> RunView | None:
        runs = (await client.history(schedule_id)).runs
        return next((run for run in runs if run.run_id == run_id), None)

    run = await until(find, lambda found: found is not None, f"a record of {run_id}")
    assert run is not None  # it was waited for
    return run


async def run_once(client: Client, schedule_id: str) -> RunView:
    """Run now and return the record."""
    reply = await client.run(schedule_id)
    return await finished(client, schedule_id, reply.run_id)


class Listener:
    """What one client is told, in order."""

    def __init__(self, client: Client) -> None:
        self._messages = client.alerts()

    async def next(self) -> Alert | Resolved:
        """Return the next message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await anext(self._messages)
        assert not isinstance(message, LostMessage | Status), message
        return message

    async def next_of(self, schedule_id: str) -> Alert | Resolved:
        """Return the next message about this heartbeat; others are passed over."""
        while (message := await self.next()).schedule_id != schedule_id:
            pass
        return message


@asynccontextmanager
async def listening(
    url: str, *, token: str | None = None, client_id: str | None = None
) -> AsyncIterator[tuple[Client, Listener]]:
    """Connect with the library and listen."""
    async with connect(url, token=token, client_id=client_id) as client:
        yield client, Listener(client)


class RawClient:
    """A client without library: JSON frames on a socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, **frame: object) -> None:
        await self._socket.send(json.dumps(frame))

    async def receive(self, kind: str, **fields: object) -> Frame:
        """Return the next frame of this type with these fields."""
        wanted: Frame = {"type": kind, **fields}
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                frame: Frame = json.loads(await self._socket.recv())
                if wanted.items() <= frame.items():
                    return frame


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[RawClient]:
    """Connect without the library."""
    async with dial(url) as socket:
        yield RawClient(socket)
