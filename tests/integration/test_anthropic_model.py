"""The loop through the real client, against a server that speaks the Messages API."""

import json

import pytest

from heartbeat.usage import Usage
from heartbeat.verdict import Cause, Verdict
from tests.integration.model_scene import ALARM, KEY, LOOK, NOW, OK, judged_by
from tests.messages_api import (
    Answer,
    MessagesApi,
    error,
    message,
    reply,
    text,
    tool_use,
)


def test_an_item_is_judged_after_a_look() -> None:
    api = MessagesApi(LOOK, OK)

    judged = judged_by(api)

    assert judged.result.verdict is Verdict.OK
    assert judged.usage == Usage(
        calls=2,
        input_tokens=200,
        output_tokens=40,
        cache_read_tokens=2000,
        cache_write_tokens=20,
        micro_dollars=64,
    )
    assert api.served == 2


def test_thinking_goes_back_byte_for_byte() -> None:
    api = MessagesApi(LOOK, OK)

    judged_by(api)

    assert isinstance(LOOK.body, dict)
    assert api.requests[1].messages[1]["content"] == LOOK.body["content"]


def test_every_step_has_the_same_shape_and_the_last_has_no_choice() -> None:
    api = MessagesApi(behaviour=lambda _: LOOK)

    judged = judged_by(api)

    assert judged.result.cause is Cause.STEP_CAP
    bodies = [request.body for request in api.requests]
    assert len(bodies) == 5
    for part in ("tools", "system", "output_config", "model", "max_tokens"):
        assert len({json.dumps(body[part]) for body in bodies}) == 1
    choices = [body["tool_choice"] for body in bodies]
    assert choices == [{"type": "auto"}] * 4 + [{"type": "none"}]


def test_the_request_is_what_the_api_wants() -> None:
    api = MessagesApi(ALARM)

    judged_by(api)

    (request,) = api.requests
    system, tools = request.body["system"], request.body["tools"]
    assert isinstance(system, list)
    assert isinstance(tools, list)
    assert system[-1]["cache_control"] == {"type": "ephemeral"}
    assert [tool["name"] for tool in tools] == sorted(tool["name"] for tool in tools)
    assert all(tool["strict"] for tool in tools)
    assert request.body["output_config"]["effort"] == "low"  # type: ignore[index]
    assert "thinking" not in request.body
    assert KEY not in json.dumps(request.body)
    assert request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("trouble", "requests"),
    [
        pytest.param([error(429, **NOW)], 2, id="rate limit once"),
        pytest.param([error(429, "rate_limit_error", **NOW)] * 2, 3, id="twice"),
        pytest.param([error(529, "overloaded_error", **NOW)], 2, id="overloaded"),
        pytest.param([error(500, **NOW)], 2, id="server error"),
        pytest.param([error(503, **NOW)], 2, id="unavailable"),
        pytest.param([error(408, **NOW)], 2, id="request timeout"),
        pytest.param([error(409, **NOW)], 2, id="conflict"),
        pytest.param([error(429, retry_after="0.01")], 2, id="seconds"),
    ],
)
def test_passing_trouble_is_retried(trouble: list[Answer], requests: int) -> None:
    api = MessagesApi(*trouble, ALARM)

    judged = judged_by(api)

    assert judged.result.verdict is Verdict.ACTION_NEEDED
    assert api.served == requests


TOMORROW = "Mon, 01 Jan 2035 00:00:00 GMT"


