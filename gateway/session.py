"""One client from its first frame to its last: what a frame, or silence, leads to.

Knows no socket, no store and no clock; `connection` does what is decided here.
"""

from collections import deque
from enum import StrEnum

from gateway.auth import Gate, Login, Refused
from gateway.closes import CloseCode
from gateway.decisions import (
    Decision,
    Execute,
    Join,
    Leave,
    Move,
    Probe,
    Say,
)
from gateway.delivery import Delivery
from gateway.limits import MINUTE, Bucket
from heartbeat.errors import HeartbeatError, InvalidMessage, RateLimited
from heartbeat.feed import Cursor
from heartbeat.protocol import error_reply, parse_request, request_id
from heartbeat.replies import Pong, ServerPing
from heartbeat.requests import (
    Ack,
    ClientMessage,
    Hello,
    Ping,
)
from heartbeat.settings import Settings


class State(StrEnum):
    """How far a client has come."""

    UNKNOWN = "unknown"  # a token is needed and none was shown
    ADMITTED = "admitted"  # its owner is known; it hears nothing yet
    LIVE = "live"  # it hears its owner's feed
    CLOSING = "closing"  # nothing more is said or listened to


#: The states that may follow each state; nothing else changes them.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.UNKNOWN: frozenset({State.ADMITTED, State.CLOSING}),
    State.ADMITTED: frozenset({State.LIVE, State.CLOSING}),
    State.LIVE: frozenset({State.CLOSING}),
    State.CLOSING: frozenset({State.CLOSING}),
}


