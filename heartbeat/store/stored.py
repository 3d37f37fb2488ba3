"""A heartbeat as it is kept: what is asked for, and how that is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from redis import Redis

from heartbeat.book import Book
from heartbeat.config import HeartbeatConfig
from heartbeat.errors import BadRecord
from heartbeat.instants import EPOCH, from_ms
from heartbeat.store import keys
from heartbeat.store.records import book_of, fields_of, ms_of, revision_of

State = Literal["active", "paused", "disabled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A heartbeat as it is kept, with what is going on with it.

    Only `Heartbeats.get` reads the checklist of a config that has it inline.
    """

    config: HeartbeatConfig
    version: int
    paused_at: datetime | None
    next_slot: datetime | None
    running: bool
    book: Book
    revision: str
    paused_note: str | None = None

    @property
    def state(self) -> State:
        """Return why it has slots or not; a pause outranks being disabled."""
        if self.paused_at is not None:
            return "paused"
        return "active" if self.config.enabled else "disabled"


_FACTS = ["config", "version", "plan", "paused"]


def facts_of(
    uids: Sequence[str], *, whole: bool = False
) -> Callable[[Redis], list[object]]:
    """Return what asks for four facts of each heartbeat, in one round trip.

    An inline checklist is read only if they are wanted whole.
    """
    fields = [*_FACTS, "content"] if whole else _FACTS

    def read(client: Redis) -> list[object]:
        with client.pipeline(transaction=False) as pipeline:
            for uid in uids:
                pipeline.hmget(keys.heartbeat(uid), fields)
                pipeline.zscore(keys.DUE, uid)
                pipeline.get(keys.open_slot(uid))
                pipeline.hmget(keys.book(uid), ["revision", "book"])
            return pipeline.execute()

    return read


def read_stored(
    uid: str, facts: object, due: object, open_slot: object, book: object
) -> Stored:
    """Read the four facts of a heartbeat. Raises BadRecord."""
    record, version, plan, paused, *content = cast(list[str | None], facts)
    config = HeartbeatConfig.load(record or "", key=keys.heartbeat(uid))
    revision, text = cast(list[str | None], book)
    pause = fields_of(paused)
    paused_at = _instant(pause.get("atMs"))
    return Stored(
        config=config.with_content(content[0]) if content else config,
        version=_whole(version, of=keys.heartbeat(uid)),
        paused_at=(paused_at or EPOCH) if paused is not None else None,
        next_slot=_instant(fields_of(plan).get("slot")) if due is not None else None,
        running=fields_of(cast(str | None, open_slot)).get("state") == "running",
        book=book_of(uid, text),
        revision=revision_of(revision),
        paused_note=str(pause["note"]) if pause.get("note") else None,
    )


def _instant(value: object) -> datetime | None:
    ms = ms_of(value)
    return None if ms is None else from_ms(ms)


def _whole(text: str | None, *, of: str) -> int:
    try:
        return int(text or 0)
    except ValueError as error:
        raise BadRecord(f"{of}: expected a whole number, got {text!r}") from error
