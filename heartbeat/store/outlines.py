"""What can be read of any heartbeat, also of one whose record cannot be.

A newer version may have stored it: its owner must hear of it all the same, and can get
rid of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self, cast

from redis import Redis

from heartbeat.book import Book
from heartbeat.config import DEFAULT_REPEAT, unique_id
from heartbeat.errors import NotFound
from heartbeat.store import keys
from heartbeat.store.records import book_of, fields_of, revision_of
from heartbeat.store.server import Server

#: Longest repeat that is believed, in minutes: the longest that may be configured.
_LONGEST_REPEAT = 43_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Whose heartbeat it is, how it is called (at worst by its id), what is open."""

    uid: str
    name: str
    repeat: timedelta
    book: Book
    revision: str

    @property
    def schedule_id(self) -> str:
        """Return the id by which its owner calls it."""
        return self.uid.partition(":")[2]

    @classmethod
    def of(cls, uid: str, config: str, revision: str | None, book: str | None) -> Self:
        """Read what can be read of the stored texts."""
        fields = fields_of(config)
        name = fields.get("name")
        return cls(
            uid=uid,
            name=name if isinstance(name, str) and name else uid.partition(":")[2],
            repeat=_repeat(fields.get("repeatMinutes")),
            book=book_of(uid, book),
            revision=revision_of(revision),
        )


def outline(server: Server, owner: str, schedule_id: str) -> Outline:
    """Return that of one heartbeat; raises NotFound, also for another owner's."""
    uid = unique_id(owner, schedule_id)
    found = outlines(server, [uid]).get(uid)
    if found is None:
        raise NotFound(f"expected a heartbeat of yours, got {schedule_id[:80]!r}")
    return found


def outlines(server: Server, uids: Sequence[str]) -> dict[str, Outline]:
    """Return outlines by uid, in one round trip; leave out who is gone."""

    def read(client: Redis) -> list[object]:
        with client.pipeline(transaction=False) as pipeline:
            for uid in uids:
                pipeline.hget(keys.heartbeat(uid), "config")
                pipeline.hmget(keys.book(uid), ["revision", "book"])
            return pipeline.execute()

    found = server.ask(read) if uids else []
    return {
        uid: Outline.of(uid, str(config), *cast(list[str | None], book))
        for uid, config, book in zip(uids, found[::2], found[1::2], strict=True)
        if config is not None
    }


def _repeat(minutes: object) -> timedelta:
    is_span = isinstance(minutes, int | float) and 0 < minutes <= _LONGEST_REPEAT
    return timedelta(minutes=cast(float, minutes) if is_span else DEFAULT_REPEAT)
