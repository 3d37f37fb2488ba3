"""Keeps one client connected: dials, says hello, reads, and dials again.

The shell around `position`, `retrying` and `pending`, which decide.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from heartbeat.client.acks import Acks
from heartbeat.client.dialing import Dialer
from heartbeat.client.frames import read_frame, to_frame
from heartbeat.client.inbox import Inbox
from heartbeat.client.pending import Pending
from heartbeat.client.position import Position
from heartbeat.client.retrying import (
    STABLE_SECONDS,
    BackOff,
    Ended,
    ended_by_close,
    wait_range,
)
from heartbeat.errors import (
    GatewayUnavailable,
    HeartbeatError,
    RequestRefused,
)
from heartbeat.replies import (
    Closing,
    ErrorReply,
    Ready,
    Reply,
    ServerMessage,
    ServerPing,
)
from heartbeat.requests import Ack, Hello, Ping, Request
from heartbeat.told import Alert, LostMessage, Resolved, Status

_log = logging.getLogger(__name__)

#: Seconds from hello to ready; replay comes after it, so it does not take long.
_READY_SECONDS = 10.0
#: Seconds beyond the gateway's ping interval after which its silence is death.
_SILENCE_MARGIN = 10.0
#: Seconds that the last acknowledgement may take when the client is closed.
_LAST_ACK_SECONDS = 2.0
#: The gateway's ping interval where its `ready` does not name it.
_PING_SECONDS = 25.0


@dataclass(slots=True, kw_only=True)
class Connection:
    """One client's connection over many sockets; `open` it once, `close` it once."""

    dialer: Dialer
    hello: Callable[[], Hello]
    position: Position
    back_off: BackOff
    pending: Pending = field(default_factory=Pending)
    inbox: Inbox = field(default_factory=Inbox)
    acks: Acks = field(default_factory=Acks)
    ready: Ready | None = None
    _socket: ClientConnection | None = None
    _closing: Closing | None = None
    _life: asyncio.Task[None] | None = None
    _ack_timer: asyncio.Task[None] | None = None
    _first: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Connect for the first time; raises what prevents it."""
        self._first = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live())
        try:
            await self._first
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Tell what was taken, close the socket and end everybody who waits."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ACK_SECONDS):
                await self.send_ack()
        for task in (self._ack_timer, self._life):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        await self._end(None)

    async def send_pending(self) -> None:
        """Send what is not on its way; without a socket it goes out with the next."""
        while self._socket is not None:
            request = self.pending.next_to_send()
            if request is None:
                return
            await self._send(request)

    async def send_ack(self) -> None:
        """Acknowledge what was taken, if the gateway was not told yet."""
        alert_id = self.acks.due()
        if alert_id is not None and self._socket is not None:
            self.acks.told(alert_id)
            await self._send(Ack(type="ack", id="ack", alert_id=alert_id))

    def ack_within(self, seconds: float) -> None:
        """Acknowledge what was taken at the latest after this time."""
        if self._ack_timer is None or self._ack_timer.done():
            self._ack_timer = asyncio.create_task(self._ack_after(seconds))

    async def _ack_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.send_ack()

    async def _live(self) -> None:
        """Stay connected; whatever ends it ends all who wait."""
        try:
            error = await self._connect_on()
        except Exception:  # noqa: BLE001 - outermost loop
            _log.exception("the client's connection failed")
            error = HeartbeatError("the client's connection failed; see the log")
        await self._end(error)

    async def _connect_on(self) -> HeartbeatError:
        """Connect until turned away, which is returned; the first time must succeed."""
        attempt = 0
        while True:
            began = asyncio.get_running_loop().time()
            ended = await self._connect_once()
            if self.ready is None or not ended.error.retryable:
                return ended.error
            if asyncio.get_running_loop().time() - began >= STABLE_SECONDS:
                attempt = 0
            shortest, longest = wait_range(
                ended, attempt=attempt, back_off=self.back_off
            )
            _log.warning("%s; connecting again", ended.error)
            await asyncio.sleep(random.uniform(shortest, longest))
            attempt += 1

    async def _connect_once(self) -> Ended:
        """Live through one socket, from dialing to its end."""
        self._closing = None
        try:
            async with self.dialer.dial() as socket:
                await self._greet(socket)
                return await self._read_on(socket)
        except ConnectionClosed as closed:
            frame = closed.rcvd
            code, reason = (None, "") if frame is None else (frame.code, frame.reason)
            has_token = self.hello().token is not None
            return ended_by_close(code, reason, self._closing, has_token=has_token)
        except TimeoutError:
            return Ended(error=GatewayUnavailable("the gateway has gone silent"))
        except HeartbeatError as error:
            return Ended(error=error)
        finally:
            self._socket = None
            self.pending.break_off()
            self.acks.break_off()

    async def _greet(self, socket: ClientConnection) -> None:
        """Say hello, wait for ready, then send what waited for a connection."""
        await socket.send(to_frame(self.hello()))
        async with asyncio.timeout(_READY_SECONDS):
            ready = await self._until_ready(socket)
        lost = self.position.begin(ready)
        if self.ready is not None:
            # As loud as the break was: who read of that waits for this.
            _log.warning("connected again to %s", self.dialer.url)
        self.ready, self._socket = ready, socket
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        if lost is not None:
            await self.inbox.put(lost)
        await self.send_pending()
        await self.send_ack()

    async def _until_ready(self, socket: ClientConnection) -> Ready:
        while True:
            match read_frame(await socket.recv()):
                case Ready() as ready:
                    return ready
                case ErrorReply() as error:
                    raise RequestRefused(
                        error.message, code=error.code, retryable=error.retryable
                    )
                case Closing() as closing:
                    self._closing = closing
                case _:
                    pass

    async def _read_on(self, socket: ClientConnection) -> Ended:
        silence = self._ping_seconds() + _SILENCE_MARGIN
        while True:
            async with asyncio.timeout(silence):
                frame = await socket.recv()
            message = read_frame(frame)
            if message is not None:
                await self._take(message)

    async def _take(self, message: ServerMessage) -> None:
        match message:
            case Alert() | Resolved():
                if self.position.is_new(message):
                    await self.inbox.put(message)
            case LostMessage() | Status():
                await self.inbox.put(message)
            case ServerPing():
                await self._send(Ping(type="pong", id="pong"))
            case Closing():
                self._closing = message
            case ErrorReply():
                self.pending.refuse(message)
            case Reply():
                self.pending.answer(message)
            case _:
                assert_never(message)

    def _ping_seconds(self) -> float:
        limits = {} if self.ready is None else self.ready.limits
        return limits.get("pingSeconds", _PING_SECONDS)

    async def _send(self, request: Request) -> None:
        """Send on the present socket; if it breaks, its reader finds out."""
        if self._socket is None:
            return
        try:
            await self._socket.send(to_frame(request))
        except ConnectionClosed:
            _log.debug("%s was not sent: the connection has ended", request.id)

    async def _end(self, error: HeartbeatError | None) -> None:
        """End all who wait, with the error or because the client was closed."""
        why = error or GatewayUnavailable("the client was closed")
        if self._first is not None and not self._first.done():
            self._first.set_exception(why)
        self.pending.end(why)
        await self.inbox.end(error)
