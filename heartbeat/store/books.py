"""Changes to what is remembered of a heartbeat's troubles, from outside a run."""

from collections.abc import Callable
from datetime import datetime

from heartbeat.book import Book, Settled
from heartbeat.instants import from_ms
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.server import Server
from heartbeat.store.unclaimed import MAX_TRIES, too_busy
from heartbeat.telling import About, tell

Decide = Callable[[Book, datetime], Settled]


class Books:
    """Compare-and-set over books: decisions are pure, and made again on a conflict."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def change(self, owner: str, schedule_id: str, decide: Decide) -> Settled:
        """Apply a decision, and tell the owner in the same step. Raises NotFound.

        `decide` gets the book and Redis' time; it may be called more than once.
        """
        for _ in range(MAX_TRIES):
            stored = Heartbeats(self._server).get(owner, schedule_id)
            now = from_ms(self._server.now_ms())
            settled = decide(stored.book, now)
            about = About(schedule_id=schedule_id, name=stored.config.name, now=now)
            answer = self._server.run(
                "change_book",
                "",
                stored.config.uid,
                stored.revision,
                settled.book.dump(),
                *tell(settled.notices, about),
            )
            if answer == "ok":
                return settled
        raise too_busy(schedule_id)
