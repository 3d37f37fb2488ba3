"""What an owner hears of a checklist that cannot be used, and of slots without run."""

from datetime import timedelta

import pytest

from heartbeat.asked import Notify
from heartbeat.instants import to_ms
from heartbeat.notices import ConfigTrouble, Overdue, Resolved
from heartbeat.outages import LateSlots, told_together
from heartbeat.runs import Reason, RunRecord, RunStatus
from tests.unit.heartbeat.troubles import HOUR, NOON, Story, bad, fine, unknown


def missed(first: int, last: int, count: int, why: str = "missed") -> LateSlots:
    return LateSlots(
        why=why, count=count, first=NOON + first * HOUR, last=NOON + last * HOUR
    )


def still_open(slot: int) -> LateSlots:
    at = NOON + slot * HOUR
    return LateSlots(why="no run has finished", first=at, last=at, is_open=True)


def details(story: Story) -> str:
    notice = story.notices[-1]
    assert isinstance(notice, Overdue | ConfigTrouble)
    return notice.checks[0].details


def resolution(story: Story) -> str:
    notice = story.notices[0]
    assert isinstance(notice, Resolved)
    return notice.items[0].description


def test_a_checklist_that_cannot_be_used_is_told_once() -> None:
    story = Story()

    assert story.config_trouble("missing") == ["config None new"]
    assert story.config_trouble("missing") == []


def test_it_says_why_and_on_which_host() -> None:
    story = Story()
    story.config_trouble("missing", "on web-1: no such file")

    assert details(story) == "missing: on web-1: no such file"


def test_another_reason_is_told() -> None:
    story = Story()
    story.config_trouble("missing")

    assert story.config_trouble("not_utf8") == ["config None ongoing"]
    assert story.config_trouble("not_utf8") == []


def test_it_is_told_again_when_the_repeat_has_passed() -> None:
    story = Story()
    story.config_trouble("missing")
    story.wait(4 * HOUR)

    assert story.config_trouble("missing") == ["config None ongoing"]
    assert story.config_trouble("missing") == []


@pytest.mark.parametrize("notify", Notify)
def test_an_empty_checklist_is_told_when_it_becomes_so_and_never_again(
    notify: Notify,
) -> None:
    story = Story(notify=notify)

    assert story.config_trouble(Reason.EMPTY) == ["config None new"]
    story.wait(4 * HOUR)
    assert story.config_trouble(Reason.EMPTY) == []


def test_the_next_run_that_reads_the_checklist_resolves_it() -> None:
    story = Story()
    story.config_trouble("missing")

    assert story.run(fine()) == ["config None recovered"]
    assert resolution(story) == "The checklist cannot be used: missing"
    assert story.run(fine()) == []


def test_incidents_and_counts_keep_their_state_meanwhile() -> None:
    story = Story()
    story.run(bad("disk"), unknown("http"))
    before = story.book

    story.config_trouble("missing")

    assert story.book.incidents == before.incidents
    assert story.book.unknowns == before.unknowns
    assert story.run(bad("disk"), unknown("http")) == [
        "config None recovered",
        "degraded http new",
    ]


def test_overdue_slots_are_told_with_count_and_range() -> None:
    story = Story()

    assert story.overdue(missed(0, 2, 3, "missed, no_worker")) == ["overdue None new"]
    assert details(story) == (
        "3, 2026-11-24T12:00:00.000Z to 2026-11-24T14:00:00.000Z: missed, no_worker"
    )


def test_one_slot_is_told_by_its_instant() -> None:
    story = Story()
    story.overdue(missed(0, 0, 1, "lost"))

    assert details(story) == "1, 2026-11-24T12:00:00.000Z: lost"


def test_slots_of_several_fates_are_told_in_one_with_all_their_reasons() -> None:
    story = Story()

    assert story.overdue(missed(0, 2, 3), missed(3, 3, 1, "lost")) == [
        "overdue None new"
    ]
    assert details(story) == (
        "4, 2026-11-24T12:00:00.000Z to 2026-11-24T15:00:00.000Z: missed; lost"
    )


def test_no_slots_are_no_trouble() -> None:
    assert Story().overdue() == []


def test_what_follows_is_added_up_and_told_after_the_repeat() -> None:
    story = Story()
    story.overdue(missed(0, 0, 1))

    assert story.overdue(missed(1, 2, 2)) == []
    story.wait(4 * HOUR)
    assert story.overdue(missed(3, 3, 1)) == ["overdue None ongoing"]
    assert details(story).startswith("4, 2026-11-24T12:00:00.000Z to")


