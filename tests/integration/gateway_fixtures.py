"""A gateway in this process on a real server, and clients that speak plain frames."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import uvloop
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.gateway import Gateway
from heartbeat.protocol import read_reply
from heartbeat.settings import Settings
from heartbeat.store.server import Server
from tests.unit.store.ledger import tell_owner

#: A frame as JSON gives it: untyped by nature.
Frame = dict[str, Any]

#: How long an answer may take on a busy machine.
PATIENCE_SECONDS = 15.0
#: How long nothing must come before it is taken for nothing.
QUIET_SECONDS = 0.3

CHECKLIST = """# Machine
- [ ] Memory is left {#memory}
  - probe: memory used_percent <= 100%
- [ ] The site answers {#site}
  - probe: http https://example.com/ status == 200
"""


class Client:
    """One socket; every frame it gets must be one of the protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._next_id = 0

    async def send(self, kind: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def receive(self) -> Frame:
        """Return the next frame."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            text = await self.socket.recv()
        read_reply(text)
        frame: Frame = json.loads(text)
        return frame

    async def ask(self, kind: str, **fields: object) -> Frame:
        """Send a request and return its reply, past whatever comes between."""
        self._next_id += 1
        await self.send(kind, **{"id": str(self._next_id), **fields})
        while True:
            frame = await self.receive()
            if str(self._next_id) in (frame.get("id"), frame.get("requestId")):
                return frame

    async def hello(self, **fields: object) -> Frame:
        """Say hello and return `ready`."""
        return await self.ask("hello", **fields)

    async def configure(self, path: str = "HEARTBEAT.md", **fields: object) -> Frame:
        return await self.ask("heartbeat.configure", heartbeatPath=path, **fields)

    async def alerts(self, count: int) -> list[str]:
        """Return what the next alerts say, in the order they come."""
        return [str(frame["name"]) for frame in await self.told(count)]

    async def told(self, count: int) -> list[Frame]:
        """Return the next alerts."""
        found: list[Frame] = []
        while len(found) < count:
            frame = await self.receive()
            if frame["type"] == "heartbeat.alert":
                found.append(frame)
        return found

    async def nothing(self) -> bool:
        """Say that nothing comes for a while."""
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                frame = await self.socket.recv()
        except TimeoutError:
            return True
        raise AssertionError(frame)

    async def closed(self) -> tuple[int | None, Frame]:
        """Read to the end; return the close code and the last frame before it."""
        last: Frame = {}
        try:
            while True:
                last = await self.receive()
        except ConnectionClosed:
            return self.socket.close_code, last


class Running:
    """A gateway that serves, and the feeds it serves from."""

    def __init__(self, gateway: Gateway, port: int, server: Server) -> None:
        self.gateway, self.port, self._server = gateway, port, server
        self._stack = AsyncExitStack()
        self._stopping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def at_end(self, close: Callable[[], object]) -> None:
        """Call this when the gateway has served its story."""
        self._stack.callback(close)

    async def stop(self) -> None:
        """Stop the gateway; a story may do so before its end."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self.gateway.stop())
        await self._stopping

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    async def client(self, **options: object) -> Client:
        """Connect; the socket is closed with the gateway."""
        headers = options.pop("headers", None)
        assert not options
        dialing = connect(
            self.url,
            compression=None,
            additional_headers=headers,  # type: ignore[arg-type]  # a plain mapping
            proxy=None,
        )
        return Client(await self._stack.enter_async_context(dialing))

    async def ready(self, **hello: object) -> Client:
        """Connect and say hello."""
        client = await self.client()
        assert (await client.hello(**hello))["type"] == "ready"
        return client

    async def tell(self, *names: str, owner: str = "local") -> None:
        """Write alerts to an owner's feed as a worker does."""
        texts = [alert(name) for name in names]
        await asyncio.to_thread(tell_owner, self._server, owner, *texts)

    async def get(self, path: str) -> tuple[int, str]:
        """Send a plain GET; return status and body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        return int(head.split(" ", 2)[1]), body


Story = Callable[[Running], Awaitable[None]]


def alert(name: str) -> str:
    """Return an alert as the feed keeps it."""
    check = {
        "description": name,
        "actionNeeded": True,
        "severity": "warning",
        "state": "new",
    }
    return json.dumps(
        {
            "type": "heartbeat.alert",
            "name": name,
            "kind": "action",
            "timestamp": "2026-11-24T16:00:00.000Z",
            "checks": [check],
        }
    )


def names(first: int, last: int) -> list[str]:
    """Return what alerts are about that a test numbers."""
    return [f"trouble {n}" for n in range(first, last + 1)]


@asynccontextmanager
async def a_gateway(url: str, root: Path, **settings: object) -> AsyncIterator[Running]:
    """Run a gateway for a while."""
    known = {"port": 0, "drain_seconds": 0, "max_commands_per_second": 1000}
    gateway = Gateway(
        Settings.model_validate(
            {"redis_url": SecretStr(url), "root": root, **known, **settings}
        )
    )
    server = Server.connect(url, name="test")
    port = await gateway.start()
    running = Running(gateway, port, server)
    try:
        async with running:
            yield running
    finally:
        await running.stop()
        server.close()


def play(url: str, root: Path, story: Story, **settings: object) -> None:
    """Play a story against a gateway, on the loop that it has in production."""

    async def run() -> None:
        async with a_gateway(url, root, **settings) as running:
            await story(running)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def a_root(folder: Path, **files: str | bytes) -> Path:
    """Return a folder with a good checklist in it, and more files by name."""
    (folder / "HEARTBEAT.md").write_text(CHECKLIST)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / f"{name}.md").write_bytes(data)
    return folder


def tokens_file(folder: Path, owners: Sequence[str]) -> Path:
    """Write a tokens file in which each owner's token is its name twice."""
    lines = [f"{sha256((one * 2).encode()).hexdigest()} {one}\n" for one in owners]
    path = folder / "tokens"
    path.write_text("".join(lines))
    return path
