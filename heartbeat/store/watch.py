"""What the watcher sees: slots that went wrong and were not told, and silent ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, cast

from redis import Redis

from heartbeat.book import Book, load_book
from heartbeat.errors import BadRecord
from heartbeat.instants import from_ms
from heartbeat.outages import LateSlots
from heartbeat.store import keys
from heartbeat.store.records import fields_of, ms_of
from heartbeat.store.server import Server
from heartbeat.store.unreadable import tell_what_lasts

State = Literal["scheduled", "claimed", "published", "running"]

#: Heartbeats looked at in one round trip.
MOST_AT_ONCE = 1_000

_HUNG: dict[State, str] = {
    "scheduled": "no beat has claimed it",
    "claimed": "no beat has sent it",
    "published": "no worker has begun it",
    "running": "its worker has not finished it",
}

_WHY = {
    "missed": "missed: it was not begun in time",
    "lost": "lost: it was begun, and its worker died",
}


@dataclass(frozen=True, slots=True)
class Untold:
    """Slots of one heartbeat that ended without a verdict, as the ledger noted them."""

    uid: str
    text: str

    def slots(self) -> list[LateSlots]:
        """Return what is to be told, the missed before the lost."""
        noted = fields_of(self.text)
        return [
            LateSlots(
                why=why,
                count=count,
                first=from_ms(min(first, last)),
                last=from_ms(max(first, last)),
            )
            for status, why in _WHY.items()
            if isinstance(slots := noted.get(status), dict)
            if (count := ms_of(slots.get("count")))
            if (first := ms_of(slots.get("from"))) is not None
            if (last := ms_of(slots.get("to"))) is not None
        ]


@dataclass(frozen=True, slots=True)
class Silent:
    """A slot that should have a record by now: it, its state, its grace."""

    uid: str
    slot: datetime
    state: State
    grace: timedelta

    @property
    def why(self) -> str:
        """Say who has not done their part."""
        return _HUNG[self.state]


class Place(NamedTuple):
    """How many of the open slots, and of the due ones, have been looked at."""

    open: int
    due: int


START = Place(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """A heartbeat's book as the watch leaves it, and the note that this settles."""

    uid: str
    book: Book
    revision: str
    untold: str = ""
    told: Literal["together", "alone", ""] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """A heartbeat that was told of in one alert with others, as it is now."""

    uid: str
    is_over: bool
    is_gone: bool


class Watch:
    """The watcher's side of the ledger."""

    def __init__(
        self, server: Server, *, now_ms: Callable[[], int] | None = None
    ) -> None:
        self._server = server
        self._now_ms = now_ms or server.now_ms

    def take(self, holder: str, *, lease_ms: int) -> bool:
        """Become or stay the one who watches; False while another does."""
        return self._server.run("take_watch", holder, lease_ms, keys=(keys.WATCH,)) == 1

    def now(self) -> datetime:
        """Return the clock that slots are late by."""
        return from_ms(self._now_ms())

    def untold(self) -> list[Untold]:
        """Return what the ledger noted and nobody was told of."""
        found = self._server.ask(lambda client: client.hgetall(keys.UNTOLD))
        return [Untold(str(uid), str(text)) for uid, text in sorted(found.items())]

    def silent(
        self, *, most: int = MOST_AT_ONCE, place: Place = START
    ) -> tuple[list[Silent], Place]:
        """Return slots without a record after their grace, and where to go on.

        Up to `most` slots are looked at of those that are open, and as many of those
        that are due. After the last of each come the first again.
        """
        rows, *following = cast(
            tuple[list[list[str]], int, int],
            self._server.run("silent", self._now_ms(), most, *place),
        )
        found = [
            Silent(
                uid,
                from_ms(int(slot)),
                cast(State, state),
                timedelta(milliseconds=int(grace)),
            )
            for uid, slot, state, grace in rows
        ]
        return found, Place(*following)

    def all_silent(self, *, most: int = MOST_AT_ONCE) -> Iterator[Silent]:
        """Look at every slot, a part of them at a time; give each that is silent."""
        place, are_all_seen = START, [False, False]
        given: set[Silent] = (
            set()
        )  # the shorter list begins again before the other ends
        while not all(are_all_seen):
            found, place = self.silent(most=most, place=place)
            yield from (new := set(found) - given)
            given |= new
            ends = [first == 0 for first in place]
            are_all_seen = [a or b for a, b in zip(are_all_seen, ends, strict=True)]

    def is_any_silent(self) -> bool:
        """Say whether any slot has no record after its grace."""
        return any(True for _ in self.all_silent())

    def tell_unreadable(self) -> None:
        """Tell owners whose heartbeats no worker could read for a while."""
        tell_what_lasts(self._server, now_ms=self._now_ms())

    def settle(
        self, owner: str, settlings: Sequence[Settling], messages: Sequence[str]
    ) -> list[str]:
        """Store books and tell their owner, in one step; else change nothing.

        Return the heartbeats that changed since they were read: because of them
        nothing was done.
        """
        rows = [
            part
            for one in settlings
            for part in (one.uid, one.revision, one.book.dump(), one.untold, one.told)
        ]
        return cast(
            list[str],
            self._server.run(
                "settle_watch", self._now_ms(), owner, len(settlings), *rows, *messages
            ),
        )

    def together(self) -> list[Together]:
        """Return the overdue heartbeats that were told in one alert with others."""
        found = self._server.ask(lambda client: client.smembers(keys.TOGETHER))
        uids = sorted(str(uid) for uid in found)
        return [
            one
            for first in range(0, len(uids), MOST_AT_ONCE)
            for one in self._look_at(uids[first : first + MOST_AT_ONCE])
        ]

    def settle_over(self, owner: str, uids: Sequence[str], message: str) -> bool:
        """Tell that these are over, in one step; False when another has done so."""
        answer = self._server.run("settle_over", self._now_ms(), owner, message, *uids)
        return answer == "ok"

    def _look_at(self, uids: Sequence[str]) -> list[Together]:
        def read(client: Redis) -> list[object]:
            with client.pipeline(transaction=False) as pipeline:
                for uid in uids:
                    pipeline.exists(keys.heartbeat(uid))
                    pipeline.hget(keys.book(uid), "book")
                return pipeline.execute()

        found = self._server.ask(read)
        return [
            Together(
                uid=uid,
                is_gone=not found[2 * index],
                is_over=not _is_told_together(found[2 * index + 1]),
            )
            for index, uid in enumerate(uids)
        ]


def _is_told_together(text: object) -> bool:
    """Say whether it still is; of a book that cannot be read no end may be told."""
    if text is None:
        return False
    try:
        overdue = load_book(str(text), forgiving=True).overdue
    except BadRecord:
        return True
    return overdue is not None and overdue.together
