"""The worker's side of the ledger: begin, renew, finish or hand back; and history."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import cast

from redis import Redis

from heartbeat.book import Book
from heartbeat.config import HeartbeatConfig
from heartbeat.errors import BadRecord
from heartbeat.instants import from_ms
from heartbeat.runs import RunRecord, load_run
from heartbeat.store import keys
from heartbeat.store.outlines import outline
from heartbeat.store.records import readable, readable_book
from heartbeat.store.run_texts import texts_of
from heartbeat.store.server import Server
from heartbeat.store.unreadable import refuse
from heartbeat.unreadable import unreadable_run

#: How long the right to run lasts without being renewed, in milliseconds.
RUN_LEASE_MS = 30_000


class Refused(StrEnum):
    """Why a message led to no run; the ledger has recorded what must be."""

    GONE = "gone"
    RUNNING = "running"
    SKIPPED = "skipped"
    MISSED = "missed"
    LOST = "lost"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to run one slot, while it is renewed; `token` fences off the others."""

    uid: str
    run_id: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a heartbeat at one moment, against which a run is settled.

    Where the stored config cannot be read this is the one before, and where the book
    cannot, an empty one.
    """

    config: HeartbeatConfig
    version: str
    book: Book
    revision: str
    is_config_read: bool = True
    is_book_read: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A slot that may be run now."""

    lease: Lease
    slot: datetime
    started: datetime
    run_limit: timedelta
    attempt: int
    known: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: its record, the book after it, what the owner is told."""

    record: RunRecord
    book: Book
    messages: Sequence[str] = ()


class Fenced(StrEnum):
    """The right to run was lost before the end; nothing was written."""

    FENCED = "fenced"


class Runs:
    """The ledger as any number of workers use it at once."""

    def __init__(self, server: Server, *, lease_ms: int = RUN_LEASE_MS) -> None:
        self._server = server
        self.lease_ms = lease_ms

    def begin(
        self,
        uid: str,
        run_id: str,
        *,
        host: str,
        nonce: str,
        queue: str = "",
        now_ms: int | None = None,
    ) -> Begun | Refused:
        """Ask for the right to run the open slot. The same nonce may ask again.

        `run_id` is what the message was sent for; a message that waited in a backlog
        may begin a later slot of its heartbeat, which the lease names. One from a
        `queue` that the heartbeat has left begins nothing.
        """
        answer = cast(
            list[str],
            self._server.run(
                "begin", _clock(now_ms), uid, run_id, self.lease_ms, host, nonce, queue
            ),
        )
        if answer[0] != "go":
            return Refused(answer[0])
        _, token, now, open_text, text, revision, book = answer
        open_slot = json.loads(open_text)
        try:
            config = HeartbeatConfig.load(text, key=keys.heartbeat(uid))
        except BadRecord as error:
            problem = error
        else:
            return Begun(
                lease=Lease(uid=uid, run_id=open_slot["runId"], token=token),
                slot=from_ms(open_slot["slot"]),
                started=from_ms(int(now)),
                run_limit=timedelta(milliseconds=open_slot["runLimit"]),
                attempt=open_slot["attempts"],
                known=_known(uid, str(open_slot["version"]), config, revision, book),
            )
        record = unreadable_run(open_slot["runId"], open_slot["slot"], int(now), host)
        refuse(self._server, uid, record, token=token, problem=problem)
        return Refused.UNREADABLE

    def renew(self, lease: Lease, *, now_ms: int | None = None) -> bool:
        """Keep the right to run; False when it is lost and the run must stop."""
        return (
            self._server.run(
                "renew",
                _clock(now_ms),
                lease.uid,
                lease.run_id,
                lease.token,
                self.lease_ms,
            )
            == 1
        )

    def hand_back(self, lease: Lease, *, now_ms: int | None = None) -> bool:
        """Give the slot back, to be run elsewhere at once; False when it was lost."""
        arguments = (_clock(now_ms), lease.uid, lease.run_id, lease.token)
        return self._server.run("hand_back", *arguments) == 1

    def finish(
        self,
        lease: Lease,
        outcome: Outcome,
        *,
        against: Known,
        now_ms: int | None = None,
    ) -> Known | Fenced | None:
        """Settle a run in one step; None when that is done.

        Known: book or config changed since `against`; decide again and call again.
        Calling again with the same outcome after a lost reply is safe.
        """
        is_same_book = outcome.book == against.book and against.is_book_read
        answer = cast(
            list[str],
            self._server.run(
                "finish",
                _clock(now_ms),
                lease.uid,
                lease.run_id,
                lease.token,
                outcome.record.status.value,
                outcome.record.dump(),
                against.version,
                against.revision,
                "" if is_same_book else outcome.book.dump(),
                *outcome.messages,
            ),
        )
        if answer[0] == "ok":
            return None
        if answer[0] == "fenced":
            return Fenced.FENCED
        _, version, text, revision, book = answer
        key = keys.heartbeat(lease.uid)
        config = readable(partial(HeartbeatConfig.load, text, key=key), of=key)
        known = _known(lease.uid, version, config or against.config, revision, book)
        return replace(known, is_config_read=config is not None)

    def history(self, owner: str, schedule_id: str) -> Iterator[RunRecord]:
        """Return the runs, newest first, read as they are taken. Raises NotFound."""
        key = keys.runs(outline(self._server, owner, schedule_id).uid)
        texts = texts_of(self._server, key)
        runs = (readable(partial(load_run, text), of=key) for text in texts)
        return (run for run in runs if run is not None)

    def newest(self, uids: Sequence[str]) -> dict[str, RunRecord]:
        """Return the newest run of each that has one, in one round trip."""

        def read(client: Redis) -> list[str | None]:
            with client.pipeline(transaction=False) as pipeline:
                for uid in uids:
                    pipeline.lindex(keys.runs(uid), 0)
                return cast(list[str | None], pipeline.execute())

        texts = self._server.ask(read) if uids else []
        runs = {
            uid: readable(partial(load_run, text), of=keys.runs(uid))
            for uid, text in zip(uids, texts, strict=True)
            if text is not None
        }
        return {uid: run for uid, run in runs.items() if run is not None}


def _known(
    uid: str, version: str, config: HeartbeatConfig, revision: str, book: str
) -> Known:
    kept = readable_book(uid, book)
    return Known(
        config=config,
        version=version,
        book=kept or Book(),
        revision=revision,
        is_book_read=kept is not None,
    )


def _clock(now_ms: int | None) -> str:
    return "" if now_ms is None else str(now_ms)
