"""Clients that must be told everything, and their way to the gateways."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

from heartbeat.client import BackOff, Client, connect
from heartbeat.errors import HeartbeatError
from heartbeat.told import LostMessage, Status

#: Waits of a client that is eager to be back.
EAGER = BackOff(first_seconds=0.1, limit_seconds=1.0)
_CHUNK = 65_536


class Balancer:
    """One address for several gateways: each connection goes to the next that answers.

    A frozen gateway still has its connections accepted, by the kernel.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = itertools.cycle(ports)
        self._tries = len(ports)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen; return the URL."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"ws://127.0.0.1:{port}/ws"

    def cut(self) -> None:
        """Break every connection, as a network does: without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def close(self) -> None:
        """End it."""
        if self._server is not None:
            self._server.close()
        self.cut()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for _ in range(self._tries):
            with suppress(OSError):
                theirs = await asyncio.open_connection("127.0.0.1", next(self._ports))
                break
        else:
            writer.transport.abort()
            return
        both = {writer, theirs[1]}
        self._writers |= both
        await asyncio.gather(_pass(reader, theirs[1]), _pass(theirs[0], writer))
        self._writers -= both


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        writer.close()


class Listener:
    """One client of an owner over all its connections and lives: what it was told.

    With a name it may be restarted, and goes on where its last life acknowledged;
    without one it has a single life.
    """

    def __init__(self, url: str, *, token: str | None, name: str | None) -> None:
        self.is_named = name is not None
        self.told: list[str] = []
        self.doubled: list[str] = []
        self.lost: list[LostMessage] = []
        self._url, self._token, self._client_id = url, token, name
        self._known: set[str] = set()
        self._stack = AsyncExitStack()
        self._task: asyncio.Task[None] | None = None
        self.client: Client | None = None

    async def start(self) -> None:
        """Begin a life; while no gateway is there, try again."""
        while True:
            opening = connect(
                self._url,
                token=self._token,
                client_id=self._client_id,
                start="all",
                back_off=EAGER,
            )
            try:
                self.client = await self._stack.enter_async_context(opening)
            except HeartbeatError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(0.1)
            else:
                break
        self._task = asyncio.create_task(self._listen(self.client))

    async def stop(self) -> None:
        """End this life; raises what ended it before."""
        if self._task is None:
            return
        if self._task.done():
            self._task.result()
        self._task.cancel()
        await self._stack.aclose()

    async def _listen(self, client: Client) -> None:
        this_life: set[str] = set()
        async for message in client.alerts():
            if isinstance(message, Status):
                continue
            if isinstance(message, LostMessage):
                self.lost.append(message)
                continue
            alert_id = message.alert_id
            assert alert_id is not None  # the gateway gives each its id
            if alert_id in this_life:
                self.doubled.append(alert_id)
            this_life.add(alert_id)
            if alert_id not in self._known:  # else its last life did not acknowledge it
                self._known.add(alert_id)
                self.told.append(alert_id)
