"""Opens the socket; the one place where the library's errors become ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import (
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)
from websockets.typing import Origin

from heartbeat.errors import (
    GatewayUnavailable,
    HeartbeatError,
    InvalidInput,
    Unauthorized,
)

#: Seconds for the socket and its handshake.
_OPEN_SECONDS = 10.0
#: Largest reply: the history of 200 runs of a long checklist.
_MAX_FRAME = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialer:
    """Where to connect to and as what page."""

    url: str
    origin: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise InvalidInput(
                f"url: expected ws://host:port/ws or wss://…, got {self.url!r}"
            )

    @asynccontextmanager
    async def dial(self) -> AsyncIterator[ClientConnection]:
        """Open a socket for the block; raises a HeartbeatError if there is none."""
        opening = open_socket(
            self.url,
            origin=None if self.origin is None else Origin(self.origin),
            compression=None,
            ping_interval=None,  # the gateway pings; its silence is watched
            open_timeout=_OPEN_SECONDS,
            close_timeout=2,
            max_size=_MAX_FRAME,
            proxy=None,
        )
        try:
            socket = await opening
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            raise _translated(self.url, error) from error
        try:
            yield socket
        finally:
            await socket.close()


def _translated(url: str, error: Exception) -> HeartbeatError:
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status in (401, 403):
            return Unauthorized(f"{url} refused the connection: HTTP {status}")
        if status < 500 and status != 429:
            return InvalidInput(
                f"url: expected a gateway's /ws, got HTTP {status} from {url!r}"
            )
    if isinstance(error, InvalidURI):
        return InvalidInput(f"url: expected ws://host:port/ws, got {url!r}")
    what = str(error) or type(error).__name__
    return GatewayUnavailable(f"cannot reach the gateway at {url}: {what}")
