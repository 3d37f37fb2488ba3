"""The worker's side of the ledger: begin, renew, finish or hand back; and history."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import cast

from redis import Redis

from heartbeat.book import Book
from heartbeat.config import HeartbeatConfig, unique_id
from heartbeat.instants import from_ms
from heartbeat.runs import RunRecord, load_run
from heartbeat.store import keys
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.records import book_of, readable
from heartbeat.store.server import Server

#: How long the right to run lasts without being renewed, in milliseconds.
RUN_LEASE_MS = 30_000
#: Runs of a history that are read in one round trip.
READ_AT_ONCE = 25


class Refused(StrEnum):
    """Why a message led to no run; the ledger has recorded what must be."""

    GONE = "gone"
    RUNNING = "running"
    SKIPPED = "skipped"
    MISSED = "missed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to run one slot, while it is renewed; `token` fences off the others."""

    uid: str
    run_id: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a heartbeat at one moment, against which a run is settled."""

    config: HeartbeatConfig
    version: str
    book: Book
    revision: str


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
        _, token, now, open_text, config, revision, book = answer
        open_slot = json.loads(open_text)
        return Begun(
            lease=Lease(uid=uid, run_id=open_slot["runId"], token=token),
            slot=from_ms(open_slot["slot"]),
            started=from_ms(int(now)),
            run_limit=timedelta(milliseconds=open_slot["runLimit"]),
            attempt=open_slot["attempts"],
            known=_known(uid, str(open_slot["version"]), config, revision, book),
        )

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
                "" if outcome.book == against.book else outcome.book.dump(),
                *outcome.messages,
            ),
        )
        if answer[0] == "ok":
            return None
        if answer[0] == "fenced":
            return Fenced.FENCED
        return _known(lease.uid, *answer[1:])

    def history(self, owner: str, schedule_id: str) -> Iterator[RunRecord]:
        """Return the runs, newest first, read as they are taken. Raises NotFound."""
        Heartbeats(self._server).get(owner, schedule_id)
        key = keys.runs(unique_id(owner, schedule_id))
        runs = (readable(partial(load_run, text), of=key) for text in self._texts(key))
        return (run for run in runs if run is not None)

    def _texts(self, key: str) -> Iterator[str]:
        """Yield each once: those of the part before that a new run moved on are known.

        How many there are is bounded, so the last part is a short one.
        """
        known: set[str] = set()
        for start in itertools.count(step=READ_AT_ONCE):
            texts = self._texts_from(key, start)
            yield from (text for text in texts if text not in known)
            if len(texts) < READ_AT_ONCE:
                return
            known = set(texts)

    def _texts_from(self, key: str, start: int) -> list[str]:
        end = start + READ_AT_ONCE - 1
        found = self._server.ask(lambda client: client.lrange(key, start, end))
        return [str(text) for text in found]

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


def _known(uid: str, version: str, config: str, revision: str, book: str) -> Known:
    return Known(
        config=HeartbeatConfig.load(config, key=keys.heartbeat(uid)),
        version=version,
        book=book_of(uid, book),
        revision=revision,
    )


def _clock(now_ms: int | None) -> str:
    return "" if now_ms is None else str(now_ms)
