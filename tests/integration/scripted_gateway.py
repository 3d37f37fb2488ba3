"""A gateway on a real socket that follows a script, one life a connection."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from heartbeat.client import BackOff, Client
from heartbeat.told import Alert

AT_ONCE = BackOff(first_seconds=0.01, limit_seconds=0.05)

Frame = dict[str, object]
Life = Callable[["Peer"], Awaitable[None]]


class Peer:
    """The gateway's end of one connection, with words for what a script says."""

    def __init__(self, socket: ServerConnection, seen: list[Frame]) -> None:
        self.socket = socket
        self.seen = seen

    async def send(self, **frame: object) -> None:
        await self.socket.send(json.dumps(frame))

    async def receive(self, kind: str) -> Frame:
        """Read on until a message of this type; all are remembered."""
        while True:
            frame = await self.receive_any()
            if frame["type"] == kind:
                return frame

    async def receive_any(self) -> Frame:
        """Read and remember the next message."""
        frame: Frame = json.loads(await self.socket.recv())
        self.seen.append(frame)
        return frame

    async def welcome(self, **fields: object) -> Frame:
        hello = await self.receive("hello")
        ready: Frame = {
            "type": "ready",
            "id": hello["id"],
            "owner": "local",
            "resumed": False,
            "limits": {},
        }
        await self.send(**(ready | fields))
        return hello

    async def alert(self, number: int) -> None:
        await self.send(
            type="heartbeat.alert",
            alertId=f"e-{number}",
            kind="action",
            timestamp="2026-11-24T16:00:00.000Z",
            checks=[
                {"description": "disk", "actionNeeded": True,
                 "severity": "warning", "state": "new"}
            ],
        )  # fmt: skip

    async def stay(self) -> None:
        """Take what comes until the client goes."""
        with suppress(ConnectionClosed):
            await self.receive("never")


class Gateway:
    """Gives each connection the next life of the script, the last one for ever."""

    def __init__(self, lives: tuple[Life, ...]) -> None:
        self.lives = list(lives)
        self.seen: list[Frame] = []
        self.url = ""

    async def handle(self, socket: ServerConnection) -> None:
        life = self.lives.pop(0) if len(self.lives) > 1 else self.lives[0]
        with suppress(ConnectionClosed):
            await life(Peer(socket, self.seen))

    def received(self, kind: str) -> list[Frame]:
        return [frame for frame in self.seen if frame["type"] == kind]


@asynccontextmanager
async def a_gateway(*lives: Life) -> AsyncIterator[Gateway]:
    gateway = Gateway(lives)
    async with serve(gateway.handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        gateway.url = f"ws://127.0.0.1:{port}/ws"
        yield gateway


async def take(client: Client, count: int) -> list[str | None]:
    """Take that many alerts, acknowledging all, and return their ids."""
    ids: list[str | None] = []
    async for message in client.alerts():
        assert isinstance(message, Alert)
        ids.append(message.alert_id)
        if len(ids) == count:
            break
    return ids


def run(scenario: Awaitable[None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(15):
            await scenario

    asyncio.run(bounded())


async def calm(peer: Peer) -> None:
    await peer.welcome()
    await peer.stay()


async def answering(peer: Peer) -> None:
    await peer.welcome()
    while True:
        request = await peer.receive("heartbeat.list")
        await peer.send(type="heartbeat.list.result", id=request["id"], heartbeats=[])
