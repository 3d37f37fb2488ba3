"""The library's connection, with what it tells only to its own subclasses."""

from asyncio import BaseTransport
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.protocol import State


class Socket(ServerConnection):
    """One WebSocket that notes when it heard a byte and when its buffer is full.

    It notes the time of `clock`, once it has been given one.
    The buffer's limits are the server's `write_limit`: full at the high one, drained
    at the low one.
    """

    heard = 0.0
    on_arrived: Callable[["Socket"], None] | None = None
    on_gone: Callable[["Socket"], None] | None = None
    clock: Callable[[], float] | None = None
    on_paused: Callable[[], None] | None = None
    on_drained: Callable[[], None] | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Pass on that somebody has connected, who may never say a word."""
        super().connection_made(transport)
        if self.on_arrived is not None:
            self.on_arrived(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that it has gone."""
        if self.on_gone is not None:
            self.on_gone(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note that the client is alive; any byte of it shows that."""
        if self.clock is not None:
            self.heard = self.clock()
        super().data_received(data)

    def pause_writing(self) -> None:
        """Pass on that the client does not keep up."""
        super().pause_writing()
        if self.on_paused is not None:
            self.on_paused()

    def resume_writing(self) -> None:
        """Pass on that the client has caught up with what was written."""
        super().resume_writing()
        if self.on_drained is not None:
            self.on_drained()

    def push(self, frame: str) -> None:
        """Write a frame at once, whatever else is going on; never waits or raises."""
        broadcast((self,), frame)

    def probe(self) -> None:
        """Send the protocol's own ping; the answer is heard like any byte."""
        if self.protocol.state is State.OPEN:
            self.protocol.send_ping(b"")
            self.send_data()
