"""The server's clock for those who need the day and not the millisecond."""

import time
from datetime import datetime, timedelta

from heartbeat.instants import from_ms
from heartbeat.store.server import Server

#: How long an answer is carried forward by this host's own clock, in seconds: so long a
#: server whose clock was set goes unnoticed.
ASKED_EVERY_SECONDS = 60.0


class RecentClock:
    """Asks the server now and then; in between it adds what has passed here.

    Any number of threads may ask; at worst some of them ask the server at once.
    """

    def __init__(
        self, server: Server, *, asked_every_seconds: float = ASKED_EVERY_SECONDS
    ) -> None:
        self._server = server
        self._seconds = asked_every_seconds
        self._seen: tuple[float, datetime] | None = None

    def now(self) -> datetime:
        """Return the server's time; raises StoreError when it has to be asked."""
        at = time.monotonic()
        seen = self._seen
        if seen is not None and at - seen[0] < self._seconds:
            return seen[1] + timedelta(seconds=round(at - seen[0], 3))
        now = from_ms(self._server.now_ms())
        self._seen = at, now
        return now
