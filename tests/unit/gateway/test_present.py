"""What is open of a heartbeat, as a client sees it."""

from datetime import datetime, timedelta

import pytest

from gateway import present
from heartbeat.checklist import parse_checklist
from heartbeat.errors import InvalidInput, NotFound
from heartbeat.instants import from_text, to_ms
from heartbeat.outages import LateSlots
from heartbeat.store.heartbeats import Stored
from heartbeat.verdict import Cause
from heartbeat.views import IncidentView
from tests.unit.heartbeat.troubles import HOUR, NOON, Story, bad, fine, unknown
from tests.unit.store.ledger import a_config


def a_stored(
    story: Story, *, every: float = 60, next_slot: datetime | None = None
) -> Stored:
    return Stored(
        config=a_config(every=every), version=1, paused_at=None, next_slot=next_slot,
        running=False, book=story.book, revision=1,
    )  # fmt: skip


def shown(story: Story) -> list[IncidentView]:
    stored = a_stored(story)
    views = list(present.incidents(stored))
    assert present.heartbeat(stored, None).open_incidents == len(views)
    return views


def test_an_item_that_needs_action_is_open() -> None:
    story = Story()
    story.run(bad())
    (view,) = shown(story)
    assert (view.kind, view.item_key, view.state) == ("action", "disk", "open")


def test_an_item_that_cannot_be_judged_is_open_with_its_cause() -> None:
    story = Story()
    story.run(unknown(cause=Cause.NO_MODEL, details=""))
    (view,) = shown(story)
    assert (view.kind, view.item_key, view.state) == ("degraded", "disk", "open")
    assert view.details == "unknown: no_model"
    assert view.since == "2026-11-24T12:00:00.000Z"


def test_a_failure_that_was_not_told_yet_is_not_open() -> None:
    story = Story()
    story.run(unknown())
    assert shown(story) == []


def test_one_item_may_be_bad_and_not_judged_since() -> None:
    story = Story()
    story.run(bad())
    story.run(unknown(cause=Cause.NO_MODEL))
    assert [one.kind for one in shown(story)] == ["action", "degraded"]


def test_trouble_of_the_whole_heartbeat_names_no_item() -> None:
    story = Story()
    story.config_trouble("file_missing")
    story.overdue(LateSlots(why="missed", first=NOON - HOUR, last=NOON - HOUR))
    config, overdue = shown(story)
    assert (config.kind, config.item_key) == ("config", None)
    assert config.details == "file_missing: on web-1: no"
    assert (overdue.kind, overdue.item_key) == ("overdue", None)
    assert overdue.details == "1, 2026-11-24T11:00:00.000Z: missed"


def test_nothing_is_open_when_all_is_over() -> None:
    story = Story()
    story.run(unknown(cause=Cause.NO_MODEL))
    story.config_trouble("file_missing")
    story.run(fine())
    assert shown(story) == []


def test_what_was_not_judged_cannot_be_silenced_and_says_what_ends_it() -> None:
    story = Story()
    story.run(unknown(cause=Cause.NO_MODEL))
    with pytest.raises(InvalidInput, match=r"'disk'.* ends when the item is judged"):
        story.acknowledge()
    with pytest.raises(InvalidInput, match="cannot be acknowledged or snoozed"):
        story.snooze(timedelta(hours=1))


@pytest.mark.parametrize(
    ("open_ones", "expected"), [(["b", "a"], "one of a, b"), ([], "none is open")]
)
def test_an_item_without_incident_is_refused_in_words(
    open_ones: list[str], expected: str
) -> None:
    story = Story()
    story.run(*(bad(key) for key in open_ones))
    with pytest.raises(NotFound, match=f"{expected}.*, got 'c'"):
        story.acknowledge("c")


ITEMS = parse_checklist("- [ ] a\n- [ ] b {#b every=4h}\n").items


def test_an_item_with_a_cadence_of_its_own_has_its_slots_ahead() -> None:
    stored = a_stored(Story(), next_slot=NOON)
    of_every_run, paced = present.items(ITEMS, stored)
    assert of_every_run.next_runs == ()
    # It was never judged, so it is at once; later ones are where its marks are.
    hours = [from_text(slot) - NOON for slot in paced.next_runs]
    assert hours[0] == timedelta(0)
    assert hours[2] - hours[1] == 4 * HOUR


def test_an_item_that_was_judged_waits_for_its_mark() -> None:
    story = Story()
    story.book = story.book.but(judged={"b": to_ms(NOON)})
    stored = a_stored(story, next_slot=NOON + HOUR)
    _, paced = present.items(ITEMS, stored)
    assert from_text(paced.next_runs[0]) == NOON + 4 * HOUR


def test_without_a_next_slot_no_item_has_one() -> None:
    _, paced = present.items(ITEMS, a_stored(Story()))
    assert paced.next_runs == ()
