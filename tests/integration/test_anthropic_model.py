"""The loop through the real client, against a server that speaks the Messages API."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.usage import Usage
from heartbeat.verdict import Cause, Verdict
from tests.messages_api import (
    Answer,
    MessagesApi,
    error,
    message,
    reply,
    text,
    thinking,
    tool_use,
    verdict,
)
from tests.unit.worker.builders import an_item, seen
from worker.anthropic_model import AnthropicModel, connect
from worker.judge import Judged, Limits, judge_item
from worker.model import Model

KEY = "sk-ant-planted-secret"
LOOK = reply(thinking(), text("Let me look."), tool_use("load", "t1"))
OK = reply(thinking(), verdict("ok", ("t1", "0.5")))
ALARM = reply(verdict("action_needed"))
#: Asks for a retry at once, so that tests need not wait.
NOW = {"retry_after_ms": "1"}
USUAL = Limits(deadline=timedelta(seconds=5))


async def observe(call: ToolCall) -> Observation | Unobserved:
    return seen(call.tool, *call.arguments, load1=0.5)


def with_model(
    api: MessagesApi,
    use: Callable[[Model], Awaitable[Judged]],
    *,
    request_timeout: timedelta = timedelta(seconds=5),
) -> Judged:
    """Serve, connect, use the model, and close both."""

    async def scenario() -> Judged:
        async with api:
            client = connect(api_key=KEY, base_url=api.url)
            model = AnthropicModel(
                client, name="claude-haiku-5-5", request_timeout=request_timeout
            )
            try:
                return await use(model)
            finally:
                await client.close()

    return asyncio.run(scenario())


def judged_by(
    api: MessagesApi,
    *,
    limits: Limits = USUAL,
    request_timeout: timedelta = timedelta(seconds=5),
) -> Judged:
    async def use(model: Model) -> Judged:
        return await judge_item(
            an_item(), evidence=(), model=model, observe=observe, limits=limits
        )

    return with_model(api, use, request_timeout=request_timeout)


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


def test_a_connection_reset_in_the_body_is_retried() -> None:
    api = MessagesApi(Answer(body=message(text("x")), cut_after=20), ALARM)

    judged = judged_by(api)

    assert judged.result.verdict is Verdict.ACTION_NEEDED
    assert api.served == 2


def test_a_server_that_is_gone_is_an_unknown() -> None:
    async def scenario() -> Judged:
        async with MessagesApi() as api:
            url = api.url
        client = connect(api_key=KEY, base_url=url, max_retries=0)
        model = AnthropicModel(client, name="claude-haiku-5-5")
        try:
            return await judge_item(
                an_item(), evidence=(), model=model, observe=observe
            )
        finally:
            await client.close()

    assert asyncio.run(scenario()).result.cause is Cause.MODEL_ERROR


def test_a_slow_server_meets_the_request_timeout_on_every_attempt() -> None:
    slow = [error(500, retry_after_ms="1")] * 2

    judged = judged_by(
        MessagesApi(*slow, reply(text("late"), delay=5)),
        request_timeout=timedelta(milliseconds=100),
    )

    assert judged.result.cause is Cause.MODEL_ERROR
    assert "0.1 s" in judged.result.details


@pytest.mark.parametrize(
    "api",
    [
        pytest.param(MessagesApi(delay_seconds=10), id="a slow server"),
        pytest.param(
            MessagesApi(behaviour=lambda _: error(529, retry_after="15")),
            id="a retry that waits",
        ),
    ],
)
def test_the_deadline_covers_requests_and_retries(api: MessagesApi) -> None:
    began = time.monotonic()

    judged = judged_by(api, limits=Limits(deadline=timedelta(milliseconds=300)))

    assert judged.result.cause is Cause.DEADLINE
    assert time.monotonic() - began < 0.3 + 0.5


def test_the_client_lives_on_after_a_cancelled_request() -> None:
    api = MessagesApi(reply(text("late"), delay=10), LOOK, OK)

    async def use(model: Model) -> Judged:
        async def judge() -> Judged:
            return await judge_item(
                an_item(), evidence=(), model=model, observe=observe
            )

        task = asyncio.create_task(judge())
        while not api.served:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await judge()

    assert with_model(api, use).result.verdict is Verdict.OK


def test_two_hundred_items_at_once_each_get_their_own_reply() -> None:
    def echo(request: object) -> Answer:
        return reply(verdict("action_needed", details=request.item))  # type: ignore[attr-defined]

    async def use(model: Model) -> Judged:
        judged = await asyncio.gather(
            *(
                judge_item(
                    an_item(f"number {n}"), evidence=(), model=model, observe=observe
                )
                for n in range(200)
            )
        )
        assert [one.result.details for one in judged] == [
            f"Item: number {n}" for n in range(200)
        ]
        return judged[0]

    api = MessagesApi(behaviour=echo, delay_seconds=0.1)
    with_model(api, use)

    assert api.served == 200


def test_no_variable_of_the_environment_redirects_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "of the environment")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "of the environment")
    api = MessagesApi(ALARM)

    judged_by(api)

    assert api.requests[0].headers["authorization"] == f"Bearer {KEY}"