@pytest.mark.parametrize(
    ("answer", "cause", "requests"),
    [
        pytest.param(error(400, **NOW), Cause.MODEL_REJECTED, 1, id="400"),
        pytest.param(error(401), Cause.MODEL_AUTH, 1, id="401"),
        pytest.param(error(402), Cause.MODEL_AUTH, 1, id="402"),
        pytest.param(error(403), Cause.MODEL_AUTH, 1, id="403"),
        pytest.param(error(404), Cause.MODEL_REJECTED, 1, id="404"),
        pytest.param(error(413), Cause.MODEL_REJECTED, 1, id="413"),
        pytest.param(error(422), Cause.MODEL_REJECTED, 1, id="422"),
        pytest.param(error(429, **NOW), Cause.MODEL_LIMITED, 3, id="429 for good"),
        pytest.param(error(500, **NOW), Cause.MODEL_ERROR, 3, id="500 for good"),
        pytest.param(error(529, **NOW), Cause.MODEL_LIMITED, 3, id="529 for good"),
        pytest.param(
            error(429, code="enforced_spend_limit_reached"),
            Cause.MODEL_AUTH,
            1,
            id="spend limit",
        ),
        pytest.param(
            error(429, code="contract_spend_limit_reached"),
            Cause.MODEL_AUTH,
            1,
            id="contract limit",
        ),
        pytest.param(
            error(429, code="ramp_limit_exceeded", **NOW),
            Cause.MODEL_LIMITED,
            3,
            id="ramp limit",
        ),
        pytest.param(
            error(429, retry_after="3600"), Cause.MODEL_LIMITED, 1, id="an hour"
        ),
        pytest.param(
            error(529, retry_after_ms="21000"), Cause.MODEL_LIMITED, 1, id="21000 ms"
        ),
        pytest.param(
            error(503, retry_after=TOMORROW), Cause.MODEL_LIMITED, 1, id="a far date"
        ),
        pytest.param(
            Answer(body="<html>Bad gateway</html>", status=400),
            Cause.MODEL_REJECTED,
            1,
            id="400 without JSON",
        ),
        pytest.param(Answer(body="[]", status=404), Cause.MODEL_REJECTED, 1, id="[]"),
        pytest.param(
            Answer(body="<html>", headers={"content-type": "text/html"}),
            Cause.MODEL_ERROR,
            1,
            id="a page",
        ),
        pytest.param(Answer(body='{"con'), Cause.MODEL_ERROR, 1, id="half JSON"),
        pytest.param(Answer(body="[" * 100_000), Cause.MODEL_ERROR, 1, id="deep JSON"),
        pytest.param(Answer(body=b"\xff\xfe\xfd"), Cause.MODEL_ERROR, 1, id="bytes"),
        pytest.param(Answer(body=""), Cause.MODEL_ERROR, 1, id="no body"),
        pytest.param(Answer(body=[]), Cause.MODEL_ERROR, 1, id="a list"),
        pytest.param(Answer(body={}), Cause.MODEL_ERROR, 1, id="no content"),
        pytest.param(
            Answer(body={"content": None}), Cause.MODEL_ERROR, 1, id="null content"
        ),
        pytest.param(
            Answer(body={"content": ["ok"]}), Cause.MODEL_ERROR, 1, id="bare text"
        ),
        pytest.param(
            Answer(body={"content": [{"type": "tool_use"}]}),
            Cause.MODEL_ERROR,
            1,
            id="a call without id",
        ),
        pytest.param(
            Answer(body={**message(text("x")), "stop_reason": None}),
            Cause.MODEL_ERROR,
            1,
            id="null stop reason",
        ),
        pytest.param(
            Answer(body={**message(text("x")), "stop_reason": ["end_turn"]}),
            Cause.MODEL_ERROR,
            1,
            id="odd stop reason",
        ),
        pytest.param(reply(), Cause.BAD_VERDICT, 1, id="empty content"),
        pytest.param(reply(text("fine")), Cause.BAD_VERDICT, 2, id="prose for good"),
        pytest.param(
            reply(stop_reason="max_tokens"), Cause.TRUNCATED, 1, id="truncated"
        ),
    ],
)
def test_lasting_trouble_is_an_unknown_with_its_cause(
    answer: Answer, cause: Cause, requests: int
) -> None:
    api = MessagesApi(behaviour=lambda _: answer)

    judged = judged_by(api)

    assert judged.result.cause is cause
    assert api.served == requests
    assert KEY not in judged.result.details


def test_a_refusal_says_its_category() -> None:
    refused = message(stop_reason="refusal", stop_details={"category": "cyber"})

    judged = judged_by(MessagesApi(Answer(body=refused)))

    assert judged.result.details == "the model refused (cyber)"


def test_a_rejected_request_says_what_the_server_said_without_the_key() -> None:
    body = {"type": "error", "error": {"message": f"model: nope, key {KEY}"}}

    judged = judged_by(MessagesApi(Answer(body=body, status=404)))

    assert "404" in judged.result.details
    assert "model: nope, key ***" in judged.result.details


def test_words_that_utf8_cannot_carry_end_as_unknown() -> None:
    broken = reply(text("\ud800"), tool_use("load", "t1"))

    judged = judged_by(MessagesApi(broken, OK))

    assert judged.result.cause is Cause.MODEL_ERROR


def test_missing_usage_counts_as_a_call() -> None:
    body = {key: value for key, value in message(text("{}")).items() if key != "usage"}

    judged = judged_by(MessagesApi(behaviour=lambda _: Answer(body=body)))

    assert judged.usage == Usage(calls=2)
