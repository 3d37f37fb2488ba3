"""The bounded buffer between the socket and the consumer of alerts."""

import asyncio
from collections import deque

from heartbeat.errors import HeartbeatError
from heartbeat.told import Alert, LostMessage, Resolved, Status

#: What `Client.alerts` gives.
Message = Alert | Resolved | LostMessage | Status

#: Messages kept for a consumer that is slower than its feed.
SIZE = 256


class Inbox:
    """A queue that can end. When it is full, `put` waits: the socket is not read on.

    The gateway then stops sending and the rest stays in the stream; nothing is
    dropped.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._messages: deque[Message] = deque()
        self._changed = asyncio.Condition()
        self._ended = False
        self._error: HeartbeatError | None = None

    @property
    def is_full(self) -> bool:
        """Say whether the next `put` would wait."""
        return len(self._messages) >= self._size

    async def put(self, message: Message) -> None:
        """Add a message, waiting while the inbox is full."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self.is_full)
            self._messages.append(message)
            self._changed.notify_all()

    async def get(self) -> Message | None:
        """Return the next message; None at the end, or the error it ended with."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._messages or self._ended)
            if self._messages:
                message = self._messages.popleft()
                self._changed.notify_all()
                return message
        if self._error is not None:
            raise self._error
        return None

    async def end(self, error: HeartbeatError | None) -> None:
        """Let readers end after what is left; the first call holds."""
        async with self._changed:
            if not self._ended:
                self._ended, self._error = True, error
            self._changed.notify_all()
