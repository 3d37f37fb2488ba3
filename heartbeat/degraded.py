"""Items that could not be judged, told as one notice a heartbeat.

An item is counted from its first unknown run and told from the second in a row, so
that a passing failure stays quiet; at once if waiting would teach nothing more. All
that are told come in one notice, again when an item or a class of cause joins, and
when the repeat has passed. Each item is resolved when it is judged again, whether or
not others still are unknown: one that can never be judged must not hide that.
"""

from collections.abc import Collection, Container, Mapping, Sequence

from heartbeat.book import Book, Settled, UnknownItem
from heartbeat.notices import (
    Check,
    CheckState,
    Degraded,
    Ending,
    Kind,
    Policy,
    ResolvedItem,
    resolved,
)
from heartbeat.verdict import Cause, ItemResult

#: Unknown runs in a row after which an item is told.
PATIENCE = 2

_SHOWN_ONCE = frozenset({Cause.NO_MODEL, Cause.NOT_READ})

#: Causes that call for the same remedy; a change within a class is no news.
CAUSE_CLASSES: tuple[frozenset[Cause], ...] = (
    frozenset({Cause.NO_MODEL}),
    frozenset({Cause.NOT_READ}),
    frozenset({Cause.NOT_ALLOWED}),
    frozenset({Cause.PROBE_FAILED, Cause.NO_EVIDENCE, Cause.NOT_CONFIRMED}),
    frozenset(
        {
            Cause.BAD_VERDICT,
            Cause.REFUSAL,
            Cause.TRUNCATED,
            Cause.STEP_CAP,
            Cause.DEADLINE,
        }
    ),
    frozenset({Cause.MODEL_ERROR, Cause.MODEL_LIMITED}),
    frozenset({Cause.MODEL_AUTH, Cause.MODEL_REJECTED}),
    frozenset({Cause.BUDGET}),
    frozenset({Cause.INTERNAL}),
)


def settle_unknowns(
    book: Book, results: Sequence[ItemResult], *, policy: Policy, now_ms: int
) -> Settled:
    """Count the unknown items of a run, tell what is news, resolve what is judged."""
    judged = {
        result.item_key: Ending.RECOVERED for result in results if result.cause is None
    }
    ended = end_unknowns(book, judged)
    unknowns = dict(ended.book.unknowns)
    for result in results:
        if result.cause is not None:
            before = unknowns.get(result.item_key)
            unknowns[result.item_key] = _counted(before, result, result.cause)
    shown = _worth_telling(unknowns.values(), policy=policy, now_ms=now_ms)
    for one in shown:
        unknowns[one.item_key] = _told(one, now_ms)
    checks = tuple(_check(one) for one in shown)
    counted = ended.book.but(unknowns=unknowns)
    return ended.then(Settled(counted, (Degraded(checks),) if checks else ()))


def end_unknowns(book: Book, gone: Mapping[str, Ending]) -> Settled:
    """Forget these items; those that were told are resolved."""
    ended = [
        ResolvedItem(item_key=key, description=one.description, reason=gone[key])
        for key, one in book.unknowns.items()
        if key in gone and one.told_ms is not None
    ]
    left = {key: one for key, one in book.unknowns.items() if key not in gone}
    return Settled(book.but(unknowns=left), resolved(Kind.DEGRADED, ended))


def unknown_details(unknown: UnknownItem) -> str:
    """Return why an item could not be judged."""
    return f"unknown: {unknown.details or unknown.cause.value}"


def _counted(
    before: UnknownItem | None, result: ItemResult, cause: Cause
) -> UnknownItem:
    return UnknownItem(
        item_key=result.item_key,
        description=result.description,
        details=result.details,
        by=result.by,
        severity=result.severity,
        cause=cause,
        streak=before.streak + 1 if before else 1,
        told_causes=before.told_causes if before else (),
        told_ms=before.told_ms if before else None,
    )


def _worth_telling(
    unknowns: Collection[UnknownItem], *, policy: Policy, now_ms: int
) -> list[UnknownItem]:
    """Return what one notice shows: nothing without news, else all that is open.

    An item without a model, and a line that is not read as an item, is shown once only:
    nobody mends that by being told again.
    """
    open_ones = [one for one in unknowns if _is_open(one, policy)]
    heard = {_class_of(cause) for one in open_ones for cause in one.told_causes}
    shown = [
        one for one in open_ones if _is_news(one, heard) or one.cause not in _SHOWN_ONCE
    ]
    speaks = any(
        _is_news(one, heard)
        or (one.told_ms is not None and policy.is_due(one.told_ms, now_ms))
        for one in shown
    )
    return shown if speaks else []


def _is_news(unknown: UnknownItem, heard: Container[frozenset[Cause]]) -> bool:
    return unknown.told_ms is None or _class_of(unknown.cause) not in heard


def _is_open(unknown: UnknownItem, policy: Policy) -> bool:
    return (
        unknown.told_ms is not None
        or unknown.streak >= PATIENCE
        or unknown.cause.is_permanent
        or policy.next_slot_far
    )


def _class_of(cause: Cause) -> frozenset[Cause]:
    return next(group for group in CAUSE_CLASSES if cause in group)


def _told(unknown: UnknownItem, now_ms: int) -> UnknownItem:
    causes = tuple(dict.fromkeys((*unknown.told_causes, unknown.cause)))
    return unknown.model_copy(update={"told_ms": now_ms, "told_causes": causes})


def _check(unknown: UnknownItem) -> Check:
    """Show it so that a client which knows only trouble does not take it for that."""
    state = CheckState.NEW if unknown.told_ms is None else CheckState.ONGOING
    return Check(
        item_key=unknown.item_key,
        description=unknown.description,
        details=unknown_details(unknown),
        severity=unknown.severity,
        state=state,
        by=unknown.by,
    )
