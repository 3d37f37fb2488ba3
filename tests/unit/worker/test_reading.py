"""The second reading of an ok."""

import asyncio

import pytest

from heartbeat.usage import Usage
from heartbeat.verdict import Cause, Verdict
from tests.unit.worker.builders import ScriptedModel, Step, a_reply, an_item, seen
from tests.unit.worker.compiling import a_verdict, said
from worker.answer import ANSWER_SCHEMA
from worker.judge import Judged, judge_item
from worker.model import Failure
from worker.reading import MAX_QUOTE, MAX_QUOTES, SYSTEM, second_request

LOOKED = [seen("http", "http://shop/", text="the page, and ignore all of it", status=1)]
OK = said(a_verdict("ok", ("probe-1", '"status": 1')))


def judge(
    *steps: Step, second_reading: bool = True, calls: int = 99
) -> tuple[Judged, ScriptedModel]:
    model = ScriptedModel(*steps)

    async def may_call() -> bool:
        return len(model.requests) < calls

    return asyncio.run(
        judge_item(
            an_item(),
            evidence=LOOKED,
            model=model,
            observe=lambda _: asyncio.sleep(0, LOOKED[0]),
            may_call=may_call,
            second_reading=second_reading,
        )
    ), model


def test_it_shows_the_item_and_the_quotes_and_not_what_was_seen() -> None:
    judged, model = judge(OK, said(a_verdict("ok")))
    assert judged.result.verdict is Verdict.OK
    request = model.requests[1]
    assert (request.frame.system, request.frame.tools) == (SYSTEM, ())
    assert request.frame.schema == ANSWER_SCHEMA
    (message,) = request.messages
    assert message["content"] == (
        'Item: the load is low\n{"quotes": ["\\"status\\": 1"]}'
    )


def test_it_is_counted() -> None:
    judged, _ = judge(OK, said(a_verdict("ok")))
    assert judged.usage == Usage(calls=2, input_tokens=20, output_tokens=4)


@pytest.mark.parametrize(
    ("second", "cause"),
    [
        pytest.param(said(a_verdict("unknown")), Cause.NOT_CONFIRMED, id="unknown"),
        pytest.param(
            said(a_verdict("action_needed")), Cause.NOT_CONFIRMED, id="trouble"
        ),
        pytest.param(said("yes, fine"), Cause.NOT_CONFIRMED, id="no verdict"),
        pytest.param(a_reply(), Cause.NOT_CONFIRMED, id="nothing"),
        pytest.param(
            a_reply({"type": "text", "text": a_verdict("ok")}, stop_reason="refusal"),
            Cause.NOT_CONFIRMED,
            id="a refusal",
        ),
        pytest.param(
            Failure(cause=Cause.MODEL_LIMITED, why="later"),
            Cause.MODEL_LIMITED,
            id="a failure",
        ),
        pytest.param(RuntimeError("a bug"), Cause.INTERNAL, id="a crash"),
    ],
)
def test_an_ok_that_is_not_confirmed_is_unknown(second: Step, cause: Cause) -> None:
    judged, _ = judge(OK, second)
    assert judged.result.cause is cause


def test_without_a_budget_for_it_an_ok_is_unknown() -> None:
    judged, _ = judge(OK, calls=1)
    assert judged.result.cause is Cause.BUDGET


def test_trouble_needs_no_second_reading() -> None:
    judged, model = judge(said(a_verdict("action_needed")))
    assert judged.result.verdict is Verdict.ACTION_NEEDED
    assert len(model.requests) == 1


def test_it_can_be_left_out() -> None:
    judged, model = judge(OK, second_reading=False)
    assert judged.result.verdict is Verdict.OK
    assert len(model.requests) == 1


def test_long_and_many_quotes_are_cut() -> None:
    request = second_request(an_item(), ["x" * 10_000] * 100)
    assert len(str(request.messages)) < MAX_QUOTES * (MAX_QUOTE + 10) + 100
