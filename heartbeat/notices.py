"""What is told of a heartbeat's troubles, and how often; not how it is sent.

One class a kind, so that a sender can match on all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from heartbeat.asked import Notify
from heartbeat.verdict import By, Severity


class Kind(StrEnum):
    """What sort of trouble a notice is about."""

    ACTION = "action"
    DEGRADED = "degraded"
    CONFIG = "config"
    OVERDUE = "overdue"


class CheckState(StrEnum):
    """Whether the owner hears of a trouble for the first time."""

    NEW = "new"
    ONGOING = "ongoing"


class Ending(StrEnum):
    """Why a trouble is over."""

    RECOVERED = "recovered"
    REMOVED = "removed"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One trouble in a notice. Without an item it concerns the whole heartbeat."""

    item_key: str | None = None
    description: str
    details: str
    severity: Severity = Severity.WARNING
    state: CheckState
    by: By | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedItem:
    """One trouble that was told and is over."""

    item_key: str | None = None
    description: str
    reason: Ending


@dataclass(frozen=True, slots=True)
class ActionNeeded:
    """Items need action."""

    kind: ClassVar = Kind.ACTION
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Degraded:
    """Items could not be judged: all of a heartbeat's in one notice."""

    kind: ClassVar = Kind.DEGRADED
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class ConfigTrouble:
    """The checklist cannot be used, so that nothing is judged."""

    kind: ClassVar = Kind.CONFIG
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Overdue:
    """Slots have no finished run."""

    kind: ClassVar = Kind.OVERDUE
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Troubles of one kind are over; each was told before."""

    kind: Kind
    items: tuple[ResolvedItem, ...]


Notice = ActionNeeded | Degraded | ConfigTrouble | Overdue | Resolved


def resolved(kind: Kind, items: Sequence[ResolvedItem]) -> tuple[Resolved, ...]:
    """Return the notice that these are over; no notice for no item."""
    return (Resolved(kind, tuple(items)),) if items else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How often an owner wants to hear of a trouble that goes on.

    `next_slot_far`: the next slot is so far away that waiting for a second opinion
    would leave the owner in the dark.
    """

    notify: Notify
    repeat: timedelta
    next_slot_far: bool = False

    def is_due(self, told_ms: int, now_ms: int) -> bool:
        """Say whether a trouble told then is to be told again at this run."""
        return self.notify is Notify.EVERY_RUN or self.has_waited(told_ms, now_ms)

    def has_waited(self, told_ms: int, now_ms: int) -> bool:
        """Say whether the time between two tellings has passed.

        One that far ahead was told by a clock that was set back since.
        """
        return abs(now_ms - told_ms) >= self.repeat // timedelta(milliseconds=1)
