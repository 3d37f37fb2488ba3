"""Troubles of a whole heartbeat: its checklist cannot be used, its slots have no run.

Each is told, told again as ongoing while it lasts, and resolved by the next run that
shows it is over. They leave the items' incidents as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from heartbeat.book import Book, ConfigProblem, OverdueSlots, Settled
from heartbeat.instants import from_ms, ms_to_text, to_ms
from heartbeat.notices import (
    Check,
    CheckState,
    ConfigTrouble,
    Ending,
    Kind,
    Overdue,
    Policy,
    ResolvedItem,
    resolved,
)
from heartbeat.runs import Reason, RunRecord

CONFIG_TROUBLE = "The checklist cannot be used"
OVERDUE_SLOTS = "Slots without a finished run"


@dataclass(frozen=True, slots=True, kw_only=True)
class LateSlots:
    """Slots, first to last, that have no finished run, and why as far as is known.

    `is_open`: one slot that has no record yet; it may still be run, or get one.
    """

    why: str
    count: int = 1
    first: datetime
    last: datetime
    is_open: bool = False

    def __post_init__(self) -> None:
        if self.count < 1 or self.first > self.last:
            raise ValueError(
                "expected at least one slot, the first before the last,"
                f" got {self.count!r} from {self.first!r} to {self.last!r}"
            )

    @classmethod
    def of(cls, record: RunRecord) -> Self:
        """Return the slots of a record that is missed or lost."""
        first = record.slot_ms if record.from_ms is None else record.from_ms
        last = record.slot_ms if record.to_ms is None else record.to_ms
        why = record.status.value
        return cls(
            why=why if record.reason is None else f"{why}, {record.reason.value}",
            count=record.count or 1,
            first=from_ms(first),
            last=from_ms(last),
        )


def config_trouble(
    book: Book, reason: str, message: str, now: datetime, policy: Policy
) -> Settled:
    """Settle a run that could not use its checklist; the message names its host.

    Told when the reason changes, and again when the policy's repeat has passed. An
    empty checklist may be meant so: that is told once. The run itself took place, so
    what was overdue is over.
    """
    before, now_ms = book.config, to_ms(now)
    over = end_overdue(book, Ending.RECOVERED)
    if before is not None and before.reason == reason:
        is_due = policy.is_due(before.told_ms, now_ms)
        if reason == Reason.EMPTY or not is_due:
            return over
    problem = ConfigProblem(reason=reason, message=message, told_ms=now_ms)
    check = Check(
        description=CONFIG_TROUBLE,
        details=config_details(problem),
        state=_state(before),
    )
    told = Settled(over.book.but(config=problem), (ConfigTrouble((check,)),))
    return over.then(told)


def overdue(book: Book, *late: LateSlots, policy: Policy, now: datetime) -> Settled:
    """Settle slots without a finished run.

    Told at once, then added up in silence until the policy's repeat has passed;
    whatever was added is in the next notice, the one of the end included. A slot that
    was told while it was open is not counted again when its record comes.
    """
    before, now_ms = book.overdue, to_ms(now)
    after = before
    for slots in late:
        after = _added(after, slots, now_ms)
    if after is None or not late:
        return Settled(book)
    after = after.model_copy(update={"why": _reasons(late)})
    if before is not None and not policy.has_waited(before.told_ms, now_ms):
        kept = {"told_ms": before.told_ms, "together": before.together}
        quiet = after.model_copy(update=kept)
        return Settled(book.but(overdue=quiet))
    check = Check(
        description=OVERDUE_SLOTS,
        details=overdue_details(after),
        state=_state(before),
    )
    return Settled(book.but(overdue=after), (Overdue((check,)),))


def end_config(book: Book, reason: Ending) -> Settled:
    """Resolve what was told of the checklist, if anything was."""
    if book.config is None:
        return Settled(book)
    over = ResolvedItem(
        description=f"{CONFIG_TROUBLE}: {book.config.reason}", reason=reason
    )
    return Settled(book.but(config=None), resolved(Kind.CONFIG, [over]))


def told_together(book: Book) -> Book:
    """Note that overdue slots are told in one alert with those of other heartbeats."""
    assert book.overdue is not None  # else there is nothing to tell
    return book.but(overdue=book.overdue.model_copy(update={"together": True}))


def end_overdue(book: Book, reason: Ending) -> Settled:
    """Resolve what was told of overdue slots, if anything was.

    The end of what was told together with others is not told here: whoever told it
    finds it over, and tells the ends together too.
    """
    if book.overdue is None:
        return Settled(book)
    if book.overdue.together:
        return Settled(book.but(overdue=None))
    over = ResolvedItem(
        description=f"{OVERDUE_SLOTS}: {_range(book.overdue)}", reason=reason
    )
    return Settled(book.but(overdue=None), resolved(Kind.OVERDUE, [over]))


def config_details(problem: ConfigProblem) -> str:
    """Return why the checklist cannot be used."""
    return f"{problem.reason}: {problem.message}"


def overdue_details(overdue: OverdueSlots) -> str:
    """Return which slots have no finished run, and why."""
    return f"{_range(overdue)}: {overdue.why}"


def _added(before: OverdueSlots | None, slots: LateSlots, now_ms: int) -> OverdueSlots:
    """Add slots to those told before; one that was told while open is among them."""
    first, last, count = to_ms(slots.first), to_ms(slots.last), slots.count
    still_open: set[int] = {first} if slots.is_open else set()
    if before is not None:
        both = (before.earlier_open_ms, before.open_ms)
        open_before = {slot_ms for slot_ms in both if slot_ms is not None}
        known = {slot_ms for slot_ms in open_before if first <= slot_ms <= last}
        still_open |= open_before - known
        count += before.count - len(known)
        first, last = min(first, before.from_ms), max(last, before.to_ms)
    earlier_open_ms, open_ms = [None, None, *sorted(still_open)][-2:]
    return OverdueSlots(
        why=slots.why,
        count=count,
        from_ms=first,
        to_ms=last,
        open_ms=open_ms,
        earlier_open_ms=earlier_open_ms,
        told_ms=now_ms,
    )


def _reasons(late: Sequence[LateSlots]) -> str:
    return "; ".join(dict.fromkeys(slots.why for slots in late))


def _range(overdue: OverdueSlots) -> str:
    first, last = map(ms_to_text, (overdue.from_ms, overdue.to_ms))
    return f"1, {first}" if first == last else f"{overdue.count}, {first} to {last}"


def _state(before: object | None) -> CheckState:
    return CheckState.NEW if before is None else CheckState.ONGOING
