"""Every change of a book: what a run, a person or a deletion makes of its incidents.

Facts in; a new book, and what is worth telling, out. What an incident may do stands
in `lifecycle`; the troubles without an incident are in `degraded` and `outages`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from heartbeat.book import Book, Incident, Settled
from heartbeat.degraded import end_unknowns, settle_unknowns
from heartbeat.errors import InvalidInput, NotFound
from heartbeat.instants import to_ms, to_text
from heartbeat.lifecycle import TRANSITIONS, Event, IncidentState
from heartbeat.notices import (
    ActionNeeded,
    Check,
    CheckState,
    Ending,
    Kind,
    Notice,
    Policy,
    ResolvedItem,
    resolved,
)
from heartbeat.outages import end_config, end_overdue
from heartbeat.verdict import ItemResult, Verdict

#: A clock this far behind what it showed before was set back; less is its jitter.
SET_BACK_MS = 60_000

_Move = tuple[Incident, CheckState | Ending | None]


def settle_run(
    book: Book,
    results: Sequence[ItemResult],
    *,
    present: Collection[str],
    disabled: Collection[str],
    policy: Policy,
    now: datetime,
) -> Settled:
    """Settle a finished run: its checklist was read, and these items were judged.

    `present` and `disabled` are the keys of the items that are on and off in the
    checklist as it is now; a result for any other item (it was taken out while the
    run went on) is not told. A present item without a result stays as it is.
    """
    judged = [result for result in results if result.item_key in present]
    gone = {
        key: Ending.DISABLED if key in disabled else Ending.REMOVED
        for key in (*book.incidents, *book.unknowns)
        if key not in present
    }
    now_ms = to_ms(now)
    settled = _end(book, gone, outages=Ending.RECOVERED)
    settled = settled.then(
        _settle_items(settled.book, judged, policy=policy, now_ms=now_ms)
    )
    return settled.then(
        settle_unknowns(settled.book, judged, policy=policy, now_ms=now_ms)
    )


def remove_all(book: Book) -> Settled:
    """Settle the deletion of the heartbeat: all that was told is over."""
    gone = dict.fromkeys((*book.incidents, *book.unknowns), Ending.REMOVED)
    return _end(book, gone, outages=Ending.REMOVED)


def acknowledge(book: Book, key: str) -> Settled:
    """Silence an incident until it is over or gets severer; raises NotFound."""
    severity = _incident(book, key).severity
    return _change_by_person(book, key, Event.ACKNOWLEDGE, known_severity=severity)


def snooze(book: Book, key: str, until: datetime, now: datetime) -> Settled:
    """Silence an incident until then; raises NotFound, and InvalidInput for a past."""
    if until <= now:
        raise InvalidInput(
            f"expected a snooze to end after {to_text(now)!r}, got {to_text(until)!r}"
        )
    incident = _incident(book, key)
    is_acknowledged = incident.state is IncidentState.ACKNOWLEDGED
    return _change_by_person(
        book,
        key,
        Event.SNOOZE,
        snoozed_until_ms=to_ms(until),
        snoozed_ms=to_ms(now),
        was_acknowledged=is_acknowledged or incident.was_acknowledged,
    )


def unsnooze(book: Book, key: str) -> Settled:
    """Go on as if it had not been snoozed; raises NotFound."""
    was_acknowledged = _incident(book, key).was_acknowledged
    event = Event.UNSNOOZE_ACKNOWLEDGED if was_acknowledged else Event.UNSNOOZE
    return _change_by_person(book, key, event)


def _end(book: Book, gone: Mapping[str, Ending], *, outages: Ending) -> Settled:
    settled = end_overdue(book, outages)
    settled = settled.then(end_config(settled.book, outages))
    settled = settled.then(_end_incidents(settled.book, gone))
    return settled.then(end_unknowns(settled.book, gone))


_EVENT_OF_ENDING = {Ending.REMOVED: Event.REMOVED, Ending.DISABLED: Event.DISABLED}


def _end_incidents(book: Book, gone: Mapping[str, Ending]) -> Settled:
    moves = [
        (incident, TRANSITIONS[incident.state, _EVENT_OF_ENDING[gone[key]]].tells)
        for key, incident in book.incidents.items()
        if key in gone
    ]
    left = {key: one for key, one in book.incidents.items() if key not in gone}
    return Settled(book.but(incidents=left), _notices(moves))


def _settle_items(
    book: Book, results: Sequence[ItemResult], *, policy: Policy, now_ms: int
) -> Settled:
    incidents = dict(book.incidents)
    moves: list[_Move] = []
    for result in results:
        before = incidents.get(result.item_key)
        event = _event_of(result, before, policy=policy, now_ms=now_ms)
        to, tells = TRANSITIONS[before.state if before else None, event]
        seen = _seen(before, result, tells=tells is not None, now_ms=now_ms)
        if seen is None:
            continue
        moves.append((seen, tells))
        if to is None:
            del incidents[seen.item_key]
        else:
            incidents[seen.item_key] = _in_state(seen, to)
    return Settled(book.but(incidents=incidents), _notices(moves))


def _event_of(
    result: ItemResult, incident: Incident | None, *, policy: Policy, now_ms: int
) -> Event:
    if result.verdict is Verdict.OK:
        return Event.FINE
    if result.verdict is Verdict.UNKNOWN:
        return Event.UNKNOWN
    if incident is None:
        return Event.BAD
    if _is_awake(incident, now_ms):
        return Event.AWAKE
    if result.severity.rises_over(incident.known_severity):
        return Event.WORSE
    return Event.DUE if policy.is_due(incident.told_ms, now_ms) else Event.BAD


def _is_awake(incident: Incident, now_ms: int) -> bool:
    """Say whether a snooze has ended: by its time, or by a clock that was set back.

    One that began in what is now the future would else last for the whole jump.
    """
    until_ms, since_ms = incident.snoozed_until_ms, incident.snoozed_ms
    if until_ms is None:
        return False
    return now_ms >= until_ms or now_ms + SET_BACK_MS < (since_ms or 0)


def _seen(
    before: Incident | None, result: ItemResult, *, tells: bool, now_ms: int
) -> Incident | None:
    """Return the incident with what a run saw of it; only a bad item shows more."""
    if result.verdict is not Verdict.ACTION_NEEDED:
        return before
    seen = Incident.opened(result, now_ms)
    if before is None:
        return seen
    kept = ["opened_ms", "snoozed_until_ms", "snoozed_ms", "was_acknowledged"]
    if not tells:
        kept += ["told_ms", "known_severity"]
    return seen.model_copy(update={name: getattr(before, name) for name in kept})


def _in_state(incident: Incident, state: IncidentState) -> Incident:
    update: dict[str, object] = {"state": state}
    if state is not IncidentState.SNOOZED:
        update |= {
            "snoozed_until_ms": None,
            "snoozed_ms": None,
            "was_acknowledged": False,
        }
    return incident.model_copy(update=update)


def _change_by_person(book: Book, key: str, event: Event, **seen: object) -> Settled:
    incident = _incident(book, key)
    state = TRANSITIONS[incident.state, event].to
    assert state is not None, "a person's word never ends an incident"
    changed = _in_state(incident.model_copy(update=seen), state)
    return Settled(book.but(incidents={**book.incidents, key: changed}))


def _incident(book: Book, key: str) -> Incident:
    incident = book.incidents.get(key)
    if incident is not None:
        return incident
    if key in book.unknowns:
        raise InvalidInput(
            "expected the itemKey of an item that needs action, got"
            f" {key!r}, which could not be judged: that cannot be acknowledged or"
            " snoozed; it ends when the item is judged, switched off or removed"
        )
    known = ", ".join(sorted(book.incidents))
    expected = f"one of {known}" if known else "none is open"
    raise NotFound(f"expected the itemKey of an incident ({expected}), got {key!r}")


def _notices(moves: Sequence[_Move]) -> tuple[Notice, ...]:
    ended = [
        ResolvedItem(item_key=one.item_key, description=one.description, reason=tells)
        for one, tells in moves
        if isinstance(tells, Ending)
    ]
    checks = tuple(
        Check(
            item_key=one.item_key,
            description=one.description,
            details=one.details,
            severity=one.severity,
            state=tells,
            by=one.by,
        )
        for one, tells in moves
        if isinstance(tells, CheckState)
    )
    return (*resolved(Kind.ACTION, ended), *((ActionNeeded(checks),) if checks else ()))
