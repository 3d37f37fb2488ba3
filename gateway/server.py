"""The listening port: lets upgrades in, answers GETs, drains all at the end."""

import asyncio
import contextlib
import logging
import socket as sockets
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server as Listener
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from gateway.closes import CloseCode, closing
from gateway.connection import Connection
from gateway.health import Answer, Health
from gateway.limits import Bucket, canonical_address
from gateway.origin import is_origin_allowed
from gateway.session import Session
from gateway.shared import Shared
from gateway.socket import Socket
from gateway.waiting import Waiting
from heartbeat.protocol import to_frame

#: Connections that may wait to be accepted; the default of 100 makes storms hang.
BACKLOG = 4096
#: Frames of one connection read ahead; then TCP pushes back on the client.
MAX_QUEUE = 4
#: Seconds between two batches while draining.
DRAIN_STEP = 0.1
#: Closed at once in each batch, few enough that other gateways take them easily.
DRAIN_BATCH = 50
#: Seconds that the last answers and closing handshakes may take.
LAST_SECONDS = 10.0
#: Seconds a client that is refused for now should wait.
RETRY_AFTER = "10"

_LOG = logging.getLogger(__name__)


class Server:
    """The gateway's port and everybody connected to it."""

    def __init__(self, shared: Shared, health: Health) -> None:
        self._shared, self._health = shared, health
        self._connections: set[Connection] = set()
        settings, is_open = shared.settings, shared.gate.is_open
        rate = settings.max_connects_per_second
        self._connects = Bucket(rate, 2 * rate, now=shared.clock())
        # Where no token is asked for, nobody has to be told from others by an address.
        of_address = None if is_open else settings.max_pending_per_address
        most = settings.max_pending_connections
        self._silent = Waiting(most=most, most_of_address=of_address)  # no request yet
        self._pending = Waiting(most=most, most_of_address=of_address)  # no hello yet
        self._listener: Listener | None = None
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    async def start(self) -> int:
        """Listen; return the port. Raises OSError."""
        settings = self._shared.settings
        self._listener = await serve(
            self._handle,
            settings.host,
            settings.port,
            process_request=self._answer,
            create_connection=self._new_socket,  # type: ignore[arg-type]  # it is called
            open_timeout=settings.hello_seconds,
            compression=None,
            ping_interval=None,
            close_timeout=5,
            max_size=settings.max_frame_bytes,
            max_queue=MAX_QUEUE,
            write_limit=(settings.window_bytes, settings.window_bytes // 2),
            server_header=None,
            backlog=BACKLOG,
        )
        for listening in self._listener.sockets:
            # Accepted sockets inherit it: else the kernel hides megabytes of backlog.
            listening.setsockopt(
                sockets.SOL_SOCKET, sockets.SO_SNDBUF, settings.window_bytes
            )
        return int(self._listener.sockets[0].getsockname()[1])

    async def drain(self) -> None:
        """Send everybody elsewhere, and stop listening.

        1. Not ready any more, and no upgrade is let in.
        2. All are closed for a restart, spread over the time there is.
        3. The port is closed when the last has left.
        """
        self._health.is_draining = True
        leaving = list(self._connections)
        steps = max(self._shared.settings.drain_seconds / DRAIN_STEP, 1)
        batch = max(DRAIN_BATCH, int(len(leaving) / steps) + 1)
        for first in range(0, len(leaving), batch):
            if first:
                await asyncio.sleep(DRAIN_STEP)
            for connection in leaving[first : first + batch]:
                connection.leave(CloseCode.RESTART, "the gateway restarts")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                await self._is_empty.wait()
        if self._listener is not None:
            self._listener.close(code=CloseCode.RESTART)
            await self._listener.wait_closed()

    def say(self, frame: str) -> None:
        """Say something to everybody who hears alerts."""
        for connection in tuple(self._connections):
            connection.say(frame)

    def withdraw(self) -> None:
        """Close the connections whose token is no longer known."""
        for connection in tuple(self._connections):
            login = connection.session.login
            if login is not None and not self._shared.gate.holds(login):
                connection.leave(CloseCode.WITHDRAWN, "the token was withdrawn")

    def _new_socket(self, *arguments: Any, **options: Any) -> Socket:
        socket = Socket(*arguments, **options)  # as the library makes its own
        socket.on_arrived, socket.on_gone = self._arrived, self._silent.remove
        return socket

    def _arrived(self, socket: Socket) -> None:
        """Let one in that may say nothing; the handshake's deadline ends that."""
        address = _address(socket)
        if self._silent.is_full(address):
            self._shared.metrics.count("connects", "aborted")
            socket.transport.abort()
        else:
            self._silent.add(socket, address)

    def _answer(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answer a GET, or let an upgrade through (None)."""
        self._silent.remove(socket)
        answer = self._health.answer(request.path, self._shared.clock())
        if answer is None:
            answer = self._refusal(_address(socket), request)
            if answer is None:
                return None
            self._shared.metrics.count("connects", str(int(answer.status)))
        return _response(answer)

    def _refusal(self, address: str, request: Request) -> Answer | None:
        """Say why an upgrade is not let in, or None."""
        settings, gate = self._shared.settings, self._shared.gate
        if self._health.is_draining:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"draining\n")
        if not self._connects.take(self._shared.clock()):
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"too many connect at once\n")
        if not is_origin_allowed(request.headers.get_all("Origin"), settings.origins):
            return Answer(
                HTTPStatus.FORBIDDEN, b"this origin is not listed (HEARTBEAT_ORIGINS)\n"
            )
        token = _bearer(request)
        if token is not None and gate.is_blocked(token, address, self._shared.clock()):
            self._shared.metrics.count("auth_failures", "blocked")
            return Answer(HTTPStatus.TOO_MANY_REQUESTS, b"too many failed logins\n")
        if self._pending.is_full(address):
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"too many wait for hello\n")
        return None

    async def _handle(self, socket: ServerConnection) -> None:
        """Serve one socket from its upgrade to its end."""
        assert isinstance(socket, Socket)  # the server was told to create these
        metrics = self._shared.metrics
        if len(self._connections) >= self._shared.settings.max_connections:
            await _turn_away(socket)
            metrics.count("connects", "overloaded")
            return
        address = _address(socket)
        session = Session(
            gate=self._shared.gate,
            address=address,
            settings=self._shared.settings,
            now=self._shared.clock(),
        )
        connection = Connection(
            socket,
            session,
            self._shared,
            on_admitted=lambda: self._pending.remove(connection),
        )
        self._connections.add(connection)
        self._is_empty.clear()
        if not self._shared.gate.is_open:
            self._pending.add(connection, address)
        metrics.count("connects", "ok")
        metrics.set("connections", len(self._connections))
        try:
            assert socket.request is not None  # the handshake is over
            await connection.run(_bearer(socket.request))
        finally:
            self._connections.discard(connection)
            self._pending.remove(connection)
            if not self._connections:
                self._is_empty.set()
            metrics.set("connections", len(self._connections))
            metrics.count("closes", str(socket.close_code or 1006))


async def _turn_away(socket: Socket) -> None:
    reason = "too many connections"
    socket.push(to_frame(closing(CloseCode.OVERLOADED, reason)))
    await socket.close(CloseCode.OVERLOADED, reason)


def _address(socket: ServerConnection) -> str:
    address = socket.remote_address
    return canonical_address(str(address[0])) if address else "unknown"


def _bearer(request: Request) -> str | None:
    """Return the token of the Authorization header; never one from the URL."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _response(answer: Answer) -> Response:
    headers = Headers(
        {
            "Content-Type": answer.content_type,
            "Content-Length": str(len(answer.body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }
    )
    if answer.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers["Retry-After"] = RETRY_AFTER
    return Response(int(answer.status), answer.status.phrase, headers, answer.body)
