"""How a schedule goes on after the clock was set back.

A beat that trusted a clock which ran ahead has claimed slots of a time to come, and
recorded those before them as missed. What was claimed is over and is never claimed
again; all the others come again, and the schedule must not wait for the clock to get
there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from heartbeat.cadence import Cadence
from heartbeat.instants import from_ms, to_ms
from heartbeat.planning import CatchUp, catch_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Slots on the grid, first to last, that have a record or are open.

    `is_claimed`: not only because no beat had claimed them.
    """

    first_ms: int
    last_ms: int
    is_claimed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """What follows: as after an absence, and slots to pass over when they come.

    `last_ms` takes the place of the last claimed slot.
    """

    step: CatchUp
    last_ms: int
    ahead: tuple[tuple[int, int], ...]


def go_on(cadence: Cadence, taken: Iterable[Taken], *, now: datetime) -> GoOn:
    """Decide over a schedule whose last claimed slot lies far ahead of the clock.

    It goes on after the last slot that is not ahead; where none is known any more, it
    goes on from now.
    """
    now_ms, taken = to_ms(now), tuple(taken)
    passed = (one.last_ms for one in taken if one.last_ms <= now_ms)
    last_ms = max(passed, default=now_ms)
    since = cadence.next_slot(from_ms(last_ms))
    return GoOn(
        step=CatchUp(slot=None, missed=None)
        if since is None
        else catch_up(cadence, since=since, now=now),
        last_ms=last_ms,
        ahead=tuple(
            sorted(
                (one.first_ms, one.last_ms)
                for one in taken
                if one.is_claimed and one.last_ms > now_ms
            )
        ),
    )
