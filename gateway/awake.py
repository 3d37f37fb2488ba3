"""The time for which this process was awake.

A process that is stopped, or whose machine is suspended, hears nobody: that silence is
its own, and must not be held against its clients.
"""

from collections.abc import Callable

#: Longest step of the clock between two ticks, in seconds. Ticks are a tenth of that
#: apart, so only a process that stood still is later.
LONGEST_STEP = 1.0


class AwakeClock:
    """A steady clock that stands still while nobody lets it tick."""

    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read
        self._behind, self._ticked = read(), 0.0

    def __call__(self) -> float:
        """Return the seconds for which this process was awake."""
        return self._bounded(self._read() - self._behind)

    def tick(self) -> float:
        """Go on; return for how many seconds it stood still."""
        read = self._read() - self._behind
        self._ticked = self._bounded(read)
        still = read - self._ticked
        self._behind += still
        return still

    def _bounded(self, read: float) -> float:
        return min(read, self._ticked + LONGEST_STEP)
