"""The book: all that is remembered of one heartbeat's troubles, as a stored record.

Only what is in trouble is kept, and when items with a cadence of their own were judged,
so it never outgrows the checklist. It is a value: every change makes another book (see
`incidents`), and nothing here decides anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, PositiveInt, ValidationError, model_validator

from heartbeat.errors import BadRecord
from heartbeat.lifecycle import IncidentState
from heartbeat.notices import Kind, Notice, Resolved, ResolvedItem
from heartbeat.runs import StoredMs
from heartbeat.verdict import By, Cause, ItemResult, Severity
from heartbeat.wire import Record, explain


class Incident(Record):
    """One item's trouble, from its first telling to its end.

    `severity` is the latest; `known_severity` is the one the owner was told or
    acknowledged last, over which a rise is measured. `snoozed_until_ms` is set
    exactly while it is snoozed; then only, `snoozed_ms` says since when, and
    `was_acknowledged` what it was before.
    """

    item_key: str
    description: str
    details: str
    by: By
    severity: Severity
    known_severity: Severity
    state: IncidentState = IncidentState.OPEN
    opened_ms: StoredMs
    told_ms: StoredMs
    snoozed_until_ms: StoredMs | None = None
    snoozed_ms: StoredMs | None = None
    was_acknowledged: bool = Field(default=False, exclude_if=lambda was: not was)

    @model_validator(mode="after")
    def _check(self) -> Self:
        is_snoozed = self.state is IncidentState.SNOOZED
        if is_snoozed is (self.snoozed_until_ms is None):
            raise ValueError(
                "expected snoozedUntilMs exactly while snoozed,"
                f" got {self.snoozed_until_ms!r} while {self.state.value!r}"
            )
        if self.was_acknowledged and not is_snoozed:
            raise ValueError(
                f"expected wasAcknowledged only while snoozed, got {self.state.value!r}"
            )
        return self

    @classmethod
    def opened(cls, result: ItemResult, now_ms: int) -> Self:
        """Return the incident of an item that was just found, and told, to be bad."""
        return cls(
            item_key=result.item_key,
            description=result.description,
            details=result.details,
            by=result.by,
            severity=result.severity,
            known_severity=result.severity,
            opened_ms=now_ms,
            told_ms=now_ms,
        )


class UnknownItem(Record):
    """An item that could not be judged: how many runs in a row, and what was told.

    `told_causes` are those the owner has heard of, `told_ms` when (None: not yet).
    """

    item_key: str
    description: str
    details: str
    by: By
    severity: Severity
    cause: Cause
    streak: PositiveInt = 1
    told_causes: tuple[Cause, ...] = ()
    told_ms: StoredMs | None = None


class ConfigProblem(Record):
    """Why the checklist cannot be used; told."""

    reason: str
    message: str
    told_ms: StoredMs


class OverdueSlots(Record):
    """Slots without a finished run since the last one that finished; told.

    `open_ms` is the one among them that had no record when it was counted, the newer of
    two: beside an open slot the next one may be due, and no beat there to claim it.
    `together`: told in one alert with other heartbeats, and so is its end, by who told
    of it.
    """

    why: str
    count: PositiveInt
    from_ms: StoredMs
    to_ms: StoredMs
    open_ms: StoredMs | None = None
    earlier_open_ms: StoredMs | None = None
    told_ms: StoredMs
    together: bool = Field(default=False, exclude_if=lambda together: not together)


class Book(Record):
    """Everything remembered of one heartbeat's troubles; items by their key.

    `judged` is the slot for which an item with an `every` of its own was judged last.
    """

    v: Literal[1] = 1
    incidents: Mapping[str, Incident] = Field(default_factory=dict)
    unknowns: Mapping[str, UnknownItem] = Field(default_factory=dict)
    config: ConfigProblem | None = None
    overdue: OverdueSlots | None = None
    judged: Mapping[str, StoredMs] = Field(
        default_factory=dict, exclude_if=lambda judged: not judged
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        keys = [one.item_key for one in self.incidents.values()]
        keys += [one.item_key for one in self.unknowns.values()]
        if keys != [*self.incidents, *self.unknowns]:
            raise ValueError(f"expected each item under its itemKey, got {keys!r}")
        return self

    def but(self, **changes: object) -> Self:
        """Return this book with these fields replaced; itself if that is no change."""
        new = {
            name: value
            for name, value in changes.items()
            if getattr(self, name) != value
        }
        return self.model_copy(update=new) if new else self

    def dump(self) -> str:
        """Return the stored text."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


def load_book(text: str | bytes, *, forgiving: bool = False) -> Book:
    """Read a stored book; raises BadRecord, also for a version from the future.

    `forgiving`: what is told of a trouble outweighs a field that is not known here.
    """
    try:
        return Book.model_validate_json(text, extra="ignore" if forgiving else None)
    except ValidationError as error:
        raise BadRecord(f"book of incidents: {explain(error)}") from error


@dataclass(frozen=True, slots=True)
class Settled:
    """A book after a change, and what the change makes worth telling."""

    book: Book
    notices: tuple[Notice, ...] = ()

    def then(self, later: "Settled") -> "Settled":
        """Add what a later change told: endings first, one notice for each kind.

        An item can end one trouble and begin another in the same run: whoever keeps
        only the last word on each item must be left with the trouble.
        """
        if not self.notices:
            return later
        endings: dict[Kind, tuple[ResolvedItem, ...]] = {}
        troubles: list[Notice] = []
        for notice in (*self.notices, *later.notices):
            if isinstance(notice, Resolved):
                endings[notice.kind] = endings.get(notice.kind, ()) + notice.items
            else:
                troubles.append(notice)
        ended = [Resolved(kind, items) for kind, items in endings.items()]
        return Settled(later.book, (*ended, *troubles))
