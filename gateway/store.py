"""The parts of the store that the gateway's commands use, over one connection pool."""

from dataclasses import dataclass
from typing import Self

from heartbeat.store.books import Books
from heartbeat.store.compiled import Compiled
from heartbeat.store.cursors import Cursors
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.names import Names
from heartbeat.store.processes import Processes
from heartbeat.store.runs import Runs
from heartbeat.store.server import Server
from heartbeat.store.slots import Slots
from heartbeat.store.spending import Spending
from heartbeat.store.statistics import Statistics
from heartbeat.store.unreadable import Unreadable
from heartbeat.store.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Everything kept, by topic; synchronous and usable from any thread."""

    heartbeats: Heartbeats
    runs: Runs
    slots: Slots
    books: Books
    compiled: Compiled
    cursors: Cursors
    names: Names
    processes: Processes
    spending: Spending
    statistics: Statistics
    unreadable: Unreadable
    watch: Watch

    @classmethod
    def on(cls, server: Server) -> Self:
        """Build all parts on one server."""
        return cls(
            heartbeats=Heartbeats(server),
            runs=Runs(server),
            slots=Slots(server),
            books=Books(server),
            compiled=Compiled(server),
            cursors=Cursors(server),
            names=Names(server),
            processes=Processes(server),
            spending=Spending(server),
            statistics=Statistics(server),
            unreadable=Unreadable(server),
            watch=Watch(server),
        )
