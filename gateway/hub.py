"""Who listens to which owner's feed; an owner's entries reach its listeners only."""

from collections.abc import Iterator
from typing import Protocol

from heartbeat.errors import LimitReached
from heartbeat.feed import Entry


class Listener(Protocol):
    """A connection as the hub sees it."""

    def pushed(self, entry: Entry) -> None:
        """Take an entry that was pushed."""

    def reset(self) -> None:
        """Take note that pushes may have been missed."""

    def compare_head(self, head: str | None) -> None:
        """Take note of how far the feed goes."""

    def state_lost(self) -> None:
        """Take note that the store has lost state, whatever the feed looks like."""


class Hub:
    """The listeners by owner."""

    def __init__(self, *, max_per_owner: int) -> None:
        self._max_per_owner = max_per_owner
        self._listeners: dict[str, set[Listener]] = {}

    def add(self, owner: str, listener: Listener) -> None:
        """Let a connection hear an owner's feed; raises LimitReached."""
        listeners = self._listeners.setdefault(owner, set())
        if len(listeners) >= self._max_per_owner:
            raise LimitReached(
                f"expected at most {self._max_per_owner} connections of one owner"
                " (MAX_CONNECTIONS_PER_OWNER), got one more"
            )
        listeners.add(listener)

    def remove(self, owner: str, listener: Listener) -> None:
        """Let it hear no more; it may be gone already."""
        listeners = self._listeners.get(owner, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(owner, None)

    def owners(self) -> tuple[str, ...]:
        """Return the owners that anybody listens to."""
        return tuple(self._listeners)

    def pushed(self, owner: str, entry: Entry) -> None:
        """Hand an entry to every listener of its owner."""
        for listener in tuple(self._listeners.get(owner, ())):
            listener.pushed(entry)

    def reset(self) -> None:
        """Tell everybody that pushes may have been missed."""
        for listener in self._all():
            listener.reset()

    def state_lost(self) -> None:
        """Tell everybody that the store has lost state."""
        for listener in self._all():
            listener.state_lost()

    def compare_head(self, owner: str, head: str | None) -> None:
        """Tell an owner's listeners how far the feed goes."""
        for listener in tuple(self._listeners.get(owner, ())):
            listener.compare_head(head)

    def _all(self) -> Iterator[Listener]:
        for listeners in tuple(self._listeners.values()):
            yield from tuple(listeners)
