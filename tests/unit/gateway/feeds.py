"""A feed as the store keeps it, in memory: entries that name the one before them."""

from gateway.delivery import Delivery, Step
from heartbeat.feed import Entry

PAYLOAD = '{"type":"heartbeat.alert"}'


def an_entry(n: int, *, epoch: int = 1, prev: str | None = None) -> Entry:
    """Return the nth entry of an epoch, after the one before it."""
    before = f"{epoch}-{n - 1}" if n > 1 else ""
    return Entry(f"{epoch}-{n}", before if prev is None else prev, PAYLOAD)


def entries(first: int, last: int) -> list[Entry]:
    """Return the entries from first to last of the first epoch."""
    return [an_entry(n) for n in range(first, last + 1)]


def ids(step: Step) -> list[str]:
    """Return what a step sends."""
    return [entry.alert_id for entry in step.send]


def a_live_delivery(
    cursor: str | None = None, *, window: int = 256, page_bytes: int = 1 << 20
) -> Delivery:
    """Return a delivery that has read up to its cursor and follows the pushes."""
    delivery = Delivery(cursor, window=window, page_bytes=page_bytes)
    delivery.begin()
    delivery.page([], cursor)
    return delivery


class MemoryFeed:
    """What the store would hold: trimmed at its old end, or lost altogether."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.head: str | None = None
        self._epoch, self._n = 1, 0

    def publish(self) -> Entry:
        """Write one entry."""
        self._n += 1
        entry = Entry(f"{self._epoch}-{self._n}", self.head or "", PAYLOAD)
        self.entries.append(entry)
        self.head = entry.alert_id
        return entry

    def trim(self, count: int) -> None:
        """Let retention take the oldest."""
        del self.entries[:count]

    def lose_state(self) -> None:
        """Come back empty, as a server without persistence does."""
        self.entries.clear()
        self.head = None
        self._epoch, self._n = self._epoch + 1, 0

    def restore(self, count: int) -> None:
        """Come back as an older copy, without the newest entries."""
        del self.entries[len(self.entries) - count :]
        self.head = self.entries[-1].alert_id if self.entries else None
        self._epoch += 1
        self._n = place_of(self.head)[1] if self.head else 0

    def read(self, after: str | None, limit: int) -> list[Entry]:
        """Return the next entries after one."""
        place = (0, 0) if after is None else place_of(after)
        later = [one for one in self.entries if place_of(one.alert_id) > place]
        return later[:limit]


def place_of(alert_id: str) -> tuple[int, int]:
    """Return an id as a pair that sorts."""
    epoch, _, n = alert_id.partition("-")
    return int(epoch), int(n)
