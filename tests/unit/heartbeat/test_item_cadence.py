"""Items with an `every`: judged once for each mark, whatever became of the slots."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, islice

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heartbeat.book import Book
from heartbeat.cadence import Cadence
from heartbeat.checklist import Item, parse_checklist
from heartbeat.hours import ActiveHours
from heartbeat.incidents import settle_run
from heartbeat.instants import EPOCH, to_ms
from heartbeat.item_cadence import (
    coming_slots,
    due_items,
    remember_judged,
    slots_ahead,
)
from heartbeat.notices import Policy
from heartbeat.verdict import ItemResult
from tests.unit.heartbeat.troubles import (
    HOUR,
    IN_GAPS_ONLY,
    NOON,
    Story,
    bad,
    fine,
    unknown,
)

MINUTE = timedelta(minutes=1)


def an_item(every: str = "4h", key: str = "disk") -> Item:
    braces = f"{{#{key} every={every}}}" if every else f"{{#{key}}}"
    return parse_checklist(f"- [ ] The {key} {braces}").items[0]


def every(minutes: float, hours: ActiveHours | None = None) -> Cadence:
    return Cadence.every(
        minutes * MINUTE, heartbeat_id="hb-1", align_clock=True, hours=hours
    )


class Runs:
    """One item's runs, settled as a worker would."""

    def __init__(self, item: Item, *, align_clock: bool = True) -> None:
        self.item, self.align_clock = item, align_clock
        self.book = Book()

    def is_due(self, slot: datetime, *, manual: bool = False) -> bool:
        due = due_items(
            [self.item],
            slot=slot,
            manual=manual,
            book=self.book,
            align_clock=self.align_clock,
        )
        return due == (self.item,)

    def run(
        self, slot: datetime, result: ItemResult | None = None, *, manual: bool = False
    ) -> bool:
        """Judge the item if it is due, and say whether it was."""
        is_due = self.is_due(slot, manual=manual)
        results = [result or fine()] if is_due else []
        settled = settle_run(
            self.book,
            results,
            present={"disk"},
            disabled=(),
            policy=Policy(notify=Story().policy.notify, repeat=HOUR),
            now=slot,
        )
        self.book = remember_judged(settled.book, results, paced={"disk"}, slot=slot)
        return is_due

    def slots_that_judge(self, first: datetime, step: timedelta) -> list[float]:
        """Return the hours after the first slot at which it is judged, of a day."""
        slots = [first + n * step for n in range(timedelta(days=1) // step)]
        return [(slot - first) / HOUR for slot in slots if self.run(slot)]


def test_an_item_without_every_is_judged_at_every_slot() -> None:
    runs = Runs(an_item(""))
    assert len(runs.slots_that_judge(NOON, HOUR)) == 24


def test_an_item_that_was_never_judged_is_due_at_once() -> None:
    assert Runs(an_item("365d")).is_due(NOON)


def test_then_it_is_judged_once_for_each_mark_at_the_first_slot_from_it() -> None:
    half = HOUR / 2
    hours = Runs(an_item("4h")).slots_that_judge(NOON, half)
    assert hours == [0, 4, 8, 12, 16, 20]
    hours = Runs(an_item("12h")).slots_that_judge(NOON + 7 * MINUTE, HOUR)
    assert hours == [0, 12]
    # No multiple of the interval: marks at 0:40, 1:30, 2:20, 3:10, 4:00, 4:50.
    hours = Runs(an_item("50m")).slots_that_judge(NOON, half)
    assert hours[:7] == [0, 1, 1.5, 2.5, 3.5, 4, 5]


def test_an_every_below_the_interval_is_every_slot() -> None:
    assert len(Runs(an_item("5m")).slots_that_judge(NOON, HOUR)) == 24


def test_phases_spread_items_unless_the_clock_is_wanted() -> None:
    def second(key: str) -> float:
        item = an_item("12h", key)
        slots = coming_slots(item, every(1), after=NOON, align_clock=False)
        return (next(slots) - NOON) / HOUR

    hours = [second(f"item-{n}") for n in range(200)]
    counts = [sum(int(hour) == n for hour in hours) for n in range(12)]
    assert min(counts) > 5
    aligned = coming_slots(an_item("12h"), every(1), after=NOON, align_clock=True)
    assert next(aligned) == NOON + 12 * HOUR


def test_a_slot_that_nobody_ran_costs_no_item_its_turn() -> None:
    runs = Runs(an_item("1d"))
    runs.run(NOON)
    midnight = NOON + 12 * HOUR
    assert not runs.run(midnight - 5 * MINUTE)
    # The slots of midnight and the hour after it are missed.
    assert runs.run(midnight + 65 * MINUTE)
    assert not runs.run(midnight + 70 * MINUTE)


def test_a_mark_between_the_slot_and_its_judgement_is_not_lost() -> None:
    runs = Runs(an_item("1h"))
    slot = NOON + 59 * MINUTE
    runs.run(slot)  # and it was judged two minutes later
    assert runs.run(slot + 5 * MINUTE)


def test_a_run_by_hand_judges_all_and_takes_no_turn() -> None:
    runs = Runs(an_item("4h"))
    runs.run(NOON)
    assert runs.run(NOON + MINUTE, manual=True)
    assert not runs.run(NOON + 5 * MINUTE)
    assert runs.run(NOON + 4 * HOUR)


def test_what_could_not_be_judged_is_tried_again_soon_then_less_and_less() -> None:
    runs = Runs(an_item("1d"))
    tried = [
        minutes
        for minutes in range(0, 300, 5)
        if runs.run(NOON + minutes * MINUTE, unknown())
    ]
    assert tried == [0, 5, 10, 20, 40, 75, 140, 205, 270]
    assert runs.run(NOON + 335 * MINUTE, fine())
    assert not runs.run(NOON + 340 * MINUTE)


def test_what_keeps_failing_still_has_its_turns() -> None:
    runs = Runs(an_item("10m"))
    for minutes in range(0, 60, 10):
        assert runs.run(NOON + minutes * MINUTE, unknown())


def test_trouble_keeps_the_items_own_cadence() -> None:
    runs = Runs(an_item("4h"))
    runs.run(NOON, bad())
    assert not runs.run(NOON + HOUR)
    assert list(runs.book.incidents) == ["disk"]
    assert runs.run(NOON + 4 * HOUR)
    assert not runs.book.incidents


def test_a_clock_that_was_set_back_makes_nothing_wait() -> None:
    runs = Runs(an_item("1h"))
    runs.run(NOON + timedelta(days=30))
    assert runs.run(NOON)


def test_what_has_no_cadence_of_its_own_is_not_remembered() -> None:
    book = Book(judged={"gone": to_ms(NOON), "disk": to_ms(NOON)})
    later = NOON + HOUR
    book = remember_judged(
        book, [fine("http"), fine("load")], paced={"disk", "load"}, slot=later
    )
    assert book.judged == {"disk": to_ms(NOON), "load": to_ms(later)}


periods = st.sampled_from(["1m", "7m", "50m", "4h", "1d"])


@given(
    periods,
    st.integers(1, 120),
    st.booleans(),
    st.lists(st.sampled_from(["run", "run", "missed", "unknown"]), max_size=80),
)
@example("1d", 5, True, ["run", "missed", "run"])
@settings(max_examples=60, deadline=None)
def test_no_item_goes_unjudged_past_a_mark(
    text: str, interval: int, align_clock: bool, fates: list[str]
) -> None:
    item = an_item(text)
    assert item.every is not None
    runs = Runs(item, align_clock=align_clock)
    by_minute = every(1)
    judged: datetime | None = None
    for n, fate in enumerate(fates):
        slot = NOON + n * interval * MINUTE
        if fate == "missed":
            continue
        was_judged = runs.run(slot, unknown() if fate == "unknown" else fine())
        if was_judged and fate == "run":
            judged = slot
        if judged is None or judged == slot:
            continue
        # Not judged: there was no mark since the judgement.
        marks = coming_slots(item, by_minute, after=judged, align_clock=align_clock)
        if fate == "run":
            assert next(marks) > slot


@given(periods, st.integers(1, 300), st.booleans(), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_the_slots_ahead_are_those_that_will_judge_it(
    text: str, interval: int, align_clock: bool, minutes: int
) -> None:
    item, cadence = an_item(text), every(interval)
    runs, after = Runs(item, align_clock=align_clock), NOON + minutes * MINUTE
    slot = cadence.last_slot(after, not_before=EPOCH)
    assert slot is not None
    runs.run(slot)
    ahead = coming_slots(item, cadence, after=after, align_clock=align_clock)
    for expected in islice(ahead, 3):
        while slot < expected:
            following = cadence.next_slot(slot)
            assert following is not None
            slot = following
            assert runs.run(slot) is (slot == expected)


@given(
    periods,
    st.sampled_from([1, 5, 30, 300]),
    st.booleans(),
    st.lists(st.sampled_from(["run", "missed", "unknown"]), max_size=12),
)
@example("1d", 1, True, ["unknown"] * 8)
@settings(max_examples=60, deadline=None)
def test_what_is_known_of_an_item_gives_exactly_the_slots_that_will_judge_it(
    text: str, interval: int, align_clock: bool, fates: list[str]
) -> None:
    item, cadence = an_item(text), every(interval)
    runs, grid = Runs(item, align_clock=align_clock), slots_after(cadence, NOON)
    for slot, fate in zip(grid, fates, strict=False):
        if fate != "missed":
            runs.run(slot, unknown() if fate == "unknown" else fine())
    first = next(grid)
    ahead = slots_ahead(
        item, cadence, first=first, book=runs.book, align_clock=align_clock
    )
    judging = (slot for slot in chain([first], grid) if runs.run(slot))
    assert list(islice(ahead, 3)) == list(islice(judging, 3))


def slots_after(cadence: Cadence, instant: datetime) -> Iterator[datetime]:
    slot = cadence.next_slot(instant)
    while slot is not None:
        yield slot
        slot = cadence.next_slot(slot)


def test_a_slot_ahead_that_nothing_follows_is_the_last() -> None:
    book = Book(judged={"disk": to_ms(NOON)})
    ahead = slots_ahead(
        an_item(), IN_GAPS_ONLY, first=NOON, book=book, align_clock=True
    )
    assert list(ahead) == []


def test_the_slots_ahead_keep_the_hours() -> None:
    office = ActiveHours.parse({"start": "08:00", "end": "18:00"}, timezone="UTC")
    ahead = coming_slots(an_item("4h"), every(30, office), after=NOON, align_clock=True)
    assert [slot.hour for slot in islice(ahead, 4)] == [16, 8, 12, 16]


@pytest.mark.parametrize("text", ["", "1m"])
def test_an_item_of_every_slot_has_all_of_them_ahead(text: str) -> None:
    ahead = coming_slots(an_item(text), every(30), after=NOON, align_clock=True)
    assert list(islice(ahead, 2)) == [NOON + HOUR / 2, NOON + HOUR]


def test_there_may_be_no_slot_ahead() -> None:
    ahead = coming_slots(an_item(), IN_GAPS_ONLY, after=NOON, align_clock=True)
    assert list(ahead) == []
