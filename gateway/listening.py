"""One connection's part in its owner's feed: join it, read it, write it out.

Subscribe first, then read on from the cursor, then live. What a step says is written
at once: a pause between deciding and writing would let entries change places.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateway.delivery import Delivery, Read, Step
from gateway.shared import Shared
from heartbeat.errors import StoreError
from heartbeat.feed import Entry, start_of
from heartbeat.protocol import to_frame
from heartbeat.requests import Hello
from heartbeat.told import Lost, LostMessage

#: Seconds, at least and at most, before a failed read of the stream is tried again.
RETRY_SECONDS = (0.2, 2.0)

_LOG = logging.getLogger(__name__)


class Listening:
    """The reading of one connection; `push` writes a frame, `fail` closes for a bug."""

    def __init__(
        self,
        shared: Shared,
        owner: str,
        *,
        push: Callable[[str], None],
        fail: Callable[[], None],
    ) -> None:
        self._shared, self._owner = shared, owner
        self._push, self._fail = push, fail
        self._reader: asyncio.Task[None] | None = None
        self._delivery: Delivery | None = None
        self.head: str | None = None
        self.has_cursor = self._may_have_had = False

    async def join(
        self, hello: Hello | None, *, claim: Callable[[], Awaitable[None]]
    ) -> tuple[Delivery, Step]:
        """Join the feed where the hello says; return the first step, not yet taken.

        1. Subscribe, and wait until the server has confirmed; `claim` the name.
        2. Learn the head and the cursor; from here on pushes are noted.
        3. Read the first page.
        4. Keep where a named client begins: what comes before it has acknowledged
           anything must reach it even if it goes at once. Pushes are still only noted.

        Raises StoreError and LimitReached; whatever it raises, nothing is left behind.
        """
        await self._shared.subscriptions.hold(self._owner)
        try:
            await claim()
            self.head = await self._shared.feed.head(self._owner)
            cursor = await self._cursor(hello)
            delivery = Delivery(
                cursor,
                window=self._shared.settings.window_alerts,
                page_bytes=self._shared.settings.window_bytes,
            )
            self._delivery = delivery
            self._shared.hub.add(self._owner, self)
            read = delivery.begin()
            entries = await self._shared.feed.read(
                self._owner, after=read.after, limit=read.limit
            )
            if hello is not None and not self.has_cursor:
                first = entries[0] if entries else None
                await self._keep(hello, cursor or start_of(first, self.head))
            step = delivery.page(entries, self.head)
        except BaseException:
            await self.close()
            raise
        if self._may_have_had and step.lost is None:
            step = replace(step, lost=Lost(reason="state_lost"))
        return delivery, step

    async def close(self) -> None:
        """Hear no more."""
        if self._reader is not None:
            self._reader.cancel()
        self._shared.hub.remove(self._owner, self)
        await self._shared.subscriptions.release(self._owner)

    def take(self, step: Step) -> None:
        """Do what was decided: tell the loss, send, read on."""
        if step.lost is not None:
            self._push(to_frame(LostMessage.model_validate(step.lost.model_dump())))
        for entry in step.send:
            self._push(entry.frame)
        self._count(step)
        if step.read is not None:
            self._reader = asyncio.create_task(self._read_on(step.read))

    def pushed(self, entry: Entry) -> None:
        """Take an entry that was pushed."""
        if self._delivery is not None:
            self.take(self._delivery.pushed(entry))

    def reset(self) -> None:
        """Take note that pushes may have been missed."""
        if self._delivery is not None:
            self.take(self._delivery.reset())

    def compare_head(self, head: str | None) -> None:
        """Take note of how far the feed goes."""
        if self._delivery is not None:
            self.take(self._delivery.compare_head(head))

    def state_lost(self) -> None:
        """Take note that the store has lost state."""
        if self._delivery is not None:
            self.take(self._delivery.state_lost())

    def paused(self) -> None:
        """Take note that the client does not keep up."""
        if self._delivery is not None:
            self._delivery.paused()

    def drained(self) -> None:
        """Take note that the client has caught up with what was written."""
        if self._delivery is not None:
            self.take(self._delivery.drained())

    async def _cursor(self, hello: Hello | None) -> str | None:
        """Return where to read on: as asked, as stored, or as the hello begins.

        An unknown name may be that of a client whose cursor made room for another:
        then it is told of a loss, for what was missed cannot be known.
        """
        if hello is None:
            return self.head
        cursor = hello.resume
        if cursor is None and hello.client_id is not None:
            client_id, cursors = hello.client_id, self._shared.store.cursors
            stored = await self._shared.joining.call(
                lambda: cursors.get(self._owner, client_id)
            )
            cursor = self._shared.cursors.newest(self._owner, client_id, stored)
            if cursor is None:
                self._may_have_had = await self._shared.joining.call(
                    lambda: cursors.may_have_had(self._owner, client_id)
                )
        self.has_cursor = cursor is not None
        if cursor is None and hello.from_ == "head":
            return self.head
        return cursor

    async def _keep(self, hello: Hello, begins_at: str) -> None:
        client_id, cursors = hello.client_id, self._shared.store.cursors
        if client_id is not None:
            forgotten = await self._shared.joining.call(
                lambda: cursors.advance(self._owner, client_id, begins_at)
            )
            self._shared.metrics.count("clients_forgotten", by=forgotten)

    async def _read_on(self, read: Read) -> None:
        """Read one page; while Redis is away, try again until the socket closes."""
        assert self._delivery is not None  # only a delivery asks for a read
        try:
            entries, head = await self._page(read)
            self.take(self._delivery.page(entries, head))
        except Exception:  # noqa: BLE001  # a reader that just died would be a silent hole
            _LOG.exception("reading a feed failed", extra={"action": "read_failed"})
            self._fail()

    async def _page(self, read: Read) -> tuple[list[Entry], str | None]:
        while True:
            try:
                head = await self._shared.feed.head(self._owner)
                entries = await self._shared.feed.read(
                    self._owner, after=read.after, limit=read.limit
                )
            except StoreError:
                await asyncio.sleep(random.uniform(*RETRY_SECONDS))
            else:
                return entries, head

    def _count(self, step: Step) -> None:
        metrics = self._shared.metrics
        if step.send:
            metrics.count("alerts_sent", by=len(step.send))
        if step.read is not None and step.read.cause is not None:
            metrics.count("catch_ups", step.read.cause)
        if step.lost is not None:
            metrics.count("lost_ranges", step.lost.reason)
