"""What the end of a connection means: go on, and how soon, or stop, and why.

Pure: the shell draws the random numbers and sleeps.
"""

from dataclasses import dataclass

from heartbeat.errors import (
    ConnectionReplaced,
    GatewayUnavailable,
    HeartbeatError,
    InvalidMessage,
    Unauthorized,
    Unsupported,
)
from heartbeat.replies import Closing

#: A connection that lived this long was a good one: back-off starts anew after it.
STABLE_SECONDS = 10.0
#: Shortest wait after "overloaded" (1013), so that a full gateway is left alone.
_OVERLOADED = (10.0, 30.0)

_BAD_TOKEN = 4401
#: Close codes after which the same attempt would end the same way.
_STOP: dict[int, tuple[type[HeartbeatError], str]] = {
    4400: (InvalidMessage, "the gateway took a frame for abuse"),
    _BAD_TOKEN: (Unauthorized, "the gateway does not know this token"),
    4403: (Unauthorized, "the gateway forbids this client"),
    4406: (Unsupported, "the gateway speaks no protocol of this client"),
    4409: (ConnectionReplaced, "another connection uses the same client id"),
    4411: (Unauthorized, "the token has expired"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """Seconds between attempts: doubling up to a limit, drawn from the whole range."""

    first_seconds: float = 0.5
    limit_seconds: float = 30.0

    def longest(self, attempt: int) -> float:
        """Return the longest wait before the attempt with this number, from 0."""
        # 2**64 of any first wait is past every limit; more would overflow.
        return min(self.limit_seconds, self.first_seconds * 2.0 ** min(attempt, 64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a connection, or the attempt at one, ended.

    A retryable `error` means: try again, after a wait in `delay` seconds if the
    gateway asked for one.
    """

    error: HeartbeatError
    delay: tuple[float, float] | None = None


def ended_by_close(
    code: int | None, reason: str, closing: Closing | None, *, has_token: bool = True
) -> Ended:
    """Judge a close by its code (None: the network broke) and what was said before."""
    if code is None and closing is not None:
        code = closing.code
    told = closing.reason if closing is not None else reason
    if code in _STOP:
        error, meaning = _STOP[code]
        if code == _BAD_TOKEN and not has_token:
            meaning = "the gateway needs a token, and none was given"
        return Ended(error=error(f"{meaning} ({code}{f': {told}' if told else ''})"))
    if closing is not None and not closing.reconnect:
        return Ended(error=Unsupported(f"the gateway wants no more: {code} {told}"))
    gone = GatewayUnavailable(_gone(code, told))
    if closing is not None:
        low, high = sorted(closing.delay_ms)
        return Ended(error=gone, delay=(low / 1000, high / 1000))
    return Ended(error=gone, delay=_OVERLOADED if code == 1013 else None)


def _gone(code: int | None, told: str) -> str:
    if code is None:
        return "the gateway or the network went away without a close"
    return f"the gateway closed the connection ({code}{f': {told}' if told else ''})"


def wait_range(ended: Ended, *, attempt: int, back_off: BackOff) -> tuple[float, float]:
    """Return the shortest and longest wait; the gateway's wish holds for one attempt.

    Full jitter from zero: thousands of clients that broke off together come back
    spread over the whole range.
    """
    if ended.delay is not None:
        return ended.delay
    return 0.0, back_off.longest(attempt)
