"""Beat's side of the ledger: claim what is due, say what was sent; and run by hand."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, cast

from redis import Redis

from heartbeat.config import cadence_of, unique_id
from heartbeat.errors import Busy, InvalidConfig, NotFound
from heartbeat.instants import from_ms
from heartbeat.jobs import queue_for
from heartbeat.planning import manual_slot_text
from heartbeat.runs import run_id
from heartbeat.store import keys
from heartbeat.store.ahead import Ahead
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.records import LARGEST_MS
from heartbeat.store.server import Server
from heartbeat.unreadable import UNREADABLE_MS, readable_message, unreadable_message

#: How long a claim holds before any other beat may take it over, in milliseconds.
CLAIM_LEASE_MS = 2_000
#: How long a sent slot may stay unbegun before its message is taken for lost.
REDISPATCH_MS = 30_000

#: The plan after a slot off the grid, or one that nothing can be computed from: the
#: schedule stays as it is.
UNCHANGED = "-"

Kind = Literal["publish", "manual", "advance", "late", "ahead", "broken", "given_up"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing to do for a heartbeat; the kinds are described in `claim.lua`."""

    kind: Kind
    uid: str
    slot_ms: int
    run_id: str
    version: str
    timing: str
    queue: str
    last_slot_ms: int
    is_noted: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A claim whose message is on its queue, with the plan that follows it.

    The plan is '' when no slot follows, UNCHANGED for a slot that none follows from.
    """

    claim: Claim
    plan: str


@dataclass(frozen=True, slots=True)
class Advance:
    """A schedule that goes on with another slot, and what was missed before it.

    With the plan UNCHANGED the heartbeat is looked at again in a minute, and `problem`
    says why it has none. `back`: where it goes on from, when the clock was set back.
    """

    claim: Claim
    plan: str
    missed: str = ""
    back: str = ""
    problem: str = ""


class Slots:
    """The ledger as any number of beats use it at once."""

    def __init__(
        self,
        server: Server,
        *,
        claim_lease_ms: int = CLAIM_LEASE_MS,
        redispatch_ms: int = REDISPATCH_MS,
    ) -> None:
        self.ahead = Ahead(server)
        self._server = server
        self._claim_lease_ms = claim_lease_ms
        self._redispatch_ms = redispatch_ms

    def claim(
        self, *, most: int, queue_lengths: Mapping[str, int], now_ms: int | None = None
    ) -> list[Claim]:
        """Take up to `most` things to do; they are this caller's for a claim lease."""
        lengths = [part for pair in queue_lengths.items() for part in pair]
        rows = self._server.run(
            "claim",
            _clock(now_ms),
            most,
            self._claim_lease_ms,
            self._redispatch_ms,
            *lengths,
        )
        return [_claim(row) for row in cast(list[list[str]], rows)]

    def commit(self, sent: Iterable[Sent], *, now_ms: int | None = None) -> None:
        """Note that messages are on their queues, and when each is due next."""
        rows = [
            part
            for one in sent
            for part in (
                one.claim.uid,
                one.claim.run_id,
                one.claim.version,
                one.claim.slot_ms,
                one.claim.queue,
                one.plan,
            )
        ]
        if rows:
            self._server.run("commit", _clock(now_ms), self._redispatch_ms, *rows)

    def advance(
        self, advances: Sequence[Advance], *, now_ms: int | None = None
    ) -> None:
        """Let schedules go on after slots that were skipped or missed.

        The owner of one that could not be read hears that it can be.
        """
        noted = [one.claim.uid for one in advances if one.claim.is_noted]
        over = self._readable_again(noted, now_ms)
        rows = [
            part
            for one in advances
            for part in (
                one.claim.uid,
                one.claim.version,
                one.claim.slot_ms,
                one.plan,
                one.missed,
                one.back,
                over.get(one.claim.uid, ""),
            )
        ]
        if rows:
            self._server.run("advance", _clock(now_ms), *rows)

    def note_unreadable(self, why: Mapping[str, str]) -> None:
        """Note why heartbeats cannot be read; once that lasts, tell their owners."""
        if not why:
            return
        now = from_ms(self._server.now_ms())
        rows = [
            part
            for uid, problem in why.items()
            for part in (uid, unreadable_message(uid, problem, now))
        ]
        self._server.run("note_unreadable", "", UNREADABLE_MS, *rows)

    def _readable_again(
        self, uids: Sequence[str], now_ms: int | None
    ) -> dict[str, str]:
        """Return what the owners hear; asks for the time only if anybody does."""
        if not uids:
            return {}
        now = from_ms(self._server.now_ms() if now_ms is None else now_ms)
        return {uid: readable_message(uid, now) for uid in uids}

    def queues(self) -> list[str]:
        """Return the queues on which messages wait."""
        return sorted(
            str(name) for name in self._server.ask(lambda c: c.smembers(keys.QUEUES))
        )

    def now_ms(self) -> int:
        """Return the clock that slots are due by."""
        return self._server.now_ms()

    def next_due_ms(self) -> int | None:
        """Return when something is due next, or None when nothing is."""
        found = self._server.ask(_first_scores)
        return min(found) if found else None

    def request_run(self, owner: str, schedule_id: str) -> str:
        """Open one slot off the grid, now; return its run id.

        Raises NotFound, Busy while a run is open, InvalidConfig when it is not active.
        """
        uid = unique_id(owner, schedule_id)
        stored = Heartbeats(self._server).get(owner, schedule_id)
        now_ms = self._server.now_ms()
        timing = stored.config.timing.model_dump_json(by_alias=True, exclude_none=True)
        answer = self._server.run(
            "request_run",
            "",
            uid,
            manual_slot_text(
                cadence_of(timing),
                from_ms(now_ms),
                uid=uid,
                queue=queue_for(stored.config.run_on),
            ),
        )
        if answer == "ok":
            return run_id(uid, now_ms, manual=True)
        raise _refusal(str(answer), schedule_id)

    def run_unheard(self, owner: str, schedule_id: str) -> str | None:
        """Look again at what a run found during a pause; None if it found nothing."""
        key = keys.heartbeat(unique_id(owner, schedule_id))
        with suppress(Busy, InvalidConfig):
            if self._server.ask(lambda client: client.hexists(key, "unheard")):
                return self.request_run(owner, schedule_id)
        return None


def _refusal(answer: str, schedule_id: str) -> Exception:
    if answer == "busy":
        return Busy(f"{schedule_id}: expected no open run, got one that is going on")
    if answer == "gone":
        return NotFound(f"expected a heartbeat of yours, got {schedule_id[:80]!r}")
    return InvalidConfig(f"{schedule_id}: expected an active heartbeat, it is {answer}")


def _clock(now_ms: int | None) -> str:
    return "" if now_ms is None else str(now_ms)


def _claim(row: list[str]) -> Claim:
    kind, uid, slot, name, version, timing, queue, last, noted = row
    return Claim(
        kind=cast(Kind, kind),
        uid=uid,
        slot_ms=int(slot),
        run_id=name,
        version=version,
        timing=timing,
        queue=queue,
        last_slot_ms=int(last),
        is_noted=bool(noted),
    )


def _first_scores(client: Redis) -> list[int]:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.zrange(keys.DUE, 0, 0, withscores=True)
        pipeline.zrange(keys.OPEN, 0, 0, withscores=True)
        first_of_each = pipeline.execute()
    scores = [score for found in first_of_each for _, score in found]
    return [int(min(LARGEST_MS, max(0, score))) for score in scores]
