"""Changes that take a schedule away, and the slots that no beat had claimed by then.

A script knows no cadence. Where beats are behind, or the heartbeat was disabled, it
first asks for these slots, and is run again with the count (`look_behind` in Lua).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from heartbeat.config import cadence_of
from heartbeat.errors import StoreUnavailable
from heartbeat.instants import from_ms, to_ms
from heartbeat.planning import (
    UNUSABLE,
    CatchUp,
    Passed,
    catch_up,
    first_unclaimed,
    slots_between,
)
from heartbeat.runs import Reason
from heartbeat.store.records import LARGEST_MS
from heartbeat.store.server import Server

logger = logging.getLogger(__name__)

#: Tries to write against others who change the same heartbeat at the same moment.
MAX_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclaimed:
    """Slots as a script takes them, and the state on which they were counted."""

    base: str = ""
    missed: str = ""
    dropped: str = ""

    @property
    def arguments(self) -> tuple[str, str, str]:
        """Return the arguments of a script, in their order."""
        return self.base, self.missed, self.dropped


def change_schedule(
    server: Server,
    script: str,
    uid: str,
    *arguments: str | int,
    messages: Sequence[str] = (),
) -> object:
    """Run a script that takes a schedule away; raises StoreUnavailable."""
    unclaimed = Unclaimed()
    for _ in range(MAX_TRIES):
        counts = unclaimed.arguments
        answer = server.run(script, "", uid, *arguments, *counts, *messages)
        if not isinstance(answer, list) or answer[0] not in _COUNT:
            return answer
        unclaimed = _COUNT[answer[0]](uid, *cast(list[str], answer[1:]))
    raise too_busy(uid)


def too_busy(what: str) -> StoreUnavailable:
    """Return the error that others keep changing something."""
    return StoreUnavailable(f"{what} kept changing; try again")


def _counted(
    uid: str, base: str, timing: str, planned: str, last: str, now_text: str
) -> Unclaimed:
    """Count as after an outage of beat; but the newest slot cannot run any more."""
    try:
        cadence, now = cadence_of(timing), from_ms(int(now_text))
        since = first_unclaimed(cadence, planned_ms=int(planned), last_ms=int(last))
        if since is None or since > now:
            return Unclaimed(base=base)
        step = catch_up(cadence, since=since, now=now)
    except UNUSABLE as error:
        problem = error
    else:
        return _as_arguments(uid, base, step, now)
    logger.error("%s: cannot count: %s", uid, problem, extra={"action": "bad_record"})
    return Unclaimed(base=base)


def _passed(uid: str, base: str, timing: str, since: str, until: str) -> Unclaimed:
    """Count what passed while it was disabled; the base says when more will have."""
    try:
        cadence, end = cadence_of(timing), from_ms(int(until))
        passed = slots_between(cadence, after=from_ms(int(since)), until=end)
        following = cadence.next_slot(end)
    except UNUSABLE as error:
        problem = error
    else:
        following_ms = LARGEST_MS if following is None else to_ms(following)
        reason = Reason.DISABLED
        return Unclaimed(
            base=f"{base} {following_ms}",
            dropped="" if passed is None else passed.dump(uid, reason=reason),
        )
    logger.error("%s: cannot count: %s", uid, problem, extra={"action": "bad_record"})
    return Unclaimed(base=f"{base} {LARGEST_MS}")


#: What a script asks to be counted, by what its answer begins with.
_COUNT: dict[str, Callable[..., Unclaimed]] = {
    "unclaimed": _counted,
    "passed": _passed,
}


def _as_arguments(uid: str, base: str, step: CatchUp, now: datetime) -> Unclaimed:
    dropped = step.slot if step.slot is not None and step.slot <= now else None
    return Unclaimed(
        base=base,
        missed="" if step.missed is None else step.missed.dump(uid),
        dropped=""
        if dropped is None
        else Passed(count=1, first=dropped, last=dropped).dump(uid),
    )
