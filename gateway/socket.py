"""The library's connection, with what it tells only to its own subclasses."""

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
    clock: Callable[[], float] | None = None
    on_paused: Callable[[], None] | None = None
    on_drained: Callable[[], None] | None = None

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
