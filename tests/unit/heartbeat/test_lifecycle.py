"""The table of transitions: whole, and without a way out that nobody is told of."""

import pytest

from heartbeat.lifecycle import TRANSITIONS, Event, IncidentState
from heartbeat.notices import Ending

JUDGED_WITHOUT_INCIDENT = {Event.BAD, Event.FINE, Event.UNKNOWN}
PERSON = {
    Event.ACKNOWLEDGE,
    Event.SNOOZE,
    Event.UNSNOOZE,
    Event.UNSNOOZE_ACKNOWLEDGED,
}
ONLY_ASLEEP = {Event.AWAKE, Event.UNSNOOZE_ACKNOWLEDGED}


@pytest.mark.parametrize("state", IncidentState)
@pytest.mark.parametrize("event", Event)
def test_every_event_has_a_row_in_every_state(
    state: IncidentState, event: Event
) -> None:
    is_impossible = event in ONLY_ASLEEP and state is not IncidentState.SNOOZED

    assert ((state, event) in TRANSITIONS) is not is_impossible


def test_without_an_incident_only_a_verdict_can_happen() -> None:
    events = {event for state, event in TRANSITIONS if state is None}

    assert events == JUDGED_WITHOUT_INCIDENT


def test_an_incident_ends_exactly_when_an_ending_is_told() -> None:
    for (state, event), (to, tells) in TRANSITIONS.items():
        ends = state is not None and to is None
        assert ends is isinstance(tells, Ending), (state, event)


def test_what_is_told_is_open_afterwards_or_over() -> None:
    told = {to for to, tells in TRANSITIONS.values() if tells is not None}

    assert told == {IncidentState.OPEN, None}


def test_unknown_changes_nothing_and_tells_nothing() -> None:
    rows = {key: row for key, row in TRANSITIONS.items() if key[1] is Event.UNKNOWN}

    assert all(row == (state, None) for (state, _), row in rows.items())


def test_a_person_neither_ends_an_incident_nor_is_told() -> None:
    rows = [row for (_, event), row in TRANSITIONS.items() if event in PERSON]

    assert all(to is not None and tells is None for to, tells in rows)
