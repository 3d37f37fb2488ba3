"""One pass over what is due: claim, send, note. Knows neither Celery nor the clock."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from heartbeat.cadence import Cadence
from heartbeat.config import cadence_of
from heartbeat.errors import BadRecord
from heartbeat.instants import from_ms
from heartbeat.planning import catch_up, plan_text
from heartbeat.store.slots import OFF_GRID, Advance, Claim, Sent, Slots

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

#: Slots taken in one claim: large enough that round trips do not count, small enough
#: that another beat gets its share and a dead one delays few.
BATCH = 500


class Queues(Protocol):
    """Where messages go."""

    def send(self, claims: Sequence[Claim]) -> None:
        """Put a message for each slot on its queue: all, or an error."""

    def lengths(self) -> Mapping[str, int]:
        """Return how many messages wait in each queue."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass did."""

    taken: int
    sent: int


class Dispatcher:
    """Beat's core. A failure anywhere leaves claims that end by themselves."""

    def __init__(
        self, slots: Slots, queues: Queues, *, now: Callable[[], datetime]
    ) -> None:
        self._slots = slots
        self._queues = queues
        self._now = now

    def run_pass(self) -> Pass:
        """Act on what is due now, up to one batch.

        1. Claim: what is taken is this beat's for a lease.
        2. Send the messages, all in one batch. An error ends the pass: nothing is
           noted, and the same slots go out again under the same ids.
        3. Compute when each is due next, after the messages are on their way.
        4. Note it, unless a config changed meanwhile.
        """
        claims = self._slots.claim(most=BATCH, queue_lengths=self._queues.lengths())
        if not claims:
            return Pass(taken=0, sent=0)
        outgoing = [claim for claim in claims if claim.kind in {"publish", "manual"}]
        if outgoing:
            self._queues.send(outgoing)
            self._slots.commit(_each(outgoing, _sent))
        others = [claim for claim in claims if claim.kind in {"advance", "late"}]
        if others:
            now = self._now()
            self._slots.advance(_each(others, lambda claim: _advance(claim, now)))
        return Pass(taken=len(claims), sent=len(outgoing))


def _each(claims: Sequence[Claim], decide: Callable[[Claim], _T]) -> list[_T]:
    """Decide over each; one with a bad record must not keep the others from running."""
    decided = []
    for claim in claims:
        try:
            decided.append(decide(claim))
        except BadRecord:
            logger.exception(
                "cannot schedule %s", claim.uid, extra={"action": "bad_record"}
            )
    return decided


def _sent(claim: Claim) -> Sent:
    if claim.kind == "manual":
        return Sent(claim, plan=OFF_GRID)
    cadence = cadence_of(claim.timing)
    following = cadence.next_slot(from_ms(claim.slot_ms))
    return Sent(claim, plan=plan_text(cadence, following, uid=claim.uid))


def _advance(claim: Claim, now: datetime) -> Advance:
    cadence = cadence_of(claim.timing)
    if claim.kind == "advance":
        following = cadence.next_slot(from_ms(claim.slot_ms))
        return Advance(claim, plan=plan_text(cadence, following, uid=claim.uid))
    since = _first_unclaimed(cadence, claim)
    if since is None:
        return Advance(claim, plan="")
    step = catch_up(cadence, since=since, now=now)
    return Advance(
        claim,
        plan=plan_text(cadence, step.slot, uid=claim.uid),
        missed="" if step.missed is None else step.missed.dump(claim.uid),
    )


def _first_unclaimed(cadence: Cadence, claim: Claim) -> datetime | None:
    if claim.slot_ms > claim.last_slot_ms:
        return from_ms(claim.slot_ms)
    return cadence.next_slot(from_ms(claim.last_slot_ms))
