"""Those who have connected and have not shown yet who they are."""

from collections import Counter
from collections.abc import Hashable


class Waiting:
    """A set of sockets with their addresses, and how many of them there may be."""

    def __init__(self, *, most: int, most_of_address: int | None) -> None:
        """Without `most_of_address` one address may have them all."""
        self._most, self._most_of_address = most, most_of_address
        self._addresses: dict[Hashable, str] = {}
        self._counts: Counter[str] = Counter()

    def is_full(self, address: str) -> bool:
        """Say whether no more may wait, in all or of this address."""
        if len(self._addresses) >= self._most:
            return True
        most = self._most_of_address
        return most is not None and self._counts[address] >= most

    def add(self, socket: Hashable, address: str) -> None:
        """Let one wait."""
        if socket not in self._addresses:
            self._addresses[socket] = address
            self._counts[address] += 1

    def remove(self, socket: Hashable) -> None:
        """Let it wait no more; it may not be there."""
        address = self._addresses.pop(socket, None)
        if address is None:
            return
        self._counts[address] -= 1
        if not self._counts[address]:
            del self._counts[address]
