"""What is remembered survives storing, and what cannot be read is refused."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartbeat.book import Book, Settled, load_book
from heartbeat.errors import BadRecord
from heartbeat.instants import from_ms
from heartbeat.notices import Ending, Kind, Overdue, Resolved, ResolvedItem
from heartbeat.outages import LateSlots
from tests.unit.heartbeat.troubles import HOUR, Story, bad, unknown


def a_full_book() -> Book:
    story = Story()
    story.run(bad("disk"), bad("load"), unknown("http"))
    story.run(unknown("http"))
    story.snooze(HOUR, "load")
    story.overdue(LateSlots(why="lost", first=story.now, last=story.now, is_open=True))
    return story.book.but(config=_config_of(story))


def _config_of(story: Story) -> object:
    other = Story()
    other.now = story.now
    other.config_trouble("missing")
    return other.book.config


def test_a_book_is_the_same_when_it_was_stored() -> None:
    book = a_full_book()

    assert load_book(book.dump()) == book
    assert load_book(book.dump().encode()) == book


def test_its_text_is_json_in_camel_case_with_its_version() -> None:
    stored = json.loads(a_full_book().dump())

    assert stored["v"] == 1
    assert stored["incidents"]["load"]["snoozedUntilMs"] > 0
    assert "snoozedUntilMs" not in stored["incidents"]["disk"]


def test_an_empty_book_remembers_nothing() -> None:
    assert Book().dump() == '{"v":1,"incidents":{},"unknowns":{}}'


def changed(**fields: object) -> str:
    return json.dumps(json.loads(a_full_book().dump()) | fields)


def changed_incident(**fields: object) -> str:
    stored = json.loads(a_full_book().dump())
    stored["incidents"]["disk"] |= fields
    return json.dumps(stored)


def test_it_keeps_when_items_were_judged() -> None:
    book = Book(judged={"disk": 1_795_536_000_000})

    assert json.loads(book.dump())["judged"] == {"disk": 1_795_536_000_000}
    assert load_book(book.dump()) == book


BAD_BOOKS = {
    "another version": (changed(v=2), "v: expected 1, got 2"),
    "not JSON": ("{", "expected valid JSON"),
    "not a record": ("[]", "got \\[\\]"),
    "an unknown field": (changed(mood="good"), "mood: expected no such field"),
    "an unknown state": (changed_incident(state="angry"), "got 'angry'"),
    "an unknown severity": (changed_incident(severity="mild"), "got 'mild'"),
    "asleep without end": (changed_incident(state="snoozed"), "got None while"),
    "awake with a memory": (
        changed_incident(wasAcknowledged=True),
        "wasAcknowledged only while snoozed",
    ),
    "awake with an end": (changed_incident(snoozedUntilMs=5), "got 5 while 'open'"),
    "under another key": (changed_incident(itemKey="dns"), "got \\['dns', 'load'"),
    "before 1970": (changed_incident(openedMs=-1), "openedMs: expected .*got -1"),
    "judged before 1970": (changed(judged={"disk": -1}), "judged.disk: expected"),
    "after 9999": (changed_incident(toldMs=10**15), "toldMs: expected"),
}


@pytest.mark.parametrize(("text", "says"), BAD_BOOKS.values(), ids=BAD_BOOKS.keys())
def test_what_is_not_a_book_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadRecord, match=says):
        load_book(text)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_a_book_or_refused(text: bytes | str) -> None:
    with suppress(BadRecord):
        load_book(text)


def test_a_later_change_adds_its_notices_and_has_the_last_book() -> None:
    first = Book()
    second = a_full_book()
    ended = ResolvedItem(item_key="disk", description="The disk", reason=Ending.REMOVED)
    late = Overdue(())

    both = Settled(first, (late,)).then(
        Settled(second, (Resolved(Kind.ACTION, (ended,)),))
    )

    assert both.book == second
    assert both.notices == (Resolved(Kind.ACTION, (ended,)), late)


def test_endings_of_one_kind_are_one_notice() -> None:
    disk = ResolvedItem(item_key="disk", description="The disk", reason=Ending.REMOVED)
    load = ResolvedItem(item_key="load", description="The load", reason=Ending.DISABLED)
    first = Settled(Book(), (Resolved(Kind.ACTION, (disk,)),))

    both = first.then(Settled(Book(), (Resolved(Kind.ACTION, (load,)),)))

    assert both.notices == (Resolved(Kind.ACTION, (disk, load)),)


def test_the_last_instant_that_can_be_stored_can_be_shown() -> None:
    book = load_book(changed_incident(openedMs=253_402_300_799_999))

    assert from_ms(book.incidents["disk"].opened_ms).year == 9999
