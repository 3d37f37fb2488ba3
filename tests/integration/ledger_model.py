"""What the test of the ledger's state machine knows by itself, and what it sees."""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar, cast

import hypothesis
from redis import Redis

from heartbeat.book import Book, load_book
from heartbeat.config import HeartbeatConfig, unique_id
from heartbeat.jobs import QUEUE, queue_for
from heartbeat.runs import Reason, RunRecord, RunStatus, load_run
from heartbeat.store import keys
from heartbeat.store.runs import RUN_LEASE_MS, Begun, Outcome
from heartbeat.store.slots import CLAIM_LEASE_MS, REDISPATCH_MS, Claim
from tests.integration.ledger_troubles import Troubles
from tests.unit.store.ledger import OWNER, Fleet

IDS = ("a", "b")
QUEUES = (QUEUE, queue_for("db"))
ENDED = ("finished", "lost", "skipped", "missed")
HOUR_MS = 3_600_000

T = TypeVar("T")

#: What `look_ahead` takes for too long a lease, and what it leaves of one.
LONGEST_LEASE_MS, RENEWED_WITHIN_MS = 360_000, 120_000
#: How long an open slot may wait before somebody looks at it again.
LONGEST_WAIT_MS = max(RUN_LEASE_MS, REDISPATCH_MS, CLAIM_LEASE_MS)


@dataclass(eq=False)
class Worker:
    """One run as its worker sees it; it may have lost its right without knowing."""

    begun: Begun
    lease_until: int
    has_expired: bool = False
    #: Its heartbeat was deleted: one that is made again need not wait for it.
    is_left_over: bool = False

    @property
    def name(self) -> str:
        return name_of(self.begun.lease.uid)

    def cut_lease(self, now_ms: int) -> None:
        """Shorten a lease that was given by a clock that ran far ahead."""
        if self.lease_until > now_ms + LONGEST_LEASE_MS:
            self.lease_until = now_ms + RENEWED_WITHIN_MS


