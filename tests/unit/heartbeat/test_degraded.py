"""What an owner hears of items that could not be judged."""

import pytest

from heartbeat.asked import Notify
from heartbeat.degraded import CAUSE_CLASSES
from heartbeat.notices import Degraded
from heartbeat.verdict import MAX_DETAILS, By, Cause, ItemResult
from tests.unit.heartbeat.troubles import HOUR, Story, bad, fine, unknown

PASSING = [cause for cause in Cause if not cause.is_permanent]
PERMANENT = [cause for cause in Cause if cause.is_permanent]


def degraded_story(*keys: str, cause: Cause = Cause.PROBE_FAILED) -> Story:
    story = Story()
    story.run(*(unknown(key, cause) for key in keys))
    assert len(story.run(*(unknown(key, cause) for key in keys))) == len(keys)
    return story


def test_every_cause_is_in_one_class() -> None:
    members = [cause for group in CAUSE_CLASSES for cause in group]

    assert sorted(members) == sorted(Cause)


@pytest.mark.parametrize("cause", PASSING)
def test_a_passing_cause_is_told_at_the_second_unknown_in_a_row(cause: Cause) -> None:
    story = Story()

    assert story.run(unknown("http", cause)) == []
    assert story.run(unknown("http", cause)) == ["degraded http new"]
    assert story.run(unknown("http", cause)) == []


@pytest.mark.parametrize("cause", PERMANENT)
def test_a_permanent_cause_is_told_at_the_first(cause: Cause) -> None:
    assert Story().run(unknown("http", cause)) == ["degraded http new"]


def test_with_the_next_slot_far_away_the_first_is_told() -> None:
    assert Story(next_slot_far=True).run(unknown()) == ["degraded disk new"]


@pytest.mark.parametrize("judged", [fine(), bad()], ids=["ok", "action_needed"])
def test_a_verdict_in_between_begins_the_count_anew(judged: ItemResult) -> None:
    story = Story()
    story.run(unknown())
    story.run(judged)

    assert story.run(unknown()) == []
    assert story.run(unknown()) == ["degraded disk new"]


def test_each_item_is_counted_for_itself() -> None:
    story = Story()
    story.run(unknown("http"), fine("dns"))

    assert story.run(unknown("http"), unknown("dns")) == ["degraded http new"]


def test_all_items_are_told_in_one_notice() -> None:
    story = Story()
    story.run(unknown("http"), unknown("dns"))
    story.run(unknown("http"), unknown("dns"))

    (notice,) = story.notices
    assert isinstance(notice, Degraded)
    assert [check.item_key for check in notice.checks] == ["http", "dns"]


def test_an_item_that_joins_is_told_with_the_others() -> None:
    story = degraded_story("http")
    story.run(unknown("http"), unknown("dns"))

    told = story.run(unknown("http"), unknown("dns"))

    assert told == ["degraded http ongoing", "degraded dns new"]


def test_a_cause_of_another_class_is_told() -> None:
    story = degraded_story("http", cause=Cause.DEADLINE)

    assert story.run(unknown("http", Cause.MODEL_AUTH)) == ["degraded http ongoing"]
    assert story.run(unknown("http", Cause.MODEL_AUTH)) == []


def test_a_cause_of_a_class_that_was_told_is_not_told_again() -> None:
    story = degraded_story("http", cause=Cause.DEADLINE)
    story.run(unknown("http", Cause.MODEL_AUTH))

    assert story.run(unknown("http", Cause.TRUNCATED)) == []
    assert story.run(unknown("http", Cause.MODEL_REJECTED)) == []


def test_a_class_told_for_one_item_is_no_news_for_another() -> None:
    story = Story()
    results = (unknown("http", Cause.DEADLINE), unknown("dns", Cause.PROBE_FAILED))
    story.run(*results)
    story.run(*results)

    told = story.run(results[0], unknown("dns", Cause.STEP_CAP))

    assert told == []


def test_it_is_told_again_when_the_repeat_has_passed() -> None:
    story = degraded_story("http")
    story.wait(4 * HOUR)

    assert story.run(unknown("http")) == ["degraded http ongoing"]
    assert story.run(unknown("http")) == []


