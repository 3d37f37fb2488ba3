"""One subscription an owner, for as long as anybody listens."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Protocol

from heartbeat.errors import StoreUnavailable
from heartbeat.feed import Entry


class Feed(Protocol):
    """The feeds of all owners, as the store gives them."""

    async def subscribe(self, owner: str) -> None:
        """Return when the server has confirmed; raises StoreUnavailable."""

    async def unsubscribe(self, owner: str) -> None:
        """End the pushes of an owner."""

    async def read(self, owner: str, *, after: str | None, limit: int) -> list[Entry]:
        """Return the entries after one, oldest first; raises StoreUnavailable."""

    async def head(self, owner: str) -> str | None:
        """Return the newest id ever given; raises StoreUnavailable."""


@dataclass(slots=True, eq=False)
class _Held:
    count: int = 0
    confirmed: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Subscriptions:
    """Counts who needs an owner's pushes; asks the server once for all of them.

    One owner's commands go one after the other, so that an `unsubscribe` of the last
    listener can never overtake the `subscribe` of the next.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._held: dict[str, _Held] = {}

    async def hold(self, owner: str) -> None:
        """Return when pushes of this owner are on; raises StoreUnavailable."""
        held = self._held.setdefault(owner, _Held())
        held.count += 1
        try:
            async with held.turn:
                if not held.confirmed:
                    await self._feed.subscribe(owner)
                    held.confirmed = True
        except BaseException:
            await self.release(owner)
            raise

    async def release(self, owner: str) -> None:
        """Need the pushes no more."""
        held = self._held[owner]
        held.count -= 1
        async with held.turn:
            if held.count:
                return
            if held.confirmed:
                held.confirmed = False
                with contextlib.suppress(StoreUnavailable):
                    await self._feed.unsubscribe(owner)
            if not held.count:
                self._held.pop(owner, None)