@dataclass
class Opened:
    """An open slot: until when it may begin, and what was tried."""

    run_id: str
    start_until: int
    run_limit: int
    tries: int = 0
    was_begun: bool = False
    #: It ran when its schedule was taken away, or its heartbeat deleted.
    is_outdated: bool = False
    is_deleted: bool = False

    @classmethod
    def of(cls, open_slot: dict[str, object], interval_ms: int) -> "Opened":
        """Say by the contract until when a slot is wanted."""
        return cls(
            run_id=cast(str, open_slot["runId"]),
            start_until=cast(int, open_slot["slot"]) + min(interval_ms, HOUR_MS),
            run_limit=min(max(interval_ms * 4 // 5, 30_000), 600_000),
        )

    def is_expired(self, now_ms: int) -> bool:
        """Say whether it is too late to begin; what began once is wanted longer."""
        more = self.run_limit if self.tries or self.was_begun else 0
        return now_ms >= self.start_until + more


@dataclass
class Model:
    """What the test knows of one heartbeat."""

    config: HeartbeatConfig | None = None
    is_paused: bool = False
    last_grid_slot: int = 0
    open: Opened | None = None
    newest_token: int = 0
    begun: set[int] = field(default_factory=set)
    ended_badly: Counter[RunStatus] = field(default_factory=Counter)
    untold: int = 0
    troubles: Troubles = field(default_factory=Troubles)

    @property
    def is_on(self) -> bool:
        return bool(self.config and self.config.enabled and not self.is_paused)

    @property
    def interval_ms(self) -> int:
        assert self.config
        assert self.config.timing.interval_ms
        return self.config.timing.interval_ms

    def deleted(self) -> "Model":
        """Return what is left once it was deleted: its run, its tokens, its records."""
        if self.open:
            self.open.is_deleted = True
        return Model(
            open=self.open,
            newest_token=self.newest_token,
            ended_badly=self.ended_badly,
        )


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run that was settled, as its worker would say it once more."""

    begun: Begun
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The ledger at one moment, by the names of its heartbeats."""

    opens: dict[str, dict[str, object]]
    plans: dict[str, dict[str, object]]
    due: dict[str, int]
    deadlines: dict[str, int]
    waiting: dict[str, int]
    queues: set[str]
    counted: dict[str, int]
    untold: dict[str, int]
    books: dict[str, Book]
    records: dict[str, list[RunRecord]]
    feed: list[tuple[str, str, str]]

    def ended_badly(self, name: str) -> Counter[RunStatus]:
        """Count the slots of a heartbeat that were missed or lost."""
        counted: Counter[RunStatus] = Counter()
        for record in self.records[name]:
            if record.status in {RunStatus.MISSED, RunStatus.LOST}:
                counted[record.status] += record.count or 1
        return counted

    def came_early(self, name: str, now_ms: int, interval_ms: int) -> int:
        """Count the slots to come that a clock ahead has let be claimed already.

        A record of several counts for all the slots that the schedule has there now.
        """
        spans = [
            (one.slot_ms if one.from_ms is None else one.from_ms, one.slot_ms)
            for one in self.records[name]
            if one.reason not in {Reason.BEAT_AWAY, Reason.PAUSED, Reason.DISABLED}
        ]
        if name in self.opens:
            slot = cast(int, self.opens[name]["slot"])
            spans.append((slot, slot))
        return sum(
            1 + (last - max(first, now_ms)) // interval_ms
            for first, last in spans
            if last > now_ms
        )


def messages_of(claims: list[Claim]) -> list[Claim]:
    """Return the claims that are sent."""
    return [claim for claim in claims if claim.kind in {"publish", "manual"}]


def name_of(uid: str) -> str:
    """Return a heartbeat's name without its owner's."""
    return uid.partition(":")[2]


class LedgerReader:
    """What a test sees of a ledger: read once after each change, in one round trip."""

    fleet: Fleet
    seen_at: int
    last_seen: Seen

    def taken(self, some: list[T], place: int) -> T:
        return some.pop(place % len(some))

    @property
    def now_ms(self) -> int:
        return self.fleet.server.clock_ms

    @property
    def seen(self) -> Seen:
        if self.seen_at != self.fleet.server.scripts_run:
            self.last_seen = self.fleet.server.ask(_read)
            self.seen_at = self.fleet.server.scripts_run
        return self.last_seen

    def ended(self) -> int:
        return sum(self.seen.counted.get(how, 0) for how in ENDED)

    def lengths(self) -> dict[str, int]:
        messages = self.fleet.messages
        return {
            queue: sum(message.queue == queue for message in messages)
            for queue in self.seen.queues
        }

    def open_slot(self, name: str) -> dict[str, object] | None:
        return self.seen.opens.get(name)

    def open_slots(self, state: str) -> set[str]:
        opens = self.seen.opens.values()
        return {cast(str, one["runId"]) for one in opens if one["state"] == state}


#: The same texts are read again and again.
_record = lru_cache(maxsize=10_000)(load_run)

_UIDS = [unique_id(OWNER, name) for name in IDS]
_PER_UID = 4


def _read(client: Redis) -> Seen:
    with client.pipeline(transaction=False) as pipeline:
        for uid in _UIDS:
            pipeline.get(keys.open_slot(uid))
            pipeline.hget(keys.heartbeat(uid), "plan")
            pipeline.hget(keys.book(uid), "book")
            pipeline.lrange(keys.runs(uid), 0, -1)
        pipeline.zrange(keys.DUE, 0, -1, withscores=True)
        pipeline.zrange(keys.OPEN, 0, -1, withscores=True)
        pipeline.smembers(keys.QUEUES)
        pipeline.hgetall(keys.STATISTICS)
        pipeline.hgetall(keys.UNTOLD)
        pipeline.xrange(keys.feed(OWNER))
        for queue in QUEUES:
            pipeline.scard(f"{{hb}}:waiting:{queue}")
        found = pipeline.execute()
    many = _PER_UID * len(IDS)
    opens, plans, books, runs = (
        dict(zip(IDS, found[first:many:_PER_UID], strict=True))
        for first in range(_PER_UID)
    )
    due, deadlines, queues, counted, untold, feed, *waiting = found[many:]
    return Seen(
        opens={name: json.loads(text) for name, text in opens.items() if text},
        plans={name: json.loads(text) for name, text in plans.items() if text},
        due={name_of(uid): int(score) for uid, score in due},
        deadlines={name_of(uid): int(score) for uid, score in deadlines},
        waiting=dict(zip(QUEUES, waiting, strict=True)),
        queues={QUEUE, *queues},
        counted={name: int(count) for name, count in counted.items()},
        untold={
            name_of(uid): sum(slots["count"] for slots in json.loads(text).values())
            for uid, text in untold.items()
        },
        books={
            name: load_book(text) if text else Book() for name, text in books.items()
        },
        records={name: [*map(_record, texts)] for name, texts in runs.items()},
        feed=[(one, fields["prev"], fields["payload"]) for one, fields in feed],
    )


def stories(count: int) -> hypothesis.settings:
    """Return settings for so many stories."""
    return hypothesis.settings(
        max_examples=count,
        stateful_step_count=50,
        deadline=None,
        phases=[hypothesis.Phase.generate],  # shrinking would outlast the time-out
        suppress_health_check=list(hypothesis.HealthCheck),
    )
