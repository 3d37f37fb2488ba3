"""What a gateway remembers of Redis, to notice when Redis does not.

A server that comes back empty, or as an older copy of itself, says nothing of it: what
was configured is gone, nothing is due, and all looks well.
"""


class Memory:
    """How many configs were ever stored, as Redis counts them: that never falls.

    A count that cannot be read (None) is no loss: the next configure puts it right.
    """

    def __init__(self) -> None:
        self._stored = self._left = 0

    def compare(self, stored: int | None) -> bool:
        """Take the count as it is now; say whether Redis has lost state since."""
        if stored is None:
            return False
        has_lost = stored < self._stored
        if has_lost:
            self._left = stored
        self._stored = stored
        return has_lost

    def is_lost(self, stored: int | None) -> bool:
        """Say whether nothing was configured since Redis has lost state, or ever."""
        if stored is None:
            return False
        return stored <= self._left or stored < self._stored
