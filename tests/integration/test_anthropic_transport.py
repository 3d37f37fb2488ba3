"""What time and the network do to the loop, through the real client."""

import asyncio
import time
from datetime import timedelta

import pytest

from heartbeat.verdict import Cause, Verdict
from tests.integration.model_scene import (
    ALARM,
    KEY,
    LOOK,
    OK,
    judged_by,
    observe,
    with_model,
)
from tests.messages_api import (
    Answer,
    MessagesApi,
    error,
    message,
    reply,
    text,
    verdict,
)
from tests.unit.worker.builders import an_item
from worker.anthropic_client import connect
from worker.anthropic_model import AnthropicModel
from worker.judge import Judged, Limits, judge_item
from worker.model import Model


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


def test_the_key_follows_no_redirect() -> None:
    elsewhere = MessagesApi(ALARM)

    async def scenario() -> Judged:
        async with elsewhere:
            moved = Answer(
                body="moved", status=307, headers={"location": elsewhere.url}
            )
            async with (
                MessagesApi(moved) as api,
                connect(api_key=KEY, base_url=api.url) as server,
            ):
                model = AnthropicModel(server, name="claude-haiku-5-5")
                return await judge_item(
                    an_item(), evidence=(), model=model, observe=observe
                )

    result = asyncio.run(scenario()).result

    assert result.cause is Cause.MODEL_REJECTED
    assert elsewhere.url in result.details
    assert elsewhere.served == 0


def test_each_header_is_sent_once_however_it_is_spelt() -> None:
    api = MessagesApi(ALARM)

    async def scenario() -> None:
        async with (
            api,
            connect(
                api_key=KEY, base_url=api.url, headers={"AUTHORIZATION": "Bearer mine"}
            ) as server,
        ):
            model = AnthropicModel(server, name="claude-haiku-5-5")
            await judge_item(an_item(), evidence=(), model=model, observe=observe)

    asyncio.run(scenario())

    assert api.requests[0].headers["authorization"] == "Bearer mine"
