"""What a finished evaluation means for record, book and owner."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from heartbeat.book import Book
from heartbeat.config import HeartbeatConfig
from heartbeat.instants import to_ms
from heartbeat.runs import MAX_PROBLEM, Reason, RunStatus, load_run
from heartbeat.store.runs import Known, Outcome
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, ItemResult, Severity, Verdict
from tests.unit.worker.runs import NOW, a_config
from worker.evaluation import Evaluation, Unusable
from worker.settling import Run, settle

Items = list[dict[str, object]]


def a_result(
    key: str = "a",
    verdict: Verdict = Verdict.ACTION_NEEDED,
    *,
    cause: Cause | None = None,
) -> ItemResult:
    return ItemResult(
        item_key=key,
        description=f"item {key}",
        verdict=verdict,
        details="as seen",
        by=By.RULE,
        severity=Severity.WARNING,
        cause=cause,
    )


def unknown(cause: Cause, key: str = "a") -> ItemResult:
    return a_result(key, Verdict.UNKNOWN, cause=cause)


def an_evaluation(
    *results: ItemResult, off: tuple[str, ...] = (), paced: tuple[str, ...] = ()
) -> Evaluation:
    return Evaluation(
        results=results,
        present=frozenset({one.item_key for one in results} | {*paced}),
        paced=frozenset(paced),
        disabled=frozenset(off),
        usage=Usage(),
        config=a_config(),
    )


def settled(
    evaluation: Evaluation | Unusable,
    *,
    book: Book = Book(),  # noqa: B008 - it is frozen
    judged: HeartbeatConfig | None = None,
    current: HeartbeatConfig | None = None,
    late: timedelta = timedelta(seconds=2),
) -> Outcome:
    config = judged or a_config()
    run = Run(
        run_id="local:hb-1@slot",
        slot=NOW,
        started=NOW + late,
        finished=NOW + late + timedelta(seconds=1),
        host="host-1",
        config=config,
    )
    known = Known(config=current or config, version="1", book=book, revision="0")
    return settle(run, evaluation, known=known)


def told(outcome: Outcome) -> list[dict[str, object]]:
    return [json.loads(message) for message in outcome.messages]


def kinds(outcome: Outcome) -> list[object]:
    return [(one["type"], one["kind"]) for one in told(outcome)]


def test_what_is_bad_is_told_with_run_slot_lateness_and_host() -> None:
    (alert,) = told(settled(an_evaluation(a_result())))
    assert {
        name: alert[name] for name in ("kind", "runId", "slot", "lateBy", "host")
    } == {
        "kind": "action",
        "runId": "local:hb-1@slot",
        "slot": "2026-11-24T16:00:00.000Z",
        "lateBy": 2.0,
        "host": "host-1",
    }


def test_what_is_bad_again_is_recorded_and_not_told_again() -> None:
    first = settled(an_evaluation(a_result()))
    again = settled(an_evaluation(a_result()), book=first.book)
    assert again.record.status is RunStatus.ALERT
    assert again.messages == []


def test_a_slot_that_began_early_by_the_clock_is_not_late() -> None:
    outcome = settled(an_evaluation(a_result()), late=timedelta(seconds=-1))
    (alert,) = told(outcome)
    assert (alert["lateBy"], outcome.record.late_ms) == (0.0, 0)


def test_an_item_that_was_switched_off_resolves_as_disabled() -> None:
    first = settled(an_evaluation(a_result()))
    (resolved,) = told(settled(an_evaluation(off=("a",)), book=first.book))
    assert resolved["items"] == [
        {"itemKey": "a", "description": "item a", "reason": "disabled"}
    ]


def test_items_with_a_cadence_of_their_own_are_noted_for_the_slot() -> None:
    outcome = settled(an_evaluation(a_result("a"), a_result("b"), paced=("a", "c")))
    assert outcome.book.judged == {"a": to_ms(NOW)}


def test_what_was_judged_before_is_kept_until_the_item_is_gone() -> None:
    book = Book(judged={"a": 1, "b": 2})
    outcome = settled(an_evaluation(a_result("c"), paced=("a",)), book=book)
    assert outcome.book.judged == {"a": 1}


def test_a_run_in_which_nothing_was_due_is_skipped_and_tells_nothing() -> None:
    first = settled(an_evaluation(a_result(), paced=("a",)))
    outcome = settled(an_evaluation(paced=("a",)), book=first.book)
    assert (outcome.record.status, outcome.record.reason) == (
        RunStatus.SKIPPED,
        Reason.NOT_DUE,
    )
    assert outcome.messages == []
    assert outcome.book == first.book


def test_a_run_without_an_item_is_skipped_as_empty() -> None:
    record = settled(an_evaluation(off=("a",))).record
    assert (record.status, record.reason) == (RunStatus.SKIPPED, Reason.EMPTY)


@pytest.mark.parametrize(
    ("results", "status", "reason"),
    [
        pytest.param(
            (unknown(Cause.BUDGET), unknown(Cause.BUDGET, "b")),
            RunStatus.SKIPPED,
            Reason.BUDGET,
            id="nothing was judged",
        ),
        pytest.param(
            (unknown(Cause.BUDGET), a_result("b", Verdict.OK)),
            RunStatus.UNKNOWN,
            None,
            id="rules were judged",
        ),
    ],
)
def test_a_used_up_budget_is_told_at_once(
    results: tuple[ItemResult, ...], status: RunStatus, reason: Reason | None
) -> None:
    outcome = settled(an_evaluation(*results))
    assert (outcome.record.status, outcome.record.reason) == (status, reason)
    assert kinds(outcome) == [("heartbeat.alert", "degraded")]


@pytest.mark.parametrize(
    ("cron", "told_at_once"),
    [
        pytest.param("59 16 * * *", False, id="59-minutes-away"),
        pytest.param("0 17 * * *", False, id="an-hour-away"),
        pytest.param("1 17 * * *", True, id="61-minutes-away"),
    ],
)
def test_a_first_unknown_waits_for_the_next_slot_unless_that_is_far(
    cron: str, told_at_once: bool
) -> None:
    """The run ends at the very hour, from which the next slot is as far as it says."""
    passing = an_evaluation(unknown(Cause.PROBE_FAILED))
    at_the_hour, config = timedelta(seconds=-1), a_config(cronExpression=cron)
    first = settled(passing, judged=config, late=at_the_hour)
    assert bool(first.messages) is told_at_once
    again = settled(passing, book=first.book, judged=config, late=at_the_hour)
    assert bool(again.messages) is not told_at_once


def test_no_model_is_told_once() -> None:
    first = settled(an_evaluation(unknown(Cause.NO_MODEL)))
    again = settled(an_evaluation(unknown(Cause.NO_MODEL)), book=first.book)
    assert kinds(first) == [("heartbeat.alert", "degraded")]
    assert again.messages == []


def test_a_checklist_that_cannot_be_used_is_told_with_the_host() -> None:
    outcome = settled(Unusable(reason="missing", message="no file 'a'"))
    (alert,) = told(outcome)
    assert alert["kind"] == "config"
    assert "missing: on host-1: no file 'a'" in str(alert["checks"])
    assert (outcome.record.status, outcome.record.reason) == (
        RunStatus.UNKNOWN,
        Reason.CONFIG,
    )
    assert outcome.record.problem == "missing: no file 'a'"


def test_a_long_reason_is_kept_in_part() -> None:
    record = settled(Unusable(reason="missing", message="x" * 1_000)).record
    assert record.problem is not None
    assert len(record.problem) == MAX_PROBLEM
    assert load_run(record.dump()) == record


def test_an_empty_checklist_is_told_once_and_skipped() -> None:
    empty = Unusable(reason="empty", message="expected items, got none")
    first = settled(empty)
    assert kinds(first) == [("heartbeat.alert", "config")]
    assert settled(empty, book=first.book).messages == []
    assert first.record.status is RunStatus.SKIPPED


def test_a_checklist_that_can_be_used_again_resolves() -> None:
    broken = settled(Unusable(reason="missing", message="no file"))
    outcome = settled(an_evaluation(a_result("a", Verdict.OK)), book=broken.book)
    assert kinds(outcome) == [("heartbeat.resolved", "config")]


def test_trouble_with_the_checklist_leaves_incidents_as_they_are() -> None:
    bad = settled(an_evaluation(a_result()))
    outcome = settled(Unusable(reason="missing", message="no file"), book=bad.book)
    assert outcome.book.incidents == bad.book.incidents


def sent(content: str) -> HeartbeatConfig:
    return a_config(content)


def test_an_item_that_a_newer_checklist_has_no_more_is_not_told() -> None:
    outcome = settled(
        an_evaluation(a_result("a"), a_result("b")),
        judged=sent("- [ ] x {#a}\n- [ ] y {#b}\n"),
        current=sent("- [ ] y {#b}\n"),
    )
    (alert,) = told(outcome)
    assert [check["itemKey"] for check in alert["checks"]] == ["b"]  # type: ignore[attr-defined]  # a list
    assert [item.item_key for item in outcome.record.items] == ["a", "b"]


def test_an_item_that_a_newer_checklist_switched_off_resolves_as_disabled() -> None:
    first = settled(an_evaluation(a_result("a")))
    outcome = settled(
        an_evaluation(a_result("a")),
        book=first.book,
        judged=sent("- [ ] x {#a}\n"),
        current=sent("- [x] x {#a}\n"),
    )
    (resolved,) = told(outcome)
    assert resolved["items"][0]["reason"] == "disabled"  # type: ignore[index]  # a list


def test_a_slip_in_the_line_of_an_item_does_not_end_its_incident() -> None:
    book = settled(an_evaluation(a_result("flag"), a_result("gone"))).book
    slip = replace(unknown(Cause.NOT_READ, "unread-1"), details="got '- [] item flag'")
    outcome = settled(an_evaluation(a_result("other", Verdict.OK), slip), book=book)
    assert set(outcome.book.incidents) == {"flag"}
    ended = [one for one in told(outcome) if one["type"] == "heartbeat.resolved"]
    assert [item["itemKey"] for one in ended for item in cast(Items, one["items"])] == [
        "gone"
    ]


def test_an_item_is_known_by_its_id_whatever_became_of_its_text() -> None:
    book = settled(an_evaluation(a_result("flag"))).book
    slip = replace(unknown(Cause.NOT_READ, "unread-1"), details="got '- [] x {#flag}'")
    outcome = settled(an_evaluation(slip), book=book)
    assert set(outcome.book.incidents) == {"flag"}
