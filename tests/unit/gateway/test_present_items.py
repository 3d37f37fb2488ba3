"""What is known of items, as a client sees it."""

from datetime import datetime, timedelta

from gateway.present_items import items
from heartbeat.book import Book
from heartbeat.checklist import parse_checklist
from heartbeat.compiled import (
    FULL_CHECK_RUNS,
    LIFE,
    LONGEST_LIFE,
    CompiledItem,
    CompiledItems,
    digest_of,
)
from heartbeat.instants import from_text, to_ms, to_text
from heartbeat.store.stored import Stored
from heartbeat.views import CompilationView, ItemView
from tests.unit.heartbeat.troubles import HOUR, NOON
from tests.unit.store.ledger import a_config

EVERY_RUN, PACED = parse_checklist("- [ ] a\n- [ ] b {#b every=4h}\n").items
RULE = "disk / used_percent < 90%"


def a_stored(*, next_slot: datetime | None = None, book: Book | None = None) -> Stored:
    return Stored(
        config=a_config(), version=1, paused_at=None, next_slot=next_slot,
        running=False, book=book or Book(), revision=1,
    )  # fmt: skip


def next_runs_of_paced(stored: Stored) -> list[timedelta]:
    (view,) = items([PACED], stored, now=NOON)
    return [from_text(slot) - NOON for slot in view.next_runs]


def test_an_item_with_a_cadence_of_its_own_has_its_slots_ahead() -> None:
    # It was never judged, so it is at once; later ones are where its marks are.
    assert next_runs_of_paced(a_stored(next_slot=NOON)) == [
        0 * HOUR,
        4 * HOUR,
        8 * HOUR,
    ]


def test_an_item_that_was_judged_waits_for_its_mark() -> None:
    book = Book(judged={"b": to_ms(NOON)})
    stored = a_stored(next_slot=NOON + HOUR, book=book)
    assert next_runs_of_paced(stored) == [4 * HOUR, 8 * HOUR, 12 * HOUR]


def test_without_a_next_slot_no_item_has_one() -> None:
    assert next_runs_of_paced(a_stored()) == []


def test_an_item_of_every_run_has_none_of_its_own() -> None:
    (view,) = items([EVERY_RUN], a_stored(next_slot=NOON), now=NOON)
    assert view.next_runs == ()


def shown(known: CompiledItem, *, now: datetime = NOON) -> ItemView:
    compiled = CompiledItems(items={EVERY_RUN.key: known})
    (view,) = items([EVERY_RUN], a_stored(), now=now, compiled=compiled)
    return view


def known_of(*probes: str, **fields: object) -> CompiledItem:
    return CompiledItem(
        item=digest_of(EVERY_RUN),
        made_with="m",
        probes=probes,
        why="its words",
        made_ms=to_ms(NOON),
        tried_ms=to_ms(NOON),
        until_ms=to_ms(NOON + LIFE),
    ).but(**fields)


def test_a_rule_is_shown_with_its_age_and_the_runs_until_a_model_looks() -> None:
    view = shown(known_of(RULE, runs=3))
    assert view.compiled == (RULE,)
    assert view.compilation == CompilationView(
        why="its words",
        made_at=to_text(NOON),
        until=to_text(NOON + LIFE),
        runs_to_full_check=FULL_CHECK_RUNS - 3,
    )


def test_a_rule_that_a_model_doubts_is_looked_at_in_the_next_run() -> None:
    compilation = shown(known_of(RULE, suffices=False)).compilation
    assert compilation is not None
    assert (compilation.suffices, compilation.runs_to_full_check) == (False, 1)


def test_an_item_without_a_rule_says_why() -> None:
    view = shown(known_of())
    assert view.compiled == ()
    assert view.compilation is not None
    assert (view.compilation.why, view.compilation.runs_to_full_check) == (
        "its words",
        None,
    )


def test_a_rule_that_is_too_old_to_judge_is_not_shown() -> None:
    view = shown(known_of(RULE), now=NOON + LONGEST_LIFE)
    assert view.compiled == ()


def test_nothing_is_known_of_an_item_that_was_written_anew() -> None:
    view = shown(known_of(RULE, item="of other words"))
    assert (view.compiled, view.compilation) == ((), None)
