"""When each connection is to be looked at next: one wheel instead of a timer each."""

from collections import defaultdict
from typing import Generic, TypeVar

#: Width of a slot of the wheel in seconds: how late a look may be.
RESOLUTION = 0.1

_T = TypeVar("_T")


class Wheel(Generic[_T]):
    """Items by the time they are due; putting one again moves it."""

    def __init__(self) -> None:
        self._slots: defaultdict[int, set[_T]] = defaultdict(set)
        self._slot_of: dict[_T, int] = {}

    def put(self, item: _T, at: float) -> None:
        """Make an item due at a time."""
        self.remove(item)
        slot = int(at / RESOLUTION) + 1
        self._slots[slot].add(item)
        self._slot_of[item] = slot

    def remove(self, item: _T) -> None:
        """Forget an item."""
        slot = self._slot_of.pop(item, None)
        if slot is None:
            return
        items = self._slots[slot]
        items.discard(item)
        if not items:
            del self._slots[slot]

    def take_due(self, now: float) -> tuple[_T, ...]:
        """Take out all that is due by now, the earliest first."""
        passed = sorted(slot for slot in self._slots if slot * RESOLUTION <= now)
        due = tuple(item for slot in passed for item in self._slots.pop(slot))
        for item in due:
            del self._slot_of[item]
        return due
