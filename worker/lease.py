"""A lease as its holder knows it: kept from the event loop, and lost with it."""

import asyncio
import time
from typing import NoReturn

from heartbeat.errors import StoreError
from heartbeat.store.runs import Lease, Runs

#: Wait before a call to a store that is away is tried again, in seconds.
STORE_RETRY_SECONDS = 0.5


class LeaseLost(Exception):
    """Raised when the right to run ended before the run did."""


class HeldLease:
    """The right to run one slot. `good_until` is by `time.monotonic`.

    `asked` is when it was first asked for: the server cannot have given it earlier.
    """

    def __init__(self, runs: Runs, lease: Lease, *, asked: float) -> None:
        self.lease = lease
        self.seconds = runs.lease_ms / 1000
        self.good_until = asked + self.seconds
        self._runs = runs

    @property
    def pause(self) -> float:
        """Return the seconds between two renewals."""
        return self.seconds / 3

    async def keep(self) -> NoReturn:
        """Renew from this loop, so that a blocked loop loses it; ends with LeaseLost.

        It begins with a renewal: call it a `pause` after the lease was given. It is
        lost when the ledger says so, or when it must have ended while the
        ledger could not be asked.
        """
        while True:
            asked = time.monotonic()
            try:
                is_ours = await asyncio.to_thread(self._runs.renew, self.lease)
            except StoreError as error:
                if time.monotonic() >= self.good_until:
                    raise LeaseLost from error
                await asyncio.sleep(min(STORE_RETRY_SECONDS, self.pause))
                continue
            if not is_ours:
                raise LeaseLost
            self.good_until = asked + self.seconds
            await asyncio.sleep(self.pause)
