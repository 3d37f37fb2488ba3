"""How far one connection has read its owner's feed, and what it gets next.

Knows no socket, no Redis and no clock. The stream is the truth and a push is only a
fast way to hear of it: whatever does not follow on what was sent before is read from
the stream, one read at a time, and nothing is ever queued here.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.page_size import PageSize
from heartbeat.errors import InvalidMessage
from heartbeat.feed import BEGINNING, Entry, compare, gap, is_later
from heartbeat.told import Lost

#: Entries of one read of the stream.
PAGE = 200


class Phase(StrEnum):
    """Where a connection's entries come from."""

    CATCHING_UP = "catching_up"  # a read of the stream is out; pushes are only noted
    FULL = "full"  # the client takes no more for now; pushes are only noted
    LIVE = "live"  # pushes are sent as they come


class Cause(StrEnum):
    """Why the stream is read."""

    JOIN = "join"
    GAP = "gap"
    WINDOW = "window"
    RESET = "reset"
    POSITION = "position"


@dataclass(frozen=True, slots=True)
class Read:
    """Ask for the entries after one; `cause` is None for a page that goes on."""

    after: str | None
    limit: int
    cause: Cause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do, in this order: tell the loss, send the entries, read on."""

    lost: Lost | None = None
    send: tuple[Entry, ...] = ()
    read: Read | None = None


NOTHING = Step()


class Delivery:
    """The reading of one connection, from its cursor on without a hole or a double."""

    def __init__(self, cursor: str | None, *, window: int, page_bytes: int) -> None:
        self.phase = Phase.CATCHING_UP
        self._last = self._highest = cursor
        self._pushed: str | None = None
        self._size = PageSize(PAGE)
        self._limit = 0
        self._again = self._is_state_lost = False
        self._window, self._page_bytes = window, page_bytes
        self._acknowledged: str | None = None
        self._unacknowledged: deque[str] | None = None
        self._paused = False
        self._progress = 0
        self._watched: tuple[float, int] | None = None

    def begin(self) -> Read:
        """Read on from the cursor; the owner's pushes must be subscribed by now."""
        self._limit = self._size.within(self._window)
        return Read(after=self._last, limit=self._limit, cause=Cause.JOIN)

    def pushed(self, entry: Entry) -> Step:
        """Decide on an entry that was pushed.

        An entry is in the stream before it is pushed. So a push that comes while a
        read is out is in what the next read gives, if not in this one's.
        """
        self._pushed = entry.alert_id
        if self.phase is not Phase.LIVE:
            return NOTHING
        if (entry.prev or BEGINNING) != (self._last or BEGINNING):
            is_double = not is_later(entry.alert_id, self._last)
            return NOTHING if is_double else self._catch_up(Cause.GAP)
        if self._room() <= 0:
            self.phase = Phase.FULL
            return NOTHING
        self._sent(entry)
        return Step(send=(entry,))

    def page(self, entries: Sequence[Entry], head: str | None) -> Step:
        """Decide on what a read gave; `head` was asked for before the entries were."""
        if self._room() <= 0:  # nor tell of a loss before it can be passed over
            self.phase = Phase.FULL
            return NOTHING
        lost = self._loss(entries, head)
        send = self._take(entries)
        if len(send) < len(entries) and self._room() <= 0:
            self.phase = Phase.FULL
            return Step(lost=lost, send=send)
        left = entries[len(send) :]
        if not left or left[0].prev == self._last:  # a hole says nothing of their size
            self._size.learn(len(send), of=len(entries))
        is_short = len(send) == len(entries) < self._limit
        if not is_short or self._again or is_later(self._pushed, self._last):
            return Step(lost=lost, send=send, read=self._catch_up(None).read)
        self.phase = Phase.LIVE
        return Step(lost=lost, send=send)

    def acknowledge(self, alert_id: str) -> Step:
        """Take the client's word for what it has; raises InvalidMessage if it can't."""
        if is_later(alert_id, self._newest):
            raise InvalidMessage(
                f"alertId: expected one that was sent, up to {self._newest!r},"
                f" got {alert_id!r}"
            )
        if not self.is_news(alert_id):
            return NOTHING
        self._acknowledged = alert_id
        waiting = self._unacknowledged
        if waiting is None:
            self._unacknowledged = deque()
            return NOTHING
        while waiting and compare(waiting[0], alert_id) <= 0:
            waiting.popleft()
            self._progress += 1
        return self._go_on()

    def is_news(self, alert_id: str) -> bool:
        """Say whether acknowledging this id, which must exist, would change anything.

        Raises InvalidMessage for what is no id.
        """
        return is_later(alert_id, self._acknowledged) and not is_later(
            alert_id, self._newest
        )

    def paused(self) -> None:
        """Note that the write buffer is over its limit."""
        self._paused = True

    def drained(self) -> Step:
        """Note that the write buffer is below half its limit again."""
        self._paused = False
        self._progress += 1
        return self._go_on()

    def reset(self) -> Step:
        """Read what may have come while nothing was pushed."""
        if self.phase is Phase.LIVE:
            return self._catch_up(Cause.RESET)
        self._again = True
        return NOTHING

    def state_lost(self) -> Step:
        """Tell of it with the next page, whether or not the feed shows it."""
        self._is_state_lost = True
        return self.reset()

    def compare_head(self, head: str | None) -> Step:
        """Read on if the feed is ahead, or gone: the last push may have been lost."""
        is_gone = head is None and (self._last or BEGINNING) != BEGINNING
        if self.phase is Phase.LIVE and (is_gone or is_later(head, self._last)):
            return self._catch_up(Cause.POSITION)
        return NOTHING

    def is_stalled(self, now: float, *, after: float) -> bool:
        """Say whether the client has been full so long without taking anything."""
        if self.phase is not Phase.FULL:
            self._watched = None
            return False
        if self._watched is None or self._watched[1] != self._progress:
            self._watched = (now, self._progress)
        return now - self._watched[0] >= after

    def _catch_up(self, cause: Cause | None) -> Step:
        room = self._room()
        if room <= 0:
            self.phase = Phase.FULL
            return NOTHING
        self.phase = Phase.CATCHING_UP
        self._again, self._pushed = False, None
        self._limit = self._size.within(room)
        return Step(read=Read(after=self._last, limit=self._limit, cause=cause))

    def _go_on(self) -> Step:
        """Read on from half a window: earlier would mean many small reads."""
        if self.phase is Phase.FULL and self._room() * 2 >= self._window:
            return self._catch_up(Cause.WINDOW)
        return NOTHING

    def _loss(self, entries: Sequence[Entry], head: str | None) -> Lost | None:
        """Find what the feed no longer has, and pass over it."""
        first, cursor = entries[0] if entries else None, self._last
        lost = gap(cursor, first, head)
        if first is None and lost is not None:
            self._last = head or BEGINNING
        elif first is None and self._last is None:
            self._last = head
        if self._is_state_lost:
            self._is_state_lost = False
            to = None if first is None else first.alert_id
            return Lost(from_=cursor, to=to, reason="state_lost")
        return lost

    def _take(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        """Take as many as the client has room for, in entries and in bytes.

        One that does not follow on the one before is left to the next read: whatever
        was between them is lost, and told as such.
        """
        send: list[Entry] = []
        taken = 0
        for entry in entries:
            if send and entry.prev != self._last:
                break
            taken += len(entry.payload)
            if self._room() <= 0 or (send and taken > self._page_bytes):
                break
            self._sent(entry)
            send.append(entry)
        return tuple(send)

    def _sent(self, entry: Entry) -> None:
        self._last = self._highest = entry.alert_id
        if self._unacknowledged is not None:
            self._unacknowledged.append(entry.alert_id)

    @property
    def _newest(self) -> str | None:
        """The newest id this client can know of."""
        pushed, sent = self._pushed, self._highest
        return pushed if is_later(pushed, sent) else sent

    def _room(self) -> int:
        if self._paused:
            return 0
        return self._window - len(self._unacknowledged or ())
