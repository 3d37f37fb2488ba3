"""The life of one item's trouble, as one table; no other place knows a transition.

It must not know what a notice looks like, who is told, or what time it is.
"""

from enum import StrEnum, auto
from typing import NamedTuple

from heartbeat.notices import CheckState, Ending


class IncidentState(StrEnum):
    """Where an incident stands; no incident is no state."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"


class Event(StrEnum):
    """What can happen to an item, whether or not it has an incident."""

    # a run judged it
    BAD = auto()  #: and there is no more to say than that
    DUE = auto()  #: bad, and it was told long enough ago to be told again
    WORSE = auto()  #: bad, and severer than the owner knows
    AWAKE = auto()  #: bad, and its snooze has ended
    FINE = auto()
    UNKNOWN = auto()
    # the checklist changed
    REMOVED = auto()
    DISABLED = auto()
    # a person spoke
    ACKNOWLEDGE = auto()
    SNOOZE = auto()
    UNSNOOZE = auto()
    UNSNOOZE_ACKNOWLEDGED = auto()  #: the same, of what was acknowledged before it


class Transition(NamedTuple):
    """The state after an event (None: no incident), and what the owner is told."""

    to: IncidentState | None
    tells: CheckState | Ending | None = None


_NONE = None
_OPEN, _ACKNOWLEDGED, _SNOOZED = IncidentState
_NEW, _ONGOING = CheckState
_RECOVERED, _REMOVED, _DISABLED = Ending

TRANSITIONS: dict[tuple[IncidentState | None, Event], Transition] = {
    (_NONE, Event.BAD): Transition(_OPEN, _NEW),
    (_NONE, Event.FINE): Transition(_NONE),
    (_NONE, Event.UNKNOWN): Transition(_NONE),
    #
    (_OPEN, Event.BAD): Transition(_OPEN),
    (_OPEN, Event.DUE): Transition(_OPEN, _ONGOING),
    (_OPEN, Event.WORSE): Transition(_OPEN, _ONGOING),
    (_OPEN, Event.FINE): Transition(_NONE, _RECOVERED),
    (_OPEN, Event.UNKNOWN): Transition(_OPEN),
    (_OPEN, Event.REMOVED): Transition(_NONE, _REMOVED),
    (_OPEN, Event.DISABLED): Transition(_NONE, _DISABLED),
    (_OPEN, Event.ACKNOWLEDGE): Transition(_ACKNOWLEDGED),
    (_OPEN, Event.SNOOZE): Transition(_SNOOZED),
    (_OPEN, Event.UNSNOOZE): Transition(_OPEN),
    #
    (_ACKNOWLEDGED, Event.BAD): Transition(_ACKNOWLEDGED),
    (_ACKNOWLEDGED, Event.DUE): Transition(_ACKNOWLEDGED),
    (_ACKNOWLEDGED, Event.WORSE): Transition(_OPEN, _ONGOING),
    (_ACKNOWLEDGED, Event.FINE): Transition(_NONE, _RECOVERED),
    (_ACKNOWLEDGED, Event.UNKNOWN): Transition(_ACKNOWLEDGED),
    (_ACKNOWLEDGED, Event.REMOVED): Transition(_NONE, _REMOVED),
    (_ACKNOWLEDGED, Event.DISABLED): Transition(_NONE, _DISABLED),
    (_ACKNOWLEDGED, Event.ACKNOWLEDGE): Transition(_ACKNOWLEDGED),
    (_ACKNOWLEDGED, Event.SNOOZE): Transition(_SNOOZED),
    (_ACKNOWLEDGED, Event.UNSNOOZE): Transition(_ACKNOWLEDGED),
    #
    (_SNOOZED, Event.BAD): Transition(_SNOOZED),
    (_SNOOZED, Event.DUE): Transition(_SNOOZED),
    (_SNOOZED, Event.WORSE): Transition(_SNOOZED),
    (_SNOOZED, Event.AWAKE): Transition(_OPEN, _ONGOING),
    # A snooze silences the trouble, not its end: what was told is always taken back.
    (_SNOOZED, Event.FINE): Transition(_NONE, _RECOVERED),
    (_SNOOZED, Event.UNKNOWN): Transition(_SNOOZED),
    (_SNOOZED, Event.REMOVED): Transition(_NONE, _REMOVED),
    (_SNOOZED, Event.DISABLED): Transition(_NONE, _DISABLED),
    (_SNOOZED, Event.ACKNOWLEDGE): Transition(_ACKNOWLEDGED),
    (_SNOOZED, Event.SNOOZE): Transition(_SNOOZED),
    (_SNOOZED, Event.UNSNOOZE): Transition(_OPEN),
    (_SNOOZED, Event.UNSNOOZE_ACKNOWLEDGED): Transition(_ACKNOWLEDGED),
}
