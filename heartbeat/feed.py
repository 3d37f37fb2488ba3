"""The order of an owner's feed: ids, entries, and whether a reader missed anything.

An id is `<epoch>-<n>`. Each entry names the one before it, so a hole shows without
arithmetic; n says how large it is, as long as its counter was not lost.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic_core import from_json

from heartbeat.errors import InvalidMessage
from heartbeat.told import Lost

#: The place before the first entry: where one reads on who came when there was none.
BEGINNING = "0-0"

_ID = re.compile(r"(\d{1,16})-(\d{1,16})")


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in a feed; later places are greater."""

    epoch: int
    n: int

    @classmethod
    def parse(cls, alert_id: str) -> "Cursor":
        """Read an alertId; raises InvalidMessage."""
        match = _ID.fullmatch(alert_id)
        if match is None:
            raise InvalidMessage(
                f"alertId: expected '<epoch>-<n>', got {alert_id[:80]!r}"
            )
        return cls(int(match[1]), int(match[2]))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its id, the id before it ('' for the first), a message without id."""

    alert_id: str
    prev: str
    payload: str

    @property
    def frame(self) -> str:
        """Return the message as a client gets it, its id first."""
        return f'{{"alertId":"{self.alert_id}",{self.payload[1:]}'


def is_id(text: str) -> bool:
    """Say whether a text is an id."""
    return _ID.fullmatch(text) is not None


def read_entry(alert_id: str, fields: Mapping[str, str]) -> Entry | None:
    """Read an entry as it is stored; None for one that no client could be sent."""
    prev, payload = fields.get("prev"), fields.get("payload", "")
    if prev is None or not (is_id(prev) or not prev):
        return None
    if not is_id(alert_id) or not _is_message(payload):
        return None
    return Entry(alert_id=alert_id, prev=prev, payload=payload)


def compare(one: str, other: str) -> int:
    """Return -1, 0 or 1 as one comes before, is, or comes after the other."""
    left, right = Cursor.parse(one), Cursor.parse(other)
    return (left > right) - (left < right)


def start_of(first: Entry | None, head: str | None) -> str:
    """Return the place before all that a feed still has, the oldest being `first`."""
    return (head if first is None else first.prev) or BEGINNING


def gap(cursor: str | None, first: Entry | None, head: str | None) -> Lost | None:
    """Say what a reader at `cursor` can no longer get.

    `first` is the oldest entry left after the cursor, `head` the newest id ever given.
    A reader without a cursor misses nothing, nor does one from the beginning of a feed
    that still has its first entry, or none yet. Elsewhere, a feed that begins anew, has
    no head or does not know the cursor's place has lost its state: it is empty, or went
    on from an older copy of itself. How much was in it cannot be known.
    """
    is_whole = head is None if first is None else not first.prev
    if cursor is None or (cursor == BEGINNING and is_whole):
        return None
    if head is None or (first is not None and not first.prev):
        return Lost(
            from_=cursor,
            to=None if first is None else first.alert_id,
            reason="state_lost",
        )
    end = head if first is None else first.prev
    order = compare(end, cursor)
    if order == 0:
        return None
    count = Cursor.parse(end).n - Cursor.parse(cursor).n
    is_known = order > 0 and count > 0
    return Lost(
        from_=cursor,
        to=None if first is None else first.alert_id,
        count=count if is_known else None,
        reason="retention" if is_known else "state_lost",
    )


def _is_message(payload: str) -> bool:
    """Say whether an id can be put at its front: a JSON object with a field."""
    if not payload.startswith("{"):
        return False
    try:
        return bool(from_json(payload, allow_inf_nan=False))
    except ValueError:
        return False
