"""Which connection of this gateway goes by which client's name, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from heartbeat.store.names import Name


class Named(Protocol):
    """A connection whose client has said its name."""

    def replaced(self) -> None:
        """Give way to a newer connection of the same client."""


@dataclass(slots=True, kw_only=True)
class _Held:
    """A name that is held: its number here, and the highest one heard of anywhere."""

    connection: Named
    number: int | None = None
    newest: int = 0


class Names:
    """The named connections, by owner and client name.

    Of several connections of a name the one with the highest number keeps it, wherever
    they are: each gateway lets go of its own when it hears of a higher one, and never
    of the highest.
    """

    def __init__(self) -> None:
        self._held: dict[Name, _Held] = {}

    def take(self, owner: str, client_id: str, connection: Named) -> Named | None:
        """Give a name to a connection; return the one that had it here."""
        before = self._held.get((owner, client_id))
        if before is not None and before.connection is connection:
            return None
        self._held[owner, client_id] = _Held(connection=connection)
        return None if before is None else before.connection

    def drop(self, owner: str, client_id: str, connection: Named) -> None:
        """Give a name back, unless another connection has it by now."""
        held = self._held.get((owner, client_id))
        if held is not None and held.connection is connection:
            del self._held[owner, client_id]

    def number(
        self, owner: str, client_id: str, connection: Named, number: int
    ) -> None:
        """Note the number that a connection was given."""
        held = self._held.get((owner, client_id))
        if held is not None and held.connection is connection:
            held.number = number
            self._compare((owner, client_id), held)

    def heard(self, newest: Mapping[Name, int]) -> None:
        """Take note of numbers that were given, here or elsewhere."""
        for name, number in newest.items():
            held = self._held.get(name)
            if held is not None:
                held.newest = max(held.newest, number)
                self._compare(name, held)

    def held(self) -> list[Name]:
        """Return the names that are held."""
        return list(self._held)

    def _compare(self, name: Name, held: _Held) -> None:
        if held.number is not None and held.number < held.newest:
            del self._held[name]
            held.connection.replaced()
