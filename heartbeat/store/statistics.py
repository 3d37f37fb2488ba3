"""What the fleet has done and how far it is behind."""

from dataclasses import dataclass
from typing import cast

from heartbeat.errors import StoreError
from heartbeat.store import keys
from heartbeat.store.records import ms_of
from heartbeat.store.server import Server
from heartbeat.store.unreadable import count_unreadable

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

    `overdue_ms`: how long the first due slot has waited for a beat. `unbegun_ms`: how
    long the oldest open one that no worker has begun has waited, in a queue or for a
    broker. `unreadable`: those that no beat can schedule, or no worker run, since their
    record cannot be read; their owners were told.
    """

    scheduled: int
    open: int
    overdue_ms: int
    unbegun_ms: int = 0
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

    def refusal(self) -> str | None:
        """Return why the server refuses what would be written; None if it takes it.

        Raises StoreError where it does not even answer.
        """
        self._server.now_ms()
        try:
            # Changes nothing: the counter is there, or is 0 all the same.
            self._server.ask(
                lambda client: client.hsetnx(keys.STATISTICS, EVENTS[0], 0)
            )
        except StoreError as error:
            return str(error.__cause__ or error)
        return None

    def last_finished_ms(self) -> int | None:
        """Return when a run finished last, by Redis' own clock."""
        found = self._server.ask(
            lambda client: client.hget(keys.STATISTICS, _LAST_FINISHED)
        )
        return ms_of(_whole(found))

    def configs_stored(self) -> int | None:
        """Return how many configs were ever stored: less only if state was lost.

        None if that cannot be read.
        """
        found = self._server.ask(lambda client: client.get(keys.VERSIONS))
        return 0 if found is None else _whole(found)

    def lag(self) -> Lag:
        """Return how far the fleet is behind, by Redis' own clock."""
        scheduled, open_slots, overdue_ms, unbegun_ms = cast(
            list[int], self._server.run("lag", "")
        )
        return Lag(
            scheduled=scheduled,
            open=open_slots,
            overdue_ms=overdue_ms,
            unbegun_ms=unbegun_ms,
            unreadable=self._server.ask(count_unreadable),
        )


def _whole(text: object) -> int | None:
    """Read a counter; one that cannot be read is as good as none."""
    try:
        return int(str(text))
    except ValueError:
        return None
