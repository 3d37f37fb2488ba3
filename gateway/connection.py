"""One socket: its frames to the session, the session's decisions to the socket.

The reader of the socket carries out one request at a time; entries of the feed are
written as they come, by whoever brings them, so that a slow request delays none.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from websockets.exceptions import ConnectionClosed

from gateway.closes import CloseCode, closing, shortened
from gateway.decisions import (
    Decision,
    Execute,
    Join,
    Leave,
    Move,
    Probe,
    Say,
    request_id_of,
)
from gateway.listening import Listening
from gateway.session import Session, State
from gateway.shared import Shared
from gateway.socket import Socket
from gateway.welcome import prepare
from heartbeat.errors import HeartbeatError, LimitReached
from heartbeat.protocol import error_reply, to_frame
from heartbeat.replies import ErrorReply
from heartbeat.requests import ClientMessage, Hello

_LOG = logging.getLogger(__name__)


class Connection:
    """The shell around one session; `on_admitted` hears when its owner is known."""

    def __init__(
        self,
        socket: Socket,
        session: Session,
        shared: Shared,
        *,
        on_admitted: Callable[[], object],
    ) -> None:
        self.session = session
        self._on_admitted = on_admitted
        self._socket, self._shared = socket, shared
        self._clock = socket.clock = shared.clock
        self._turn = asyncio.Lock()
        self._busy = False
        self._leave_when_idle: Leave | None = None
        self._listening: Listening | None = None
        self._client_id: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, token: str | None) -> None:
        """Serve the client until its socket closes."""
        self.look(self._clock())
        try:
            with contextlib.suppress(ConnectionClosed):
                await self._carry_out(self.session.admit(token, self._clock()))
                async for frame in self._socket:
                    async with self._turn:
                        now = self._clock()
                        await self._carry_out(self.session.receive(frame, now))
        finally:
            await self._clean_up()

    def look(self, now: float) -> None:
        """Let the session decide what time alone leads to.

        While a request is carried out nothing is held against the client: its frames
        are not read meanwhile.
        """
        heard = max(self._socket.heard, self.session.opened)
        if not self._busy:
            for decision in self.session.check(now, heard=heard):
                self._spawn(self._carry_out_aside(decision))
        if self.session.state is not State.CLOSING:
            self._shared.wheel.put(self, self.session.next_check(now, heard=heard))

    def leave(self, code: CloseCode, reason: str) -> None:
        """Close; a request that is being carried out is answered first."""
        for leave in self.session.leave(code, reason):
            if self._busy:
                self._leave_when_idle = leave
            else:
                self._spawn(self._close(leave))

    def say(self, frame: str) -> None:
        """Write a frame, if alerts are heard here."""
        if self.session.state is State.LIVE:
            self._socket.push(frame)

    def replaced(self) -> None:
        """Give way to a newer connection of the same client."""
        self.leave(CloseCode.REPLACED, "a newer connection has this clientId")

    def fail(self) -> None:
        """Close after an error of ours."""
        self.leave(CloseCode.INTERNAL, "an error of the gateway")

    async def _carry_out_aside(self, decision: Decision) -> None:
        """Carry out what did not come from the client; joining waits for its turn."""
        turn = self._turn if isinstance(decision, Join) else contextlib.nullcontext()
        with contextlib.suppress(ConnectionClosed):
            async with turn:
                await self._carry_out((decision,))

    async def _carry_out(self, decisions: Sequence[Decision]) -> None:
        try:
            for decision in decisions:
                await self._act(decision)
        except LimitReached as error:
            self.leave(CloseCode.ABUSE, str(error))
        except HeartbeatError as error:
            request_id = request_id_of(decisions)
            if request_id is not None:
                await self._socket.send(to_frame(error_reply(error, request_id)))

    async def _act(self, decision: Decision) -> None:
        match decision:
            case Say(message):
                await self._socket.send(to_frame(message))
            case Join(hello):
                await self._join(hello)
            case Execute(request):
                await self._execute(request)
            case Move(alert_id, step):
                if self._client_id is not None:
                    self._shared.cursors.move(self._owner, self._client_id, alert_id)
                self._joined.take(step)
            case Probe():
                self._socket.probe()
            case Leave():
                self._spawn(self._close(decision))

    async def _execute(self, request: ClientMessage) -> None:
        self._busy = True
        try:
            reply = await self._shared.commands.execute(
                self._owner, request, now=datetime.now(UTC), clock=self._clock()
            )
        finally:
            self._busy = False
        outcome = reply.code if isinstance(reply, ErrorReply) else "ok"
        self._shared.metrics.count("commands", request.type, outcome)
        await self._socket.send(to_frame(reply))
        if self._leave_when_idle is not None:
            self._spawn(self._close(self._leave_when_idle))

    async def _join(self, hello: Hello | None) -> None:
        """Join the owner's feed, and say `ready` to a hello.

        From the first page on there is no pause: an entry pushed between `ready` and
        that page would be out of order.
        """
        self._on_admitted()
        if self._listening is not None:  # by the deadline, while the hello waited
            return
        if hello is not None:
            self._take_name(hello.client_id)
        welcome = None if hello is None else await prepare(self._shared, self._owner)
        listening = Listening(
            self._shared, self._owner, push=self._socket.push, fail=self.fail
        )
        self._socket.on_paused = listening.paused
        self._socket.on_drained = listening.drained
        delivery, step = await listening.join(hello, claim=self._claim_name)
        if self.session.state is State.CLOSING:
            await listening.close()
            return
        self._listening = listening
        self.session.live(delivery)
        if hello is not None and welcome is not None:
            self._socket.push(to_frame(welcome.ready(hello, listening, step.lost)))
            if step.lost is not None:
                self._shared.metrics.count("lost_ranges", step.lost.reason)
            step = replace(step, lost=None)
        if self._shared.outage.told is not None:
            self.say(to_frame(self._shared.outage.told))
        listening.take(step)

    def _take_name(self, client_id: str | None) -> None:
        """Go by this name only; that of an earlier hello that failed is free again."""
        if client_id != self._client_id:
            self._drop_name()
        if client_id is None:
            return
        self._client_id = client_id
        before = self._shared.names.take(self._owner, client_id, self)
        if before is not None:
            before.replaced()

    async def _claim_name(self) -> None:
        """Have it over all gateways; the connection elsewhere that had it goes."""
        owner, client_id = self._owner, self._client_id
        if client_id is not None:
            claim = partial(self._shared.store.names.claim, owner, client_id)
            number = await self._shared.joining.call(claim)
            self._shared.names.number(owner, client_id, self, number)

    def _drop_name(self) -> None:
        if self._client_id is not None:
            self._shared.names.drop(self._owner, self._client_id, self)
            self._client_id = None

    async def _close(self, leave: Leave) -> None:
        """Say why, close, and cut the socket of a client that does not answer."""
        if leave.code is CloseCode.BAD_TOKEN:
            self._shared.metrics.count("auth_failures", "token")
        elif leave.code is CloseCode.ABUSE and self.session.login is None:
            self._shared.metrics.count("auth_failures", "blocked")
        self._socket.push(to_frame(closing(leave.code, leave.reason)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._shared.settings.close_seconds):
                await self._socket.close(leave.code, shortened(leave.reason))
        self._socket.transport.abort()

    async def _clean_up(self) -> None:
        self.session.end()
        self._shared.wheel.remove(self)
        self._socket.on_paused = self._socket.on_drained = None
        self._drop_name()
        if self._listening is not None:
            await self._listening.close()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def _owner(self) -> str:
        assert self.session.login is not None  # nothing is decided before
        return self.session.login.owner

    @property
    def _joined(self) -> Listening:
        assert self._listening is not None  # only what was delivered moves
        return self._listening
