"""What the fleet has done and how far it is behind."""

from dataclasses import dataclass

from heartbeat.store import keys
from heartbeat.store.server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How many heartbeats are scheduled, how many slots open, how late the oldest."""

    scheduled: int
    open: int
    overdue_ms: int


class Statistics:
    """Counters of the ledger, over all processes since the store began."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def read(self) -> dict[str, int]:
        """Return the counters by name."""
        found = self._server.ask(lambda client: client.hgetall(keys.STATISTICS))
        return {str(name): int(value) for name, value in found.items()}

    def lag(self) -> Lag:
        """Return how far the schedule is behind, by Redis' own clock."""
        now_ms = self._server.now_ms()
        first = self._server.ask(
            lambda client: client.zrange(keys.DUE, 0, 0, withscores=True)
        )
        oldest = int(first[0][1]) if first else now_ms
        return Lag(
            scheduled=self._server.ask(lambda client: client.zcard(keys.DUE)),
            open=self._server.ask(lambda client: client.zcard(keys.OPEN)),
            overdue_ms=max(0, now_ms - oldest),
        )
