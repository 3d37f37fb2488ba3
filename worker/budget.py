"""What the fleet may spend on the model in a day, as one worker process sees it."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from heartbeat.errors import StoreError
from heartbeat.store.spending import Spending
from heartbeat.usage import Usage

logger = logging.getLogger(__name__)

#: How long the fleet's count is believed, in seconds. Calls under way overshoot the
#: budget anyway, by more than the whole fleet begins within this time.
FRESH_SECONDS = 1.0


class Budget:
    """Tokens of one UTC day, counted by the whole fleet; used on one event loop.

    Whatever is spent while the count is being written goes with the next write, whose
    answer is the fleet's count: a busy worker asks nothing beside it. A store that is
    away stops no call; it soon stops the runs, whose leases end.
    """

    def __init__(
        self, spending: Spending, *, now: Callable[[], datetime], most: int
    ) -> None:
        self._spending = spending
        self._now = now
        self._most = most
        self._counted = 0
        self._unwritten = 0
        self._fresh_until = float("-inf")
        self._writing: asyncio.Task[None] | None = None

    async def may_call(self) -> bool:
        """Say whether one more call is allowed."""
        if asyncio.get_running_loop().time() >= self._fresh_until:
            # A caller that is cancelled must not take the others' count with it.
            await asyncio.shield(self._written())
        return self._counted + self._unwritten < self._most

    async def spent(self, usage: Usage) -> None:
        """Count what a call has cost; does not wait for the store."""
        self._unwritten += usage.tokens
        self._written()

    def _written(self) -> asyncio.Task[None]:
        """Return the write that is going on, or begin one."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return self._writing

    async def _write(self) -> None:
        is_due = True
        while is_due:
            tokens, self._unwritten = self._unwritten, 0
            try:
                self._counted = await asyncio.to_thread(self._add, tokens)
                is_due = self._unwritten > 0
            except StoreError as error:
                self._unwritten += tokens
                is_due = False
                extra = {"action": "spending"}
                logger.warning(
                    "%s tokens not counted yet: %s", tokens, error, extra=extra
                )
            self._fresh_until = asyncio.get_running_loop().time() + FRESH_SECONDS

    def _add(self, tokens: int) -> int:
        return self._spending.add(tokens, self._now())
