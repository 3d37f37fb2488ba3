"""On which queues heartbeats are placed, and how many wait there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from heartbeat.store import keys
from heartbeat.store.server import Server

#: Heartbeats looked at in one round trip.
LOOKED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A queue that is in use.

    `placed`: heartbeats on the schedule whose messages go there. `waiting`: those with
    a message there that no worker has taken.
    """

    queue: str
    placed: int
    waiting: int


class Placements:
    """Counts heartbeats by their queue: a look at all of them, for an operator."""

    def __init__(self, server: Server, *, at_once: int = LOOKED_AT_ONCE) -> None:
        self._server = server
        self._at_once = at_once

    def count(self) -> list[Placement]:
        """Return every queue that heartbeats are placed on, or messages wait on."""
        placed = self._placed()
        known = self._server.ask(lambda client: client.smembers(keys.QUEUES))
        names = sorted({*placed, *(str(name) for name in known)})
        found = [
            Placement(
                queue=name, placed=placed[name], waiting=self._count_waiting(name)
            )
            for name in names
        ]
        return [one for one in found if one.placed or one.waiting]

    def _placed(self) -> Counter[str]:
        placed: Counter[str] = Counter()
        first = 0
        while uids := self._scheduled(first):
            placed.update(self._queues_of(uids))
            first += len(uids)
        return placed

    def _scheduled(self, first: int) -> list[str]:
        last = first + self._at_once - 1
        found = self._server.ask(lambda client: client.zrange(keys.DUE, first, last))
        return [str(uid) for uid in found]

    def _queues_of(self, uids: Sequence[str]) -> list[str]:
        def read(client: Redis) -> list[str | None]:
            with client.pipeline(transaction=False) as pipeline:
                for uid in uids:
                    pipeline.hget(keys.heartbeat(uid), "queue")
                return cast(list[str | None], pipeline.execute())

        return [queue for queue in self._server.ask(read) if queue]

    def _count_waiting(self, queue: str) -> int:
        return int(self._server.ask(lambda client: client.scard(keys.waiting(queue))))
