"""What is kept of a slot's fate, and how history shows it."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartbeat.errors import BadRecord
from heartbeat.instants import to_ms
from heartbeat.runs import (
    MAX_OK_DETAILS,
    Reason,
    RunRecord,
    RunStatus,
    finished_run,
    is_manual,
    load_run,
    run_id,
    run_status,
)
from heartbeat.usage import Usage
from heartbeat.verdict import Cause, ItemResult
from heartbeat.views import RunView
from tests.unit.heartbeat.troubles import NOON, bad, fine, unknown

NOON_MS = to_ms(NOON)
SKIPPED_BY_SCRIPT = (
    '{"v":1,"runId":"hb-1@2026-11-24T12:00:00.000Z","slotMs":1795521600000,'
    '"status":"skipped","reason":"overlap","count":3,'
    '"fromMs":1795514400000,"toMs":1795521600000}'
)


def a_run(*results: ItemResult, usage: Usage | None = None) -> RunRecord:
    return finished_run(
        run_id("hb-1", NOON_MS, manual=False),
        results or (fine(),),
        slot=NOON,
        started=NOON + timedelta(milliseconds=250),
        finished=NOON + timedelta(seconds=2),
        host="web-1",
        usage=usage,
    )


STATUSES = {
    "all fine": ([fine("a"), fine("b")], RunStatus.OK),
    "one unknown": ([fine("a"), unknown("b")], RunStatus.UNKNOWN),
    "one bad": ([fine("a"), bad("b")], RunStatus.ALERT),
    "bad beside unknown": ([unknown("a"), bad("b")], RunStatus.ALERT),
    "only unknown": ([unknown("a")], RunStatus.UNKNOWN),
}


@pytest.mark.parametrize(("results", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_the_worst_item_decides(results: list[ItemResult], status: RunStatus) -> None:
    assert run_status(results) is status


def test_nothing_judged_is_not_ok() -> None:
    with pytest.raises(ValueError, match="expected at least one judged item"):
        run_status([])


def test_a_run_is_named_by_its_slot() -> None:
    name = run_id("hb-1", NOON_MS, manual=False)
    assert name == "hb-1@2026-11-24T12:00:00.000Z"
    assert not is_manual(name)


def test_a_run_by_hand_says_so() -> None:
    name = run_id("hb-1", NOON_MS + 120, manual=True)
    assert is_manual(name)
    assert name == "hb-1@now:2026-11-24T12:00:00.120Z"


def test_a_record_is_the_same_when_it_was_stored() -> None:
    run = a_run(bad("a"), unknown("b", Cause.DEADLINE), usage=Usage(calls=2))

    assert load_run(run.dump()) == run


def test_what_a_script_writes_is_a_record() -> None:
    run = load_run(SKIPPED_BY_SCRIPT)

    assert (run.status, run.reason) == (RunStatus.SKIPPED, Reason.OVERLAP)
    assert run.dump() == SKIPPED_BY_SCRIPT


def test_history_shows_a_run_with_instants_and_seconds() -> None:
    run = a_run(bad("a"), unknown("b", Cause.DEADLINE), usage=Usage(calls=2))

    assert run.to_wire() == {
        "runId": "hb-1@2026-11-24T12:00:00.000Z",
        "slot": "2026-11-24T12:00:00.000Z",
        "status": "alert",
        "startedAt": "2026-11-24T12:00:00.250Z",
        "finishedAt": "2026-11-24T12:00:02.000Z",
        "lateBy": 0.25,
        "host": "web-1",
        "items": [
            {
                "itemKey": "a",
                "description": "The a",
                "status": "action_needed",
                "details": "97 %",
                "by": "rule",
                "severity": "warning",
            },
            {
                "itemKey": "b",
                "description": "The b",
                "status": "unknown",
                "details": "cannot tell",
                "by": "model",
                "severity": "warning",
                "cause": "deadline",
            },
        ],
        "usage": {
            "calls": 2,
            "inputTokens": 0,
            "outputTokens": 0,
            "cacheReadTokens": 0,
            "cacheWriteTokens": 0,
            "unpricedCalls": 0,
            "dollars": 0.0,
        },
    }


def test_history_shows_slots_that_shared_a_fate() -> None:
    assert load_run(SKIPPED_BY_SCRIPT).to_wire() == {
        "runId": "hb-1@2026-11-24T12:00:00.000Z",
        "slot": "2026-11-24T12:00:00.000Z",
        "status": "skipped",
        "reason": "overlap",
        "count": 3,
        "from": "2026-11-24T10:00:00.000Z",
        "to": "2026-11-24T12:00:00.000Z",
        "items": [],
    }


def test_what_history_shows_fits_the_protocol() -> None:
    run = a_run(unknown("b", Cause.DEADLINE), usage=Usage(calls=2))

    view = RunView.model_validate(run.to_wire())

    assert view.items[0].cause == "deadline"
    assert view.late_by == 0.25


def test_only_what_was_fine_is_told_in_short() -> None:
    results = [replace(one, details="x" * 400) for one in (fine(), bad(), unknown())]
    lengths = [len(item.details) for item in a_run(*results).items]
    assert lengths == [MAX_OK_DETAILS, 400, 400]


def test_a_run_is_never_early() -> None:
    run = finished_run(
        "hb-1@x",
        [fine()],
        slot=NOON,
        started=NOON - timedelta(seconds=1),
        finished=NOON,
        host="web-1",
    )

    assert run.late_ms == 0


def changed(**fields: object) -> str:
    return json.dumps(json.loads(SKIPPED_BY_SCRIPT) | fields)


BAD_RECORDS = {
    "another version": (changed(v=2), "v: expected 1, got 2"),
    "not JSON": ("run", "expected valid JSON"),
    "no run": (changed(runId=""), "runId"),
    "skipped without reason": (changed(reason=None), "reason for 'skipped', got None"),
    "missed without reason": (changed(status="missed", reason=None), "for 'missed'"),
    "a reason that is none": (changed(reason="mood"), "got 'mood'"),
    "no slot counted": (changed(count=0), "count: expected"),
    "half a range": (changed(toMs=None), "fromMs and toMs together"),
    "a backward range": (changed(toMs=1), "fromMs not after toMs"),
    "after 9999": (changed(slotMs=10**15), "slotMs: expected"),
    "an unknown field": (changed(mood="good"), "mood: expected no such field"),
}


@pytest.mark.parametrize(("text", "says"), BAD_RECORDS.values(), ids=BAD_RECORDS.keys())
def test_what_is_not_a_record_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadRecord, match=says):
        load_run(text)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_a_record_or_refused(text: bytes | str) -> None:
    with suppress(BadRecord):
        load_run(text)