class Session:
    """The state machine of one client; `now` is any steadily growing clock."""

    def __init__(
        self, *, gate: Gate, address: str, settings: Settings, now: float
    ) -> None:
        self.state = State.UNKNOWN
        self.login: Login | None = None
        self.delivery: Delivery | None = None
        self._gate, self._address, self._settings = gate, address, settings
        rate = settings.max_commands_per_second
        self._bucket = Bucket(rate, 2 * rate, now=now)
        self._breaches: deque[float] = deque(maxlen=settings.max_breaches_per_minute)
        self.opened = self._pinged = now
        self._knows_pings = self._owes_pong = False

    def admit(self, token: str | None, now: float) -> tuple[Decision, ...]:
        """Let in a client that needs no token or showed one before its first frame."""
        if token is None and not self._gate.is_open:
            return ()
        return self._log_in(token, now)

    def receive(self, frame: str | bytes, now: float) -> tuple[Decision, ...]:
        """Decide on one frame of the client."""
        if self.state is State.CLOSING:
            return ()
        if self.state is State.UNKNOWN:
            return self._receive_first(frame, now)
        try:
            message = parse_request(frame)
            free = self._is_free(message)
        except HeartbeatError as error:
            refusal = Say(error_reply(error, request_id(frame)))
            return self._over_rate(request_id(frame), now) or (refusal,)
        if not free and (refused := self._over_rate(message.id, now)):
            return refused
        return self._decide(message)

    def live(self, delivery: Delivery) -> None:
        """Note that the owner's feed is joined."""
        self._enter(State.LIVE)
        self.delivery = delivery

    def leave(self, code: CloseCode, reason: str) -> tuple[Leave, ...]:
        """Close for a reason from outside; once is enough."""
        if self.state is State.CLOSING:
            return ()
        self._enter(State.CLOSING)
        return (Leave(code, reason),)

    def end(self) -> None:
        """Note that the socket is gone."""
        self._enter(State.CLOSING)

    def check(self, now: float, *, heard: float) -> tuple[Decision, ...]:
        """Decide what time alone leads to; `heard`: when a byte came last."""
        if self.state is State.CLOSING:
            return ()
        limits = self._settings
        if self.delivery is None and now - self.opened >= limits.hello_seconds:
            if self.state is State.ADMITTED:
                return (Join(),)
            return self.leave(
                CloseCode.SILENT, f"expected hello within {limits.hello_seconds:g} s"
            )
        if self.delivery and self.delivery.is_stalled(
            now, after=limits.stalled_seconds
        ):
            return self.leave(
                CloseCode.STALLED,
                f"nothing taken or acknowledged for {limits.stalled_seconds:g} s",
            )
        if now - heard >= limits.dead_after_seconds:
            return self.leave(CloseCode.NO_PONG, "no answer to ping")
        if now - max(heard, self._pinged) < limits.ping_seconds:
            return ()
        return (self._ping(now),)

    def next_check(self, now: float, *, heard: float) -> float:
        """Return when `check` may decide something, if nothing comes until then."""
        limits = self._settings
        times = [
            max(heard, self._pinged) + limits.ping_seconds,
            heard + limits.dead_after_seconds,
            now + limits.stalled_seconds / 4,
        ]
        if self.delivery is None:
            times.append(self.opened + limits.hello_seconds)
        return min(time for time in times if time > now)

    def _receive_first(self, frame: str | bytes, now: float) -> tuple[Decision, ...]:
        """Take nothing but a hello from a client that is not known."""
        most = self._settings.max_first_frame
        if len(frame) > most:
            reason = f"expected at most {most} characters before hello"
            return self.leave(CloseCode.TOO_BIG, reason)
        try:
            message = parse_request(frame)
            if not isinstance(message, Hello):
                raise InvalidMessage(
                    f"expected hello with a token first, got {message.type!r}"
                )
        except HeartbeatError as error:
            refusal = Say(error_reply(error, request_id(frame)))
            return (
                refusal,
                *self.leave(CloseCode.NO_HELLO_FIRST, "expected hello first"),
            )
        return self._log_in(message.token, now) or self._greet(message)

    def _decide(self, message: ClientMessage) -> tuple[Decision, ...]:
        match message:
            case Hello():
                return self._greet(message)
            case Ping():
                return (Say(Pong(id=message.id)),) if message.type == "ping" else ()
            case Ack():
                return self._acknowledge(message)
            case _:
                execute = Execute(message)
                return (execute,) if self.state is State.LIVE else (Join(), execute)

    def _greet(self, hello: Hello) -> tuple[Decision, ...]:
        if self.state is State.LIVE:
            return _refuse("expected hello once, as the first message", hello)
        try:
            if hello.resume is not None:
                Cursor.parse(hello.resume)
        except InvalidMessage as error:
            return _refuse(f"resume: {error}", hello)
        self._knows_pings = True
        return (Join(hello),)

    def _acknowledge(self, ack: Ack) -> tuple[Decision, ...]:
        if self.delivery is None:
            return _refuse("expected ack after hello and alerts", ack)
        try:
            return (Move(ack.alert_id, self.delivery.acknowledge(ack.alert_id)),)
        except InvalidMessage as error:
            return _refuse(str(error), ack)

    def _log_in(self, token: str | None, now: float) -> tuple[Decision, ...]:
        match self._gate.login(token, self._address, now):
            case Refused(blocked=True):
                return self.leave(CloseCode.ABUSE, "too many failed logins")
            case Refused():
                return self.leave(CloseCode.BAD_TOKEN, "expected a valid token")
            case Login() as login:
                self._enter(State.ADMITTED)
                self.login = login
                return ()

    def _is_free(self, message: ClientMessage) -> bool:
        """Say whether a message costs nothing: there can be no more than we caused."""
        match message:
            case Ping(type="pong"):
                owed, self._owes_pong = self._owes_pong, False
                return owed
            case Ack() if self.delivery is not None:
                return self.delivery.is_news(message.alert_id)
            case _:
                return False

    def _over_rate(self, id_: str | None, now: float) -> tuple[Decision, ...]:
        if self._bucket.take(now):
            return ()
        self._breaches.append(now)
        if (
            len(self._breaches) == self._breaches.maxlen
            and now - self._breaches[0] < MINUTE
        ):
            return self.leave(CloseCode.ABUSE, "too many messages")
        rate = self._settings.max_commands_per_second
        error = RateLimited(f"expected at most {rate:g} messages a second")
        return (Say(error_reply(error, id_)),)

    def _ping(self, now: float) -> Decision:
        """Ping in the way the client knows: the oldest ones know no such message."""
        self._pinged = now
        if not self._knows_pings:
            return Probe()
        self._owes_pong = True
        return Say(ServerPing())

    def _enter(self, state: State) -> None:
        assert state in TRANSITIONS[self.state], (self.state, state)
        self.state = state


def _refuse(reason: str, message: ClientMessage) -> tuple[Decision, ...]:
    return (Say(error_reply(InvalidMessage(reason), message.id)),)
