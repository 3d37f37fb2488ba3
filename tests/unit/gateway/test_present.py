"""What is open of a heartbeat, as a client sees it."""

from datetime import timedelta

import pytest

from gateway import present
from heartbeat.errors import InvalidInput, NotFound
from heartbeat.outages import LateSlots
from heartbeat.runs import finished_run
from heartbeat.store.stored import Stored
from heartbeat.verdict import Cause
from heartbeat.views import IncidentView
from tests.unit.heartbeat.troubles import HOUR, NOON, Story, bad, fine, unknown
from tests.unit.store.ledger import a_config


def a_stored(story: Story) -> Stored:
    return Stored(
        config=a_config(), version=1, paused_at=None, next_slot=None, running=False,
        book=story.book, revision="1",
    )  # fmt: skip


def shown(story: Story) -> list[IncidentView]:
    stored = a_stored(story)
    views = list(present.incidents(stored))
    assert present.heartbeat(stored, None).open_incidents == len(views)
    return views


def test_a_list_counts_the_items_of_the_last_run_and_shows_none() -> None:
    record = finished_run(
        "r1", [bad(), bad("mail"), fine("site")],
        slot=NOON, started=NOON, finished=NOON, host="one",
    )  # fmt: skip
    stored = a_stored(Story())
    listed = present.listed(stored, record).last_run
    assert listed is not None
    assert (listed.run_id, listed.status) == ("r1", "alert")
    assert listed.counts == {"action_needed": 2, "ok": 1}
    assert "items" not in listed.model_dump()
    whole = present.heartbeat(stored, record).last_run
    assert whole is not None
    assert len(whole.items) == 3


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