@pytest.mark.parametrize(("hours", "told"), [(1, []), (24, ["overdue None ongoing"])])
def test_what_was_told_by_a_clock_that_is_set_back_does_not_silence_for_long(
    hours: int, told: list[str]
) -> None:
    story = Story()
    story.overdue(missed(0, 0, 1))
    story.wait(-hours * HOUR)

    assert story.overdue(missed(1, 1, 1)) == told


def test_every_run_does_not_speed_up_what_no_run_tells() -> None:
    story = Story(notify=Notify.EVERY_RUN)
    story.overdue(missed(0, 0, 1))

    assert story.overdue(missed(1, 1, 1)) == []


def test_a_finished_run_resolves_it_and_says_all_that_was_added() -> None:
    story = Story()
    story.overdue(missed(0, 0, 1))
    story.overdue(missed(1, 2, 2))

    assert story.run(fine()) == ["overdue None recovered"]
    assert resolution(story) == (
        "Slots without a finished run:"
        " 3, 2026-11-24T12:00:00.000Z to 2026-11-24T14:00:00.000Z"
    )


def test_the_end_of_what_was_told_together_is_left_to_who_told_it() -> None:
    story = Story()
    story.overdue(missed(0, 0, 1))
    story.book = told_together(story.book)
    story.overdue(missed(1, 1, 1))

    assert story.run(fine()) == []
    assert story.book.overdue is None


def test_what_is_told_again_is_told_alone_until_it_is_said_otherwise() -> None:
    story = Story()
    story.overdue(missed(0, 0, 1))
    story.book = told_together(story.book)
    story.wait(4 * HOUR)
    story.overdue(missed(1, 1, 1))

    assert story.run(fine()) == ["overdue None recovered"]


def test_a_run_that_could_not_use_its_checklist_did_take_place() -> None:
    story = Story()
    story.config_trouble("missing")
    story.overdue(missed(0, 0, 1))

    assert story.config_trouble("missing") == ["overdue None recovered"]
    assert story.book.config is not None


def test_a_slot_told_while_open_is_not_counted_again_by_its_record() -> None:
    story = Story()
    story.overdue(still_open(0))
    story.overdue(still_open(0))
    story.overdue(missed(0, 3, 4))

    assert story.book.overdue is not None
    assert story.book.overdue.count == 4


def test_an_open_slot_and_the_next_are_counted_once() -> None:
    story = Story()

    def count() -> int:
        assert story.book.overdue
        return story.book.overdue.count

    for _ in range(3):
        story.overdue(still_open(0), still_open(1))
        assert count() == 2
    story.overdue(missed(0, 0, 1))
    assert count() == 2
    story.overdue(missed(1, 3, 3))
    assert count() == 4
    assert story.run(fine()) == ["overdue None recovered"]


def test_records_of_other_sorts_may_lie_between() -> None:
    story = Story()
    story.overdue(still_open(1))
    story.overdue(missed(2, 4, 2))
    story.overdue(missed(1, 1, 1, "lost"))
    story.overdue(missed(3, 3, 1, "lost"))

    assert story.book.overdue is not None
    assert story.book.overdue.count == 4
    assert story.book.overdue.open_ms is None


def test_deletion_ends_both() -> None:
    story = Story()
    story.config_trouble("missing")
    story.overdue(missed(0, 0, 1))

    assert story.delete() == ["overdue None removed", "config None removed"]
    assert story.delete() == []


@pytest.mark.parametrize(
    ("count", "length"), [(0, timedelta(0)), (1, -HOUR)], ids=["none", "backwards"]
)
def test_late_slots_are_some_and_in_order(count: int, length: timedelta) -> None:
    with pytest.raises(ValueError, match="expected at least one slot"):
        LateSlots(why="missed", count=count, first=NOON, last=NOON + length)


def test_a_record_of_several_slots_gives_their_range() -> None:
    record = RunRecord(
        run_id="hb-1@x",
        slot_ms=to_ms(NOON + HOUR),
        status=RunStatus.MISSED,
        reason=Reason.BEAT_AWAY,
        count=2,
        from_ms=to_ms(NOON),
        to_ms=to_ms(NOON + HOUR),
    )

    assert LateSlots.of(record) == missed(0, 1, 2, "missed, beat_away")


def test_a_record_of_one_slot_gives_it() -> None:
    record = RunRecord(run_id="hb-1@x", slot_ms=to_ms(NOON), status=RunStatus.LOST)

    assert LateSlots.of(record) == missed(0, 0, 1, "lost")
