"""When a heartbeat is due next, as the ledger keeps it; and what follows an absence.

A plan is one slot with its deadlines. It is written by whoever knows the cadence and
read by scripts that do not, so it holds all that they must know of the slot.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import to_json

from heartbeat.cadence import Cadence, SlotPlan
from heartbeat.errors import HeartbeatError
from heartbeat.instants import from_ms, to_ms
from heartbeat.runs import Reason, run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """Slots in a row that never ran: how many, the first, the last."""

    count: int
    first: datetime
    last: datetime

    def dump(self, uid: str, *, reason: Reason | None = None) -> str:
        """Return the form that scripts read; without a reason they have their own."""
        last_ms = to_ms(self.last)
        facts: dict[str, object] = {
            "runId": run_id(uid, last_ms, manual=False),
            "count": self.count,
            "from": to_ms(self.first),
            "to": last_ms,
        }
        if reason is not None:
            facts["reason"] = reason
        return json.dumps(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """What follows from an absence: the slot to go on with, and what was missed."""

    slot: datetime | None
    missed: Passed | None


def catch_up(cadence: Cadence, *, since: datetime, now: datetime) -> CatchUp:
    """Decide over the slots from `since` (itself a slot, unclaimed) until now.

    The newest runs if it is still wanted: inside its start deadline and, where there
    are active hours, inside the span that it belongs to. All others are missed. Never
    a burst.
    """
    newest = cadence.last_slot(now, not_before=since)
    if newest is None:
        return CatchUp(
            slot=since if since > now else cadence.next_slot(now), missed=None
        )
    if is_wanted(cadence.plan(newest), now):
        last_missed = cadence.last_slot(newest - _TICK, not_before=since)
        return CatchUp(slot=newest, missed=_passed(cadence, since, last_missed))
    return CatchUp(slot=cadence.next_slot(now), missed=_passed(cadence, since, newest))


def first_unclaimed(
    cadence: Cadence, *, planned_ms: int, last_ms: int
) -> datetime | None:
    """Return the first slot after the last claimed one, None where none follows.

    A plan that was claimed already is the last word of a beat that died over it.
    """
    if planned_ms > last_ms:
        return from_ms(planned_ms)
    return cadence.next_slot(from_ms(last_ms))


def is_wanted(plan: SlotPlan, now: datetime) -> bool:
    """Say whether a run for this slot may still begin."""
    return now < plan.start_deadline and (plan.closes is None or now < plan.closes)


def slots_between(
    cadence: Cadence, *, after: datetime, until: datetime
) -> Passed | None:
    """Return the slots in (after, until], or None where there are none."""
    first = cadence.next_slot(after)
    if first is None or first > until:
        return None
    return _passed(cadence, first, cadence.last_slot(until, not_before=first))


def plan_text(cadence: Cadence, slot: datetime | None, *, uid: str) -> str:
    """Return the plan of a slot in the form that scripts read; '' for no slot."""
    if slot is None:
        return ""
    plan = cadence.plan(slot)
    slot_ms = to_ms(slot)
    facts: dict[str, object] = {
        "slot": slot_ms,
        "runId": run_id(uid, slot_ms, manual=False),
        **_deadlines(plan),
    }
    if plan.next_slot is not None:
        facts["next"] = to_ms(plan.next_slot)
    if plan.closes is not None:
        facts["closes"] = to_ms(plan.closes)
    return to_json(facts).decode()  # a quarter of what `json` takes


def manual_slot_text(cadence: Cadence, at: datetime, *, uid: str, queue: str) -> str:
    """Return an open slot off the grid, with as much time as the next on it has."""
    slot_ms = to_ms(at)
    following = cadence.next_slot(at) or at
    later_ms = to_ms(following) - slot_ms
    deadlines = _deadlines(cadence.plan(following))
    deadlines["startDeadline"] -= later_ms
    return json.dumps(
        {
            "slot": slot_ms,
            "runId": run_id(uid, slot_ms, manual=True),
            "grid": False,
            "state": "claimed",
            "queue": queue,
            "attempts": 0,
            **deadlines,
        }
    )


def _deadlines(plan: SlotPlan) -> dict[str, int]:
    return {
        "startDeadline": to_ms(plan.start_deadline),
        "runLimit": round(plan.run_limit.total_seconds() * 1000),
    }


#: What computing with a stored record raises when that is bad.
UNUSABLE = (HeartbeatError, ValueError, OverflowError)

#: The smallest step between instants: whole milliseconds.
_TICK = from_ms(1) - from_ms(0)


def _passed(cadence: Cadence, first: datetime, last: datetime | None) -> Passed | None:
    if last is None:
        return None
    return Passed(count=cadence.count_slots(first, last), first=first, last=last)
