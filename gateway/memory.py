"""What a gateway remembers of Redis, to notice when Redis does not.

A server that comes back empty, or as an older copy of itself, says nothing of it: what
was configured is gone, nothing is due, and all looks well.
"""

from collections.abc import Callable
from threading import Lock


class Memory:
    """How many configs were ever stored, as Redis counts them: that never falls.

    Used by all threads of the gateway. A count that cannot be read (None) is no loss:
    the next configure puts it right.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._stored = self._left = 0
        self._is_lost = False

    @property
    def is_lost(self) -> bool:
        """Say whether Redis has lost state, and nothing was configured since."""
        return self._is_lost

    def configured(self, stored: int) -> None:
        """Take note of a config that was sent, and of the count when it was stored."""
        with self._lock:
            self._stored = max(self._stored, stored)
            self._is_lost = False

    def compare(self, read: Callable[[], int | None]) -> bool:
        """Read the count; say whether Redis has lost state since it was known last.

        What is stored while it is read is no reason to expect more.
        """
        expected = self._stored
        stored = read()
        if stored is None:
            return False
        with self._lock:
            if stored < expected:
                self._is_lost, self._stored, self._left = True, stored, stored
                return True
            self._stored = max(self._stored, stored)
            self._is_lost = self._is_lost and stored <= self._left
        return False
