"""A store whose clock a test sets, and the values that its tests are made of."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

from beat_schedule.dispatch import Dispatcher
from heartbeat.asked import Window
from heartbeat.book import Book
from heartbeat.config import HeartbeatConfig, Timing, unique_id
from heartbeat.errors import StoreUnavailable
from heartbeat.instants import from_ms, to_ms
from heartbeat.jobs import QUEUE
from heartbeat.runs import RunRecord, RunStatus
from heartbeat.store import keys
from heartbeat.store.books import Books
from heartbeat.store.heartbeats import Change, Heartbeats
from heartbeat.store.runs import Begun, Fenced, Known, Outcome, Refused, Runs
from heartbeat.store.server import Argument, Server
from heartbeat.store.slots import Claim, Slots
from heartbeat.store.statistics import Statistics
from heartbeat.store.stored import Stored

#: Where the clocks of these tests begin: 15 January 2027, 08:00 UTC.
START_MS = 1_800_000_000_000
MINUTE_MS = 60_000

OWNER = "ann"


class ClockedServer(Server):
    """A server that stands still until a test moves its clock."""

    clock_ms = START_MS
    scripts_run = 0

    def now_ms(self) -> int:
        return self.clock_ms

    def run(
        self, script: str, *arguments: Argument, keys: tuple[str, ...] = ()
    ) -> object:
        if arguments and arguments[0] == "":
            arguments = (str(self.clock_ms), *arguments[1:])
        self.scripts_run += 1
        return super().run(script, *arguments, keys=keys)

    def pass_time(self, *, minutes: float = 0, seconds: float = 0) -> None:
        step = timedelta(minutes=minutes, seconds=seconds)
        self.clock_ms += step // timedelta(milliseconds=1)


def a_config(
    schedule_id: str = "disk",
    *,
    owner: str = OWNER,
    every: float = 60,
    cron: str | None = None,
    hours: Sequence[tuple[str, str]] = (),
    enabled: bool = True,
    run_on: str | None = None,
    name: str | None = None,
) -> HeartbeatConfig:
    """Return a heartbeat on the clock's grid: `every` 60 is due at each full hour."""
    return HeartbeatConfig(
        owner=owner,
        schedule_id=schedule_id,
        name=name or schedule_id,
        path=f"{schedule_id}.md",
        timing=Timing(
            heartbeat_id=unique_id(owner, schedule_id),
            interval_ms=None if cron else round(every * MINUTE_MS),
            cron=cron,
            timezone="UTC",
            hours=tuple(Window(start=start, end=end) for start, end in hours),
            align="clock",
        ),
        enabled=enabled,
        run_on=run_on,
        sources={},
        asked={},
    )


class Fleet:
    """Beat, queues and workers over one store, each step taken by the test."""

    def __init__(self, server: ClockedServer) -> None:
        self.server = server
        self.heartbeats = Heartbeats(server)
        self.slots = Slots(server)
        self.runs = Runs(server)
        self.books = Books(server)
        self.statistics = Statistics(server)
        self.messages: list[Claim] = []
        self.sent: list[Claim] = []
        self.is_broker_away = False
        self._beat = Dispatcher(self.slots, self, now=lambda: from_ms(server.clock_ms))

    def send(self, claims: Sequence[Claim]) -> None:
        if self.is_broker_away:
            raise StoreUnavailable("the broker is away")
        self.messages += claims
        self.sent += claims

    def lengths(self) -> Mapping[str, int]:
        return {
            queue: sum(claim.queue == queue for claim in self.messages)
            for queue in {QUEUE, *self.slots.queues()}
        }

    def configure(self, *configs: HeartbeatConfig) -> Change:
        changes = [
            self.heartbeats.configure(one, max_per_owner=1000) for one in configs
        ]
        return changes[-1]

    def beat(self) -> list[str]:
        """Let beat act on all that is due; return the run ids that it sent."""
        before = len(self.sent)
        while self._beat.run_pass().taken:
            pass
        return [claim.run_id for claim in self.sent[before:]]

    def begin(
        self, schedule_id: str = "disk", *, nonce: str = "n", host: str = "one"
    ) -> Begun | Refused:
        """Let a worker take the oldest message of a heartbeat."""
        uid = unique_id(OWNER, schedule_id)
        message = next(claim for claim in self.messages if claim.uid == uid)
        self.messages.remove(message)
        return self.runs.begin(
            uid, message.run_id, host=host, nonce=nonce, queue=message.queue
        )

    def begun(self, schedule_id: str = "disk", *, nonce: str = "n") -> Begun:
        """Take the oldest message, and expect that it leads to a run."""
        begun = self.begin(schedule_id, nonce=nonce)
        assert isinstance(begun, Begun), begun
        return begun

    def finish(
        self, begun: Begun, *messages: str, book: Book | None = None
    ) -> Known | Fenced | None:
        outcome = an_outcome(begun, *messages, book=book)
        return self.runs.finish(begun.lease, outcome, against=begun.known)

    def run(self, schedule_id: str = "disk") -> None:
        """Let one message lead to a run that ends well."""
        assert self.finish(self.begun(schedule_id)) is None

    def stored(self, schedule_id: str = "disk") -> Stored:
        return self.heartbeats.get(OWNER, schedule_id)

    def history(self, schedule_id: str = "disk") -> list[RunRecord]:
        return list(self.runs.history(OWNER, schedule_id))

    def fates(self, schedule_id: str = "disk") -> list[str]:
        """Return what became of the slots, the newest first."""
        return [_fate(record) for record in self.history(schedule_id)]

    def due_in(self, schedule_id: str = "disk") -> float | None:
        """Return the minutes until it is due by the index, None if it is not in it."""
        uid = unique_id(OWNER, schedule_id)
        score = self.server.ask(lambda client: client.zscore(keys.DUE, uid))
        return None if score is None else (score - self.server.clock_ms) / MINUTE_MS

    def untold(self) -> dict[str, str]:
        found = self.server.ask(lambda client: client.hgetall(keys.UNTOLD))
        return {str(uid): str(text) for uid, text in found.items()}

    def pushes(self, owner: str = OWNER) -> list[str]:
        return [payload for _, _, payload in self.feed(owner)]

    def feed(self, owner: str = OWNER) -> list[tuple[str, str, str]]:
        """Return the entries of an owner: id, the id before it, payload."""
        found = self.server.ask(lambda client: client.xrange(keys.feed(owner)))
        entries = cast(list[tuple[str, dict[str, str]]], found)
        return [(name, entry["prev"], entry["payload"]) for name, entry in entries]


def an_outcome(begun: Begun, *messages: str, book: Book | None = None) -> Outcome:
    record = RunRecord(
        run_id=begun.lease.run_id,
        slot_ms=to_ms(begun.slot),
        status=RunStatus.OK,
        started_ms=to_ms(begun.started),
    )
    return Outcome(record=record, book=book or begun.known.book, messages=messages)


def _fate(record: RunRecord) -> str:
    reason = "" if record.reason is None else f"({record.reason.value})"
    count = "" if record.count in {None, 1} else f" x{record.count}"
    return f"{record.status.value}{reason}{count}"


def tell_owner(server: Server, owner: str, *payloads: str) -> None:
    """Append messages to an owner's feed, the way a change of a book does."""
    uid = unique_id(owner, "told")
    server.ask(lambda client: client.hset(f"{{hb}}:heartbeat:{uid}", "owner", owner))
    revision = server.ask(lambda client: client.hget(f"{{hb}}:book:{uid}", "revision"))
    assert server.run("change_book", "", uid, revision or "0", "{}", *payloads) == "ok"