def test_every_run_tells_at_each_run() -> None:
    story = Story(notify=Notify.EVERY_RUN)
    story.run(unknown("http"))

    assert story.run(unknown("http")) == ["degraded http new"]
    assert story.run(unknown("http")) == ["degraded http ongoing"]


@pytest.mark.parametrize("notify", Notify)
@pytest.mark.parametrize("cause", [Cause.NO_MODEL, Cause.NOT_READ])
def test_what_only_an_edit_mends_is_told_once_and_never_repeated(
    notify: Notify, cause: Cause
) -> None:
    story = Story(notify=notify)
    story.run(unknown("http", cause))

    for _ in range(50):
        story.wait(HOUR)
        assert story.run(unknown("http", cause)) == []


def test_no_model_is_not_repeated_with_others_that_are() -> None:
    story = Story()
    results = unknown("http", Cause.NO_MODEL), unknown("dns", Cause.PROBE_FAILED)
    story.run(*results)

    joined = story.run(*results)
    story.wait(4 * HOUR)
    repeated = story.run(*results)

    assert joined == ["degraded dns new"]
    assert repeated == ["degraded dns ongoing"]


def test_an_item_that_joins_without_a_model_is_told_alone() -> None:
    story = Story()
    story.run(unknown("http", Cause.NO_MODEL))

    told = story.run(unknown("http", Cause.NO_MODEL), unknown("dns", Cause.NO_MODEL))

    assert told == ["degraded dns new"]


def test_a_key_that_does_not_work_is_news_after_no_model() -> None:
    story = Story()
    story.run(unknown("http", Cause.NO_MODEL))

    assert story.run(unknown("http", Cause.MODEL_AUTH)) == ["degraded http ongoing"]


def test_recovery_is_told_once() -> None:
    story = degraded_story("http")

    assert story.run(fine("http")) == ["degraded http recovered"]
    assert story.run(fine("http")) == []


def test_each_item_is_resolved_when_it_is_judged_again() -> None:
    story = degraded_story("http", "dns")

    assert story.run(fine("http"), unknown("dns")) == ["degraded http recovered"]
    assert story.run(fine("http"), fine("dns")) == ["degraded dns recovered"]


def test_an_item_without_a_model_does_not_hide_that_others_recovered() -> None:
    story = Story()
    story.run(unknown("note", Cause.NO_MODEL), unknown("http"))
    story.run(unknown("note", Cause.NO_MODEL), unknown("http"))

    told = story.run(unknown("note", Cause.NO_MODEL), fine("http"))

    assert told == ["degraded http recovered"]


def test_an_item_that_was_not_told_is_not_resolved() -> None:
    story = Story()
    story.run(unknown("http"))

    assert story.run(fine("http")) == []
    assert not story.book.unknowns


def test_an_item_that_is_gone_is_resolved_with_its_reason() -> None:
    story = degraded_story("http", "dns")

    told = story.run(present=(), disabled={"dns"})

    assert told == ["degraded http removed", "degraded dns disabled"]


def test_an_open_incident_stays_open_while_its_item_is_unknown() -> None:
    story = Story()
    story.run(bad())
    story.run(unknown())

    assert story.run(unknown()) == ["degraded disk new"]
    assert story.run(fine()) == ["action disk recovered", "degraded disk recovered"]


def test_a_check_says_unknown_so_that_nobody_takes_it_for_trouble() -> None:
    story = Story()
    story.run(unknown("http", Cause.NO_MODEL, details="no model configured"))

    (notice,) = story.notices
    assert isinstance(notice, Degraded)
    (check,) = notice.checks
    assert check.details == "unknown: no model configured"
    assert check.description == "The http"
    assert check.by is By.MODEL


def test_without_details_the_cause_is_said() -> None:
    story = Story()
    story.run(unknown("http", Cause.BUDGET, details=""))

    (notice,) = story.notices
    assert isinstance(notice, Degraded)
    assert notice.checks[0].details == "unknown: budget"


def test_the_book_does_not_grow_with_the_runs() -> None:
    story = Story()
    results = [unknown(f"item-{n}", details="x" * MAX_DETAILS) for n in range(100)]
    for cause in Cause:
        story.run(*(unknown(one.item_key, cause, one.details) for one in results))
    size = len(story.book.dump())

    for cause in Cause:
        story.run(*(unknown(one.item_key, cause, one.details) for one in results))

    assert len(story.book.dump()) <= size + 100 * 4
