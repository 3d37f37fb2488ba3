"""What owners are told, as a gateway reads it: the stream, and its pushes.

The stream is the truth and the push only the fast way: whoever reads must look at
`Entry.prev`, and read on from the stream when it is not what came last.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff

from heartbeat.errors import StoreUnavailable
from heartbeat.feed import Entry
from heartbeat.store import keys
from heartbeat.store.push_line import PushLine
from heartbeat.store.server import RETRIES, SOCKET_TIMEOUT, in_our_words

logger = logging.getLogger(__name__)


class FeedReader:
    """The feeds of all owners over two connections; heals by itself.

    `on_push` gets an owner and an entry, in the order of the feed. `on_reset` says that
    the pushes of every owner may have been interrupted; it comes after each connection,
    the first included. Both are called in the event loop and must not wait.
    """

    def __init__(
        self,
        url: str,
        *,
        on_push: Callable[[str, Entry], None],
        on_reset: Callable[[], None],
    ) -> None:
        # No socket time-out, for the reason that `PushLine` has none: see `_bounded`.
        self._client: Redis = Redis.from_url(
            url,
            client_name="feed",
            decode_responses=True,
            socket_timeout=None,
            socket_connect_timeout=SOCKET_TIMEOUT,
            socket_keepalive=True,
            retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.3), RETRIES),
        )
        self._on_push = on_push
        self._line = PushLine.to(url, on_message=self._pushed, on_reset=on_reset)

    async def listen(self) -> None:
        """Hear pushes until cancelled; Redis need not be there yet.

        Whoever runs this must notice if it ends by itself: reading would go on without
        a push, and subscribing would wait in vain.
        """
        await self._line.run()

    async def close(self) -> None:
        """End the connection that reads; that of the pushes ends with `listen`."""
        await self._client.aclose()

    async def subscribe(self, owner: str) -> None:
        """Return when the server has confirmed; raises StoreUnavailable.

        From then on the owner's pushes come, over every reconnection.
        """
        await self._line.subscribe(keys.push(owner))

    async def unsubscribe(self, owner: str) -> None:
        """End the pushes of an owner."""
        await self._line.unsubscribe(keys.push(owner))

    async def read(self, owner: str, *, after: str | None, limit: int) -> list[Entry]:
        """Return the next entries after one (None: from the oldest), in order."""
        start = "-" if after is None else f"({after}"
        async with _bounded():
            found = await self._client.xrange(
                keys.feed(owner), min=start, max="+", count=limit
            )
        # The client decodes, and every entry is written with both fields.
        entries = cast(list[tuple[str, dict[str, str]]], found)
        return [
            Entry(alert_id=alert_id, prev=fields["prev"], payload=fields["payload"])
            for alert_id, fields in entries
        ]

    async def head(self, owner: str) -> str | None:
        """Return the newest id ever given, also when the stream has expired."""
        async with _bounded():
            head = await self._client.hget(keys.feed_head(owner), "last")
        return str(head) if head else None

    def _pushed(self, channel: str, text: str) -> None:
        parts = text.split(" ", 2)
        if len(parts) != 3:
            logger.warning(
                "expected 'id prev payload' on %s, got %.80r",
                channel,
                text,
                extra={"action": "bad_push"},
            )
            return
        self._on_push(channel.removeprefix(keys.push("")), Entry(*parts))


@contextlib.asynccontextmanager
async def _bounded() -> AsyncIterator[None]:
    """Raise StoreUnavailable after the time that the client's tries may take."""
    with in_our_words():
        try:
            async with asyncio.timeout(SOCKET_TIMEOUT):
                yield
        except TimeoutError as error:
            raise StoreUnavailable(
                f"expected Redis to answer within {SOCKET_TIMEOUT:g} s, got silence"
            ) from error
