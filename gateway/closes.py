"""Why the gateway closes a socket, and what the client should do then."""

from enum import IntEnum

from heartbeat.replies import Closing

#: Bytes of a close frame's reason, by the protocol.
MAX_REASON = 123


class CloseCode(IntEnum):
    """The codes the gateway closes with.

    The library adds 1000, 1002, 1007, and 1009 for a frame that is too large: for such
    it closes by itself, and nothing can be said before.
    """

    TOO_BIG = 1009
    INTERNAL = 1011
    RESTART = 1012
    OVERLOADED = 1013
    NO_HELLO_FIRST = 4400
    BAD_TOKEN = 4401
    WITHDRAWN = 4403
    SILENT = 4408
    REPLACED = 4409
    STALLED = 4410
    NO_PONG = 4412
    ABUSE = 4429


#: Milliseconds to wait, from and to, before connecting again; absent: do not.
_RECONNECT: dict[CloseCode, tuple[int, int]] = {
    CloseCode.INTERNAL: (500, 5_000),
    CloseCode.RESTART: (0, 5_000),
    CloseCode.OVERLOADED: (10_000, 30_000),
    CloseCode.SILENT: (500, 5_000),
    CloseCode.STALLED: (500, 5_000),
    CloseCode.NO_PONG: (500, 5_000),
    CloseCode.ABUSE: (10_000, 60_000),
}


def closing(code: CloseCode, reason: str) -> Closing:
    """Return what is said before the socket closes with this code."""
    delay = _RECONNECT.get(code)
    return Closing(
        code=code,
        reason=reason,
        reconnect=delay is not None,
        delay_ms=delay or (0, 0),
    )


def shortened(reason: str) -> str:
    """Return what of a reason has room in a close frame."""
    return reason.encode()[:MAX_REASON].decode(errors="ignore")
