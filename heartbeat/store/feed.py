"""What owners are told, as a gateway reads it: the stream, and its pushes.

The stream is the truth and the push only the fast way: whoever reads must look at
`Entry.prev`, and read on from the stream when it is not what came last.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ResponseError

from heartbeat.errors import StoreUnavailable
from heartbeat.feed import Entry, is_id, read_entry
from heartbeat.store import keys
from heartbeat.store.push_line import PushLine
from heartbeat.store.server import RETRIES, SOCKET_TIMEOUT, in_our_words

logger = logging.getLogger(__name__)

_T = TypeVar("_T")


class FeedReader:
    """The feeds of all owners over two connections; heals by itself.

    `on_push` gets an owner and an entry, in the order of the feed. `on_reset` says that
    the pushes of every owner may have been interrupted; it comes after each connection,
    the first included. `on_peer` gets what any gateway tells all of them. All three are
    called in the event loop and must not wait.
    """

    def __init__(
        self,
        url: str,
        *,
        on_push: Callable[[str, Entry], None],
        on_reset: Callable[[], None],
        on_peer: Callable[[str], None] = lambda _: None,
    ) -> None:
        # No socket time-out, for the reason that `PushLine` has none: see `_bounded`.
        self._client: Redis = Redis.from_url(
            url,
            client_name="feed",
            decode_responses=True,
            encoding_errors="replace",
            socket_timeout=None,
            socket_connect_timeout=SOCKET_TIMEOUT,
            socket_keepalive=True,
            retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.3), RETRIES),
        )
        self._on_push, self._on_peer = on_push, on_peer
        self._line = PushLine.to(url, on_message=self._pushed, on_reset=on_reset)
        self._line.want(keys.GATEWAYS)

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
        """Return the next entries after one (None: from the oldest), in order.

        One that cannot be read is passed over: the next one does not follow on what was
        read before it, which shows as a loss.
        """
        key, start = keys.feed(owner), "-" if after is None else f"({after}"
        entries: list[Entry] = []
        while True:
            count = limit - len(entries)
            asked = self._client.xrange(key, min=start, max="+", count=count)
            # The client decodes.
            found = cast(
                list[tuple[str, dict[str, str]]], await _answer(asked, key) or []
            )
            entries += _readable(found, of=key)
            if len(found) < count or len(entries) == limit:
                return entries
            start = f"({found[-1][0]}"

    async def head(self, owner: str) -> str | None:
        """Return the newest id ever given, also when the stream has expired.

        One that cannot be read is as good as none: who resumes is told of a loss.
        """
        key = keys.feed_head(owner)
        head = await _answer(self._client.hget(key, "last"), key)
        if not head or is_id(str(head)):
            return str(head) if head else None
        _report(key, "an id", str(head))
        return None

    async def tell_gateways(self, text: str) -> None:
        """Tell all gateways, this one too; raises StoreUnavailable."""
        await _answer(self._client.publish(keys.GATEWAYS, text), keys.GATEWAYS)

    def _pushed(self, channel: str, text: str) -> None:
        if channel == keys.GATEWAYS:
            self._on_peer(text)
            return
        parts = text.split(" ", 2)
        if len(parts) != 3:
            _report(channel, "'id prev payload'", text, action="bad_push")
            return
        self._on_push(channel.removeprefix(keys.push("")), Entry(*parts))


def _readable(
    found: Iterable[tuple[str, dict[str, str]]], *, of: str
) -> Iterator[Entry]:
    for alert_id, fields in found:
        entry = read_entry(alert_id, fields)
        if entry is None:
            _report(of, "prev and a message", f"{alert_id}: {fields}")
        else:
            yield entry


def _report(where: str, expected: str, got: str, *, action: str = "bad_record") -> None:
    logger.warning(
        "%s: expected %s, got %.80r", where, expected, got, extra={"action": action}
    )


async def _answer(asked: Awaitable[_T], key: str) -> _T | None:
    """Return the answer; None if the key has another type than its own.

    Whoever tells the owner next puts that right. Raises StoreUnavailable after the time
    that the client's tries may take.
    """
    with in_our_words():
        try:
            async with asyncio.timeout(SOCKET_TIMEOUT):
                return await asked
        except TimeoutError as error:
            raise StoreUnavailable(
                f"expected Redis to answer within {SOCKET_TIMEOUT:g} s, got silence"
            ) from error
        except ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise
    _report(key, "its own type", "another")
    return None
