"""The record of one slot's fate, or of several that shared it.

Scripts in Redis write some of these themselves (skips and misses). The least they
must write, in integer milliseconds since 1970:

    {"v":1,"runId":"hb-1@2026-11-24T16:00:00.000Z","slotMs":1795536000000,
     "status":"skipped","reason":"overlap"}

and for several slots told as one, also `"count":3,"fromMs":…,"toMs":…` (first and
last slot; `slotMs` is the last). An empty list is left out, since Lua would give it
back as an object.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)

from heartbeat.errors import BadRecord
from heartbeat.instants import ms_to_text, to_ms
from heartbeat.phrases import clip
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, ItemResult, Severity, Verdict
from heartbeat.wire import Record, explain

#: Longest details of an item that is ok in a record: they matter least, and a heartbeat
#: has a budget of bytes for all of its records.
MAX_OK_DETAILS = 120
#: So much of why a checklist could not be used says what is wrong, and where.
MAX_PROBLEM = 300

#: A stored instant; the last is the end of 9999, past which no text can be made of it.
StoredMs = Annotated[int, Field(ge=0, le=253_402_300_799_999)]


class RunStatus(StrEnum):
    """How a slot ended."""

    OK = "ok"
    ALERT = "alert"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    MISSED = "missed"
    LOST = "lost"


class Reason(StrEnum):
    """Why a slot did not run, or not as usual."""

    # skipped: decided not to run
    OVERLAP = "overlap"
    BACKLOG = "backlog"
    PAUSED = "paused"
    DISABLED = "disabled"
    OUTSIDE_HOURS = "outside_hours"  #: in older records; such a slot is missed now
    EMPTY = "empty"
    NOT_DUE = "not_due"
    BUDGET = "budget"
    RECONFIGURED = "reconfigured"
    DELETED = "deleted"
    # missed: should have run, never began
    NO_WORKER = "no_worker"
    BEAT_AWAY = "beat_away"
    # lost: began and never ended
    WORKER_DIED = "worker_died"
    # unknown: ran, but its checklist could not be used
    CONFIG = "config"


class RunItem(Record):
    """One item as it was judged in the run."""

    item_key: str
    description: str
    status: Verdict
    details: str
    by: By
    severity: Severity = Severity.WARNING
    cause: Cause | None = None

    @classmethod
    def of(cls, result: ItemResult) -> Self:
        """Return what the record keeps of a result."""
        is_ok = result.verdict is Verdict.OK
        return cls(
            item_key=result.item_key,
            description=result.description,
            status=result.verdict,
            details=clip(result.details, MAX_OK_DETAILS) if is_ok else result.details,
            by=result.by,
            severity=result.severity,
            cause=result.cause,
        )


class RunRecord(Record):
    """What became of a slot. `count`, `from_ms`, `to_ms` tell of several as one.

    `problem` is why the checklist could not be used.
    """

    v: Literal[1] = 1
    run_id: str = Field(min_length=1)
    slot_ms: StoredMs
    status: RunStatus
    reason: Reason | None = None
    problem: str | None = Field(default=None, max_length=MAX_PROBLEM)
    count: PositiveInt | None = None
    from_ms: StoredMs | None = None
    to_ms: StoredMs | None = None
    started_ms: StoredMs | None = None
    finished_ms: StoredMs | None = None
    late_ms: NonNegativeInt | None = None
    host: str | None = None
    items: tuple[RunItem, ...] = Field(default=(), exclude_if=lambda items: not items)
    usage: Usage | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.reason is None and self.status in _NEED_A_REASON:
            raise ValueError(f"expected a reason for {self.status.value!r}, got None")
        if (self.from_ms is None) is not (self.to_ms is None):
            raise ValueError(
                "expected fromMs and toMs together,"
                f" got {self.from_ms!r} and {self.to_ms!r}"
            )
        if (self.from_ms or 0) > (self.to_ms or 0):
            raise ValueError(
                "expected fromMs not after toMs,"
                f" got {self.from_ms!r} and {self.to_ms!r}"
            )
        return self

    def dump(self) -> str:
        """Return the stored text."""
        return self.model_dump_json(by_alias=True, exclude_none=True)

    def to_wire(self) -> dict[str, object]:
        """Return the run as history shows it: instants as text, lateness in seconds."""
        late_by = None if self.late_ms is None else self.late_ms / 1000
        shown = {
            "runId": self.run_id,
            "slot": _text(self.slot_ms),
            "status": self.status.value,
            "reason": None if self.reason is None else self.reason.value,
            "problem": self.problem,
            "count": self.count,
            "from": _text(self.from_ms),
            "to": _text(self.to_ms),
            "startedAt": _text(self.started_ms),
            "finishedAt": _text(self.finished_ms),
            "lateBy": late_by,
            "host": self.host,
            "items": [_dumped(item) for item in self.items],
            "usage": None if self.usage is None else self.usage.to_wire(),
        }
        return {name: value for name, value in shown.items() if value is not None}


_MANUAL = "now:"
_NEED_A_REASON = frozenset({RunStatus.SKIPPED, RunStatus.MISSED})


def load_run(text: str | bytes) -> RunRecord:
    """Read a stored run; raises BadRecord, also for a version from the future."""
    try:
        return RunRecord.model_validate_json(text)
    except ValidationError as error:
        raise BadRecord(f"run record: {explain(error)}") from error


def finished_run(
    run_id: str,
    results: Sequence[ItemResult],
    *,
    slot: datetime,
    started: datetime,
    finished: datetime,
    host: str,
    usage: Usage | None = None,
) -> RunRecord:
    """Return the record of a run that judged its items."""
    return RunRecord(
        run_id=run_id,
        slot_ms=to_ms(slot),
        status=run_status(results),
        started_ms=to_ms(started),
        finished_ms=to_ms(finished),
        late_ms=max(0, to_ms(started) - to_ms(slot)),
        host=host,
        items=tuple(RunItem.of(result) for result in results),
        usage=usage,
    )


def run_status(results: Iterable[ItemResult]) -> RunStatus:
    """Sum up a run: its worst item decides. Nothing judged is not ok: ValueError."""
    verdicts = {result.verdict for result in results}
    if not verdicts:
        raise ValueError("expected at least one judged item, got none")
    if Verdict.ACTION_NEEDED in verdicts:
        return RunStatus.ALERT
    if Verdict.UNKNOWN in verdicts:
        return RunStatus.UNKNOWN
    return RunStatus.OK


def run_id(heartbeat_id: str, slot_ms: int, manual: bool) -> str:
    """Name a run by its slot; one asked for by hand is off the grid, and says so."""
    return f"{heartbeat_id}@{_MANUAL if manual else ''}{ms_to_text(slot_ms)}"


def is_manual(run_id: str) -> bool:
    """Say whether a run was asked for by hand."""
    return run_id.rpartition("@")[2].startswith(_MANUAL)


def _text(ms: int | None) -> str | None:
    return None if ms is None else ms_to_text(ms)


def _dumped(record: Record) -> dict[str, object]:
    return record.model_dump(mode="json", by_alias=True, exclude_none=True)
