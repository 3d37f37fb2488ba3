"""What the fleet has done and how far it is behind."""

from dataclasses import dataclass

from redis import Redis

from heartbeat.store import keys
from heartbeat.store.records import ms_of
from heartbeat.store.server import Server

#: What the scripts count, apart from why slots were skipped or missed (`missed_…`).
EVENTS = (
    *("configured", "deleted", "requested", "told", "unreadable"),
    *("claimed", "published", "redispatched", "outdated", "set_back"),
    *("begun", "begun_by_earlier", "begin_gone", "begin_running"),
    *("handed_back", "lease_lost", "taken", "fenced", "recovered"),
    *("finished", "finished_ok", "finished_alert", "finished_unknown"),
    *("finished_skipped", "skipped", "missed", "lost"),
)
_LAST_FINISHED = "last_finished_ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How many heartbeats are scheduled, how many slots open, how late the oldest.

    `unreadable`: those that no beat can schedule, and whose owners were told.
    """

    scheduled: int
    open: int
    overdue_ms: int
    unreadable: int = 0


class Statistics:
    """Counters of the ledger, over all processes since the store began."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def read(self) -> dict[str, int]:
        """Return the counters by name; what has not happened yet is 0."""
        found = self._server.ask(lambda client: client.hgetall(keys.STATISTICS))
        counted = {
            str(name): count
            for name, value in found.items()
            if name != _LAST_FINISHED and (count := _whole(value)) is not None
        }
        return dict.fromkeys(EVENTS, 0) | counted

    def last_finished_ms(self) -> int | None:
        """Return when a run finished last, by Redis' own clock."""
        found = self._server.ask(
            lambda client: client.hget(keys.STATISTICS, _LAST_FINISHED)
        )
        return ms_of(_whole(found))

    def lag(self) -> Lag:
        """Return how far the schedule is behind, by Redis' own clock."""
        now_ms = self._server.now_ms()
        first = self._server.ask(
            lambda client: client.zrange(keys.DUE, 0, 0, withscores=True)
        )
        oldest = ms_of(first[0][1]) if first else now_ms
        return Lag(
            scheduled=self._server.ask(lambda client: client.zcard(keys.DUE)),
            open=self._server.ask(lambda client: client.zcard(keys.OPEN)),
            overdue_ms=0 if oldest is None else max(0, now_ms - oldest),
            unreadable=self._server.ask(_count_unreadable),
        )


def _whole(text: object) -> int | None:
    """Read a counter; one that cannot be read is as good as none."""
    try:
        return int(str(text))
    except ValueError:
        return None


def _count_unreadable(client: Redis) -> int:
    """Count those that should have slots: one that is paused waits for nothing."""
    noted = client.hgetall(keys.UNREADABLE)
    told = [str(uid) for uid, since in noted.items() if since == "told"]
    return sum(client.zscore(keys.DUE, uid) is not None for uid in told)
