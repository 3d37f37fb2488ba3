"""What an owner hears of items in trouble, told as short stories."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from heartbeat.asked import Notify
from heartbeat.errors import InvalidInput, NotFound
from heartbeat.instants import from_ms
from heartbeat.lifecycle import IncidentState
from heartbeat.notices import ActionNeeded, CheckState, Resolved
from heartbeat.verdict import By, Severity
from tests.unit.heartbeat.troubles import HOUR, NOON, Story, bad, fine, unknown

# Steps, each with what it tells (`-`: nothing). `bad` and `BAD` are action_needed as
# warning and critical, `?` is unknown, `+3h` lets time pass, `snooze` lasts two hours;
# the repeat is four hours.
STORIES = {
    "the first time it fires": "bad:new",
    "a critical one fires once too": "BAD:new BAD:-",
    "it is silent while it lasts": "bad:new +1h bad:- +1h bad:- +1h bad:-",
    "it is told again when the repeat has passed": "bad:new +4h bad:ongoing bad:-",
    "the repeat counts from the last telling": "bad:new +5h bad:ongoing +3h bad:-",
    "a rise in severity is told at once": "bad:new BAD:ongoing BAD:-",
    "a fall in severity is not told": "BAD:new bad:- +1h bad:-",
    "a rise to what was told already is not told": "BAD:new bad:- BAD:-",
    "a rise over a lower telling is told": "BAD:new +4h bad:ongoing BAD:ongoing",
    "ok resolves, once": "bad:new ok:recovered ok:-",
    "ok without trouble tells nothing": "ok:- ok:-",
    "trouble that comes back fires anew": "bad:new ok:recovered bad:new",
    "unknown does not resolve": "bad:new ?:- bad:-",
    "unknown does not fire": "?:- ?:- ?:-",
    "unknown does not repeat": "bad:new +5h ?:- bad:ongoing",
    "an item that is gone is removed": "bad:new gone:removed bad:new",
    "an item that is ticked off is disabled": "bad:new off:disabled",
    "an item gone without trouble tells nothing": "ok:- gone:-",
    "acknowledged, it is silent past the repeat": "bad:new ack:- +9h bad:- +9h bad:-",
    "acknowledged, it still resolves": "bad:new ack:- ok:recovered bad:new",
    "acknowledged, a rise opens it again": "bad:new ack:- BAD:ongoing +4h BAD:ongoing",
    "acknowledged as critical, it has no higher to rise": "BAD:new ack:- bad:- BAD:-",
    "acknowledged at warning, critical is a rise": "BAD:new bad:- ack:- BAD:ongoing",
    "acknowledging twice is acknowledging": "bad:new ack:- ack:- +9h bad:-",
    "acknowledged, it can be removed": "bad:new ack:- gone:removed",
    "snoozed, it is silent before its time": "bad:new snooze:- +1h bad:- bad:-",
    "snoozed, not even a rise is told": "bad:new snooze:- +1h BAD:-",
    "still bad when the snooze ends, it fires": (
        "bad:new snooze:- +2h bad:ongoing bad:-"
    ),
    "still bad long after the snooze, it fires": "bad:new snooze:- +99h BAD:ongoing",
    "unknown does not end a snooze": "bad:new snooze:- +2h ?:- bad:ongoing",
    "ok while snoozed is told": "bad:new snooze:- ok:recovered bad:new",
    "ok after the snooze is told": "bad:new snooze:- +3h ok:recovered",
    "a second snooze counts anew": (
        "bad:new snooze:- +1h snooze:- +1h bad:- +1h bad:ongoing"
    ),
    "snoozed, it can be acknowledged": "bad:new snooze:- ack:- +9h bad:- BAD:ongoing",
    "a rise that was snoozed is known when acknowledged": (
        "bad:new snooze:- BAD:- ack:- BAD:-"
    ),
    "acknowledged, it can be snoozed": "bad:new ack:- snooze:- +2h bad:ongoing",
    "an ended snooze goes on as if it had not been": (
        "bad:new snooze:- unsnooze:- +1h bad:- +3h bad:ongoing"
    ),
    "a rise that was snoozed is told once it ended": (
        "bad:new snooze:- BAD:- unsnooze:- BAD:ongoing"
    ),
    "a snooze that ended leaves an acknowledgement as it was": (
        "bad:new ack:- snooze:- +1h bad:- snooze:- unsnooze:- +9h bad:- BAD:ongoing"
    ),
    "a rise that was snoozed is told though it was acknowledged before": (
        "bad:new ack:- snooze:- BAD:- unsnooze:- BAD:ongoing"
    ),
    "a snooze that ran out forgets what was before it": (
        "bad:new ack:- snooze:- +2h bad:ongoing snooze:- unsnooze:- +9h bad:ongoing"
    ),
    "ending a snooze that is none changes nothing": (
        "bad:new unsnooze:- bad:- ack:- unsnooze:- +9h bad:-"
    ),
    "snoozed, it can be disabled": "bad:new snooze:- off:disabled",
}


STEPS: dict[str, Callable[[Story], list[str]]] = {
    "bad": lambda story: story.run(bad()),
    "BAD": lambda story: story.run(bad(severity=Severity.CRITICAL)),
    "ok": lambda story: story.run(fine()),
    "?": lambda story: story.run(unknown()),
    "gone": lambda story: story.run(present=()),
    "off": lambda story: story.run(present=(), disabled={"disk"}),
    "ack": lambda story: story.acknowledge(),
    "snooze": lambda story: story.snooze(2 * HOUR),
    "unsnooze": lambda story: story.unsnooze(),
}


@pytest.mark.parametrize("text", STORIES.values(), ids=STORIES.keys())
def test_what_is_told_of_one_item(text: str) -> None:
    story = Story()

    for word in text.split():
        if word.startswith("+"):
            story.wait(int(word[1:-1]) * HOUR)
            continue
        happens, _, expected = word.partition(":")
        told = [words for words in STEPS[happens](story) if words.startswith("action")]
        assert told == ([] if expected == "-" else [f"action disk {expected}"]), word


def test_a_snooze_taken_while_the_clock_ran_ahead_ends_when_it_is_set_back() -> None:
    story = Story()
    story.run(bad())
    story.wait(720 * HOUR)
    story.snooze(HOUR)
    story.wait(-timedelta(seconds=30))  # its jitter
    assert story.run(bad()) == []
    story.wait(-720 * HOUR)
    assert story.run(bad()) == ["action disk ongoing"]
    assert story.run(bad()) == []


def test_every_run_tells_at_each_run() -> None:
    story = Story(notify=Notify.EVERY_RUN)

    assert story.run(bad()) == ["action disk new"]
    assert story.run(bad()) == ["action disk ongoing"]
    assert story.run(bad()) == ["action disk ongoing"]


def test_every_run_does_not_break_an_acknowledgement_or_a_snooze() -> None:
    story = Story(notify=Notify.EVERY_RUN)
    story.run(bad("disk"), bad("load"))
    story.acknowledge("disk")
    story.snooze(HOUR, "load")

    assert story.run(bad("disk"), bad("load")) == []


def test_the_items_of_a_run_are_told_in_one_notice_in_their_order() -> None:
    story = Story()

    story.run(bad("load"), fine("http"), bad("disk"))

    (notice,) = story.notices
    assert isinstance(notice, ActionNeeded)
    assert [check.item_key for check in notice.checks] == ["load", "disk"]


def test_a_check_says_what_the_run_saw() -> None:
    story = Story()
    story.run(bad(details="91 %"))

    story.run(bad(severity=Severity.CRITICAL, details="99 %"))

    (notice,) = story.notices
    assert isinstance(notice, ActionNeeded)
    (check,) = notice.checks
    assert (check.item_key, check.description) == ("disk", "The disk")
    assert (check.details, check.severity) == ("99 %", Severity.CRITICAL)
    assert (check.state, check.by) == (CheckState.ONGOING, By.RULE)


def test_what_ended_is_told_before_what_began() -> None:
    story = Story()
    story.run(bad("load"), unknown("http"))
    story.run(unknown("http"))

    told = story.run(fine("load"), bad("http"), bad("disk"))

    assert told == [
        "action load recovered",
        "degraded http recovered",
        "action http new",
        "action disk new",
    ]


def test_items_that_ended_in_different_ways_share_a_notice() -> None:
    story = Story()
    story.run(bad("disk"), bad("load"), bad("http"))

    story.run(fine("http"), present={"http"}, disabled={"load"})

    (notice,) = story.notices
    assert isinstance(notice, Resolved)
    endings = {item.item_key: item.reason.value for item in notice.items}
    assert endings == {"disk": "removed", "load": "disabled", "http": "recovered"}


def test_a_result_for_an_item_taken_out_meanwhile_is_not_told() -> None:
    story = Story()

    assert story.run(bad("disk"), bad("load"), present={"load"}) == ["action load new"]
    assert set(story.book.incidents) == {"load"}


def test_an_item_that_was_not_judged_stays_as_it_is() -> None:
    story = Story()
    story.run(bad("disk"), unknown("http"))
    before = story.book

    assert story.run(fine("load")) == []
    assert story.book == before


def test_deleting_the_heartbeat_takes_back_all_that_was_told() -> None:
    story = Story()
    story.run(bad("disk"), bad("load"), unknown("http"), unknown("dns"))
    story.run(unknown("http"))
    story.acknowledge("load")

    told = story.delete()

    assert told == [
        "action disk removed",
        "action load removed",
        "degraded http removed",
    ]
    assert not story.book.incidents
    assert not story.book.unknowns


def test_an_incident_shows_its_latest_details_since_its_opening() -> None:
    story = Story()
    story.run(bad(details="91 %"))
    story.wait(HOUR)
    story.run(bad(severity=Severity.CRITICAL, details="99 %"))

    incident = story.book.incidents["disk"]

    assert incident.details == "99 %"
    assert incident.severity is Severity.CRITICAL
    assert from_ms(incident.opened_ms) == NOON


def test_a_snoozed_incident_says_until_when_and_only_while_it_sleeps() -> None:
    story = Story()
    story.run(bad())

    story.snooze(2 * HOUR)
    asleep = story.book.incidents["disk"]
    story.unsnooze()
    awake = story.book.incidents["disk"]

    assert asleep.state is IncidentState.SNOOZED
    assert asleep.snoozed_until_ms == asleep.opened_ms + 7_200_000
    assert (awake.state, awake.snoozed_until_ms) == (IncidentState.OPEN, None)


@pytest.mark.parametrize("say", [Story.acknowledge, Story.unsnooze])
def test_a_word_on_an_item_without_incident_is_refused(
    say: Callable[[Story, str], list[str]],
) -> None:
    story = Story()
    story.run(bad("load"), fine("disk"))

    with pytest.raises(NotFound, match=r"one of load\), got 'disk'"):
        say(story, "disk")


def test_a_snooze_of_an_item_without_incident_is_refused() -> None:
    with pytest.raises(NotFound, match=r"none is open\), got 'disk'"):
        Story().snooze(HOUR)


@pytest.mark.parametrize("time", [timedelta(0), -HOUR], ids=["now", "past"])
def test_a_snooze_must_end_in_the_future(time: timedelta) -> None:
    story = Story()
    story.run(bad())

    with pytest.raises(InvalidInput, match="expected a snooze to end after"):
        story.snooze(time)
