"""Driving one item's conversation: tools, time, budget, cost."""

import asyncio
import json
import time
from datetime import timedelta

import pytest

from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, Severity, Verdict
from tests.messages_api import text, tool_use, verdict
from tests.unit.worker.builders import ScriptedModel, a_reply, an_item, seen
from worker.judge import Judged, Limits, Observe, judge_item
from worker.model import Failure, Model, ModelRequest, Reply

LOOK = a_reply(tool_use("load", "t1"))
OK = a_reply(verdict("ok", ("t1", "0.5"), details="load 0.5"))
USUAL = Limits()
SOON = Limits(deadline=timedelta(milliseconds=50))


async def observe(call: ToolCall) -> Observation | Unobserved:
    return seen(call.tool, *call.arguments, load1=0.5)


async def hang(_: ToolCall) -> Observation | Unobserved:
    await asyncio.Event().wait()
    raise AssertionError("not reached")


class SilentModel:
    """Never answers."""

    async def reply(self, request: ModelRequest) -> Reply | Failure:
        await asyncio.Event().wait()
        raise AssertionError("not reached")


def judged_by(model: Model, *, by: Observe = observe, limits: Limits = USUAL) -> Judged:
    return asyncio.run(
        judge_item(an_item(), evidence=(), model=model, observe=by, limits=limits)
    )


def told_to_model(model: ScriptedModel) -> list[dict[str, object]]:
    """Return the envelopes in the newest message the model was given."""
    content = model.requests[-1].messages[-1]["content"]
    assert isinstance(content, list)
    return [json.loads(block["content"]) for block in content]


def test_an_item_is_judged_after_a_look() -> None:
    judged = judged_by(ScriptedModel(LOOK, OK))

    assert judged.result.verdict is Verdict.OK
    assert (judged.result.item_key, judged.result.by) == ("load-low", By.MODEL)
    assert judged.result.details == "load 0.5"


def test_usage_and_steps_are_added_up() -> None:
    judged = judged_by(ScriptedModel(LOOK, OK))

    assert judged.usage == Usage(calls=2, input_tokens=20, output_tokens=4)
    assert judged.steps == 2


@pytest.mark.parametrize(
    ("of_item", "of_model", "severity"),
    [
        (Severity.WARNING, "critical", Severity.CRITICAL),
        (Severity.CRITICAL, "warning", Severity.CRITICAL),
        (Severity.WARNING, "warning", Severity.WARNING),
    ],
)
def test_trouble_has_the_worse_severity_of_item_and_model(
    of_item: Severity, of_model: str, severity: Severity
) -> None:
    model = ScriptedModel(a_reply(verdict("action_needed", severity=of_model)))

    judged = asyncio.run(
        judge_item(an_item(severity=of_item), evidence=(), model=model, observe=observe)
    )

    assert judged.result.severity is severity


def test_the_severity_of_an_ok_is_the_items() -> None:
    critical_ok = verdict("ok", ("t1", "0.5"), severity="critical")

    judged = judged_by(ScriptedModel(LOOK, a_reply(critical_ok)))

    assert judged.result.severity is Severity.WARNING


def test_a_model_that_never_stops_is_asked_five_times() -> None:
    model = ScriptedModel(LOOK)

    judged = judged_by(model)

    assert judged.result.cause is Cause.STEP_CAP
    assert len(model.requests) == 5
    assert [request.last for request in model.requests] == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("model", "by"),
    [
        pytest.param(SilentModel(), observe, id="the model is silent"),
        pytest.param(ScriptedModel(LOOK, OK), hang, id="a tool hangs"),
    ],
)
def test_the_deadline_holds(model: Model, by: Observe) -> None:
    began = time.monotonic()

    judged = judged_by(model, by=by, limits=SOON)

    assert judged.result.cause is Cause.DEADLINE
    assert time.monotonic() - began < 0.5


def test_a_tool_that_hangs_costs_its_own_time_only() -> None:
    model = ScriptedModel(LOOK, OK)
    limits = Limits(tool_timeout=timedelta(milliseconds=20))

    judged = judged_by(model, by=hang, limits=limits)

    assert told_to_model(model)[0]["error"] == "no answer within 0.02 s"
    assert judged.result.cause is Cause.NO_EVIDENCE


def test_a_crashing_tool_tells_its_class_and_no_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def crash(_: ToolCall) -> Observation | Unobserved:
        raise RuntimeError("password=hunter2 at 10.0.0.5")

    model = ScriptedModel(LOOK, OK)

    judged = judged_by(model, by=crash)

    assert told_to_model(model)[0]["error"] == "failed: RuntimeError"
    assert "hunter2" not in str(model.requests) + str(judged)
    assert "crashed" in caplog.text


def test_calls_of_one_reply_run_at_once_up_to_the_limit() -> None:
    running = most = 0

    async def count(call: ToolCall) -> Observation | Unobserved:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1
        return await observe(call)

    calls = a_reply(*(tool_use("load", f"t{n}") for n in range(10)))

    judged = judged_by(ScriptedModel(calls, OK), by=count)

    assert judged.result.verdict is Verdict.OK
    assert most == 4


def test_a_spent_budget_asks_nothing() -> None:
    async def no() -> bool:
        return False

    model = ScriptedModel(OK)

    judged = asyncio.run(
        judge_item(an_item(), evidence=(), model=model, observe=observe, may_call=no)
    )

    assert judged.result.cause is Cause.BUDGET
    assert model.requests == []


def test_cost_is_recorded_after_each_reply_also_of_an_unknown_item() -> None:
    costs: list[Usage] = []

    def record(usage: Usage) -> None:
        costs.append(usage)

    judged = asyncio.run(
        judge_item(
            an_item(),
            evidence=(),
            model=ScriptedModel(LOOK, a_reply(stop_reason="refusal")),
            observe=observe,
            spent=record,
        )
    )

    assert judged.result.cause is Cause.REFUSAL
    assert costs == [LOOK.usage, LOOK.usage]


def test_a_bug_is_an_unknown_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    judged = judged_by(ScriptedModel(KeyError("bug")))

    assert judged.result.cause is Cause.INTERNAL
    assert "judging failed" in caplog.text


@pytest.mark.parametrize(
    ("model", "by"),
    [(SilentModel(), observe), (ScriptedModel(LOOK), hang)],
    ids=["in a request", "in a tool"],
)
def test_cancellation_is_raised_at_once(model: Model, by: Observe) -> None:
    async def scenario() -> float:
        task = asyncio.create_task(
            judge_item(an_item(), evidence=(), model=model, observe=by)
        )
        for _ in range(10):
            await asyncio.sleep(0)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - began

    assert asyncio.run(scenario()) < 0.2


def test_text_is_repaired_by_one_more_turn() -> None:
    model = ScriptedModel(LOOK, a_reply(text("All fine.")), OK)

    judged = judged_by(model)

    assert judged.result.verdict is Verdict.OK
    assert len(model.requests) == 3


@pytest.mark.parametrize(
    "limits",
    [
        {"max_steps": 0},
        {"max_steps": 11},
        {"parallel_tools": 0},
        {"deadline": timedelta(0)},
        {"deadline": timedelta(seconds=301)},
    ],
)
def test_limits_beyond_reason_are_refused(limits: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Limits(**limits)  # type: ignore[arg-type]  # values of a table
