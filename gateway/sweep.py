"""Looks at each connection when it is due, as long as the gateway runs."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from gateway.awake import AwakeClock
from gateway.metrics import Metrics
from gateway.pings import RESOLUTION, Wheel

_LOG = logging.getLogger(__name__)


class Looked(Protocol):
    """What time alone can lead to something for: a connection."""

    def look(self, now: float) -> None:
        """Decide what time leads to."""

    def fail(self) -> None:
        """End after an error of ours."""


class Sweep:
    """One look after the other at all that is due; `failed` reports an exception."""

    def __init__(
        self,
        wheel: Wheel[Looked],
        clock: AwakeClock,
        metrics: Metrics,
        *,
        failed: Callable[[str], None],
    ) -> None:
        self._wheel, self._clock, self._metrics = wheel, clock, metrics
        self._failed = failed

    async def run(self) -> None:
        """Look until cancelled; note how late the loop is."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + RESOLUTION
            await asyncio.sleep(RESOLUTION)
            self._metrics.set("loop_lag_seconds", loop.time() - due)
            self.look()

    def look(self) -> None:
        """Look at all that is due now; what cannot be looked at is ended."""
        still = self._clock.tick()
        if still > 0:
            self._metrics.count("stood_still_seconds", by=still)
            _LOG.warning(
                "stood still for %.1f s", still, extra={"action": "stood_still"}
            )
        now = self._clock()
        for one in self._wheel.take_due(now):
            try:
                one.look(now)
            except Exception:  # noqa: BLE001  # the others are looked at all the same
                self._failed("sweep")
                one.fail()
