"""One pass over what is due: claim, send, note. Knows neither Celery nor the clock."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from heartbeat.cadence import Cadence
from heartbeat.config import cadence_of
from heartbeat.instants import from_ms
from heartbeat.planning import UNUSABLE, CatchUp, catch_up, first_unclaimed, plan_text
from heartbeat.set_back import Taken, go_on
from heartbeat.store.slots import UNCHANGED, Advance, Claim, Sent, Slots

logger = logging.getLogger(__name__)

#: Claims that send nothing, and after which the schedule goes on.
_GO_ON = frozenset({"advance", "late", "ahead"})

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

        A heartbeat whose record is bad is reported, keeps no other from running, and
        its owner is told when that lasts.
        """
        claims = self._slots.claim(most=BATCH, queue_lengths=self._queues.lengths())
        if not claims:
            return Pass(taken=0, sent=0)
        outgoing = [claim for claim in claims if claim.kind in {"publish", "manual"}]
        if outgoing:
            self._queues.send(outgoing)
            self._slots.commit(followed(outgoing))
        others = [claim for claim in claims if claim.kind in _GO_ON]
        advances: list[Advance] = []
        if others:
            ahead = [claim.uid for claim in others if claim.kind == "ahead"]
            taken = self._slots.ahead.taken(ahead)
            advances = advanced(others, now=self._now(), taken=taken)
            self._slots.advance(advances)
        self._slots.note_unreadable(unreadable(claims, advances))
        for claim in claims:
            if claim.kind in {"broken", "given_up"}:
                _report(claim, "a stored record cannot be read")
        return Pass(taken=len(claims), sent=len(outgoing))


def followed(sent: Iterable[Claim]) -> list[Sent]:
    """Return claims that were sent, each with the plan that follows."""
    return [Sent(claim, plan=_following(claim)) for claim in sent]


def advanced(
    claims: Iterable[Claim], *, now: datetime, taken: Mapping[str, Sequence[Taken]]
) -> list[Advance]:
    """Return how schedules go on after slots that were skipped or passed unclaimed.

    `taken`: which slots are over or open, of the heartbeats that are ahead.
    """
    return [_advance(claim, now, taken.get(claim.uid, ())) for claim in claims]


def unreadable(claims: Iterable[Claim], advances: Iterable[Advance]) -> dict[str, str]:
    """Return why heartbeats cannot be scheduled, by their uid."""
    found = {one.claim.uid: one.problem for one in advances if one.problem}
    for claim in claims:
        if claim.kind == "broken":
            found[claim.uid] = (
                "its version, its queue or whether it is enabled cannot be read"
            )
    return found


def _following(claim: Claim) -> str:
    """Return the plan of the slot that follows a claimed one."""
    if claim.kind == "manual":
        return UNCHANGED
    try:
        cadence = cadence_of(claim.timing)
        following = cadence.next_slot(from_ms(claim.slot_ms))
        return plan_text(cadence, following, uid=claim.uid)
    except UNUSABLE as error:
        _report(claim, error)
        return UNCHANGED


def _advance(claim: Claim, now: datetime, taken: Sequence[Taken]) -> Advance:
    if claim.kind == "advance":
        return Advance(claim, plan=_following(claim))
    try:
        cadence = cadence_of(claim.timing)
        if claim.kind == "ahead":
            return _go_back(claim, cadence, now, taken)
        return _catch_up(claim, cadence, now)
    except UNUSABLE as error:
        _report(claim, error)
        return Advance(claim, plan=UNCHANGED, problem=str(error))


def _catch_up(claim: Claim, cadence: Cadence, now: datetime) -> Advance:
    since = first_unclaimed(
        cadence, planned_ms=claim.slot_ms, last_ms=claim.last_slot_ms
    )
    if since is None:
        return Advance(claim, plan="")
    return _go_on(claim, cadence, catch_up(cadence, since=since, now=now))


def _go_back(
    claim: Claim, cadence: Cadence, now: datetime, taken: Sequence[Taken]
) -> Advance:
    onward = go_on(cadence, taken, now=now)
    back = json.dumps({"last": onward.last_ms, "ahead": onward.ahead})
    return replace(_go_on(claim, cadence, onward.step), back=back)


def _go_on(claim: Claim, cadence: Cadence, step: CatchUp) -> Advance:
    return Advance(
        claim,
        plan=plan_text(cadence, step.slot, uid=claim.uid),
        missed="" if step.missed is None else step.missed.dump(claim.uid),
    )


def _report(claim: Claim, why: object) -> None:
    logger.error(
        "cannot schedule %s: %s", claim.uid, why, extra={"action": "bad_record"}
    )
