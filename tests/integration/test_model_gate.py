"""Workers of one fleet before one server that asks them to wait."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest

from heartbeat.models import ModelId
from heartbeat.store.gates import Gates
from heartbeat.store.server import Server
from heartbeat.tools import Observation, ToolCall
from heartbeat.verdict import Cause, Verdict
from tests.messages_api import Answer, MessagesApi, alarm, error
from tests.unit.worker.builders import an_item, seen
from worker.anthropic_model import AnthropicModel
from worker.judge import Judged, Limits, judge_item
from worker.providers import Providers

HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"
#: A worker's key, and the model it asks.
Ask = tuple[str, str]
SAME: Sequence[Ask] = (("key", HAIKU), ("key", HAIKU))


async def observe(call: ToolCall) -> Observation:
    return seen(call.tool, *call.arguments, load1=0.5)


def asked_in_turn(
    server: Server,
    api: MessagesApi,
    *asks: Ask,
    deadline: timedelta = timedelta(seconds=5),
) -> list[Judged]:
    """Let one item be judged by each of several worker processes, one by one."""

    async def scenario() -> list[Judged]:
        judged = []
        async with api:
            for key, name in asks:
                providers = Providers(
                    api_key=key, base_url=api.url, gates=Gates(server)
                )
                model = providers.find(ModelId(provider="anthropic", name=name))
                assert isinstance(model, AnthropicModel)
                judged.append(
                    await judge_item(
                        an_item(),
                        evidence=(),
                        model=model,
                        observe=observe,
                        limits=Limits(deadline=deadline),
                    )
                )
                await providers.close()
        return judged

    return asyncio.run(scenario())


def test_after_a_long_retry_after_no_other_worker_sends_anything(
    server: Server,
) -> None:
    api = MessagesApi(error(429, "rate_limit_error", retry_after="3600"))
    began = time.monotonic()
    first, *others = asked_in_turn(server, api, *SAME, *SAME)
    assert time.monotonic() - began < 30  # and not for an hour
    assert api.served == 1
    assert {one.result.cause for one in others} == {Cause.MODEL_LIMITED}
    assert "not asked for another 3" in others[0].result.details
    assert "429 rate_limit_error (request req_1)" in others[0].result.details
    assert first.result.cause is Cause.MODEL_LIMITED


@pytest.mark.parametrize(
    ("answer", "asks", "requests"),
    [
        pytest.param(
            error(429, retry_after="3600"),
            [("key", HAIKU), ("key", SONNET)],
            2,
            id="a limit is of one model",
        ),
        pytest.param(
            error(529, retry_after="60"), SAME, 1, id="an overload is one for all"
        ),
        pytest.param(
            error(503, retry_after="60"), SAME, 1, id="and so is any long wait"
        ),
        pytest.param(
            error(401), [("key", HAIKU), ("key", SONNET)], 1, id="a key that is refused"
        ),
        pytest.param(
            error(429, code="enforced_spend_limit_reached"),
            [("key", HAIKU), ("key", SONNET)],
            1,
            id="no money left",
        ),
        pytest.param(
            error(403),
            [("key", HAIKU), ("key", SONNET)],
            2,
            id="what is forbidden of one model",
        ),
        pytest.param(
            error(401),
            [("key", HAIKU), ("another", HAIKU)],
            2,
            id="another key is not concerned",
        ),
        pytest.param(error(400), SAME, 2, id="a request that is wrong"),
        pytest.param(error(500, x_should_retry="false"), SAME, 2, id="a crash"),
    ],
)
def test_who_must_wait_after_an_answer(
    server: Server, answer: Answer, asks: Sequence[Ask], requests: int
) -> None:
    api = MessagesApi(answer, behaviour=alarm)
    asked_in_turn(server, api, *asks)
    assert api.served == requests


def test_a_closed_gate_says_whose_it_is_and_nothing_of_the_key(server: Server) -> None:
    api = MessagesApi(error(401), error(429, retry_after="3600"))
    asked_in_turn(server, api, ("key", HAIKU), ("another", SONNET))
    of_key, of_model = Gates(server).closed()
    assert (of_key.model, of_model.model) == (None, SONNET)
    assert of_key.closed.provider == "anthropic at 127.0.0.1"
    assert "401" in of_key.closed.why
    assert "429" in of_model.closed.why


def test_a_short_wait_is_sat_out(server: Server) -> None:
    api = MessagesApi(error(429, retry_after="1"), behaviour=alarm)
    began = time.monotonic()
    (judged,) = asked_in_turn(server, api, SAME[0])
    assert judged.result.verdict is Verdict.ACTION_NEEDED
    assert api.served == 2
    assert time.monotonic() - began >= 1


def test_a_short_wait_of_another_ends_with_the_items_time(server: Server) -> None:
    api = MessagesApi(error(429, retry_after="15"), behaviour=alarm)
    began = time.monotonic()
    judged = asked_in_turn(server, api, *SAME, deadline=timedelta(milliseconds=300))
    assert time.monotonic() - began < 1.5
    assert api.served == 1
    assert {one.result.cause for one in judged} == {Cause.DEADLINE}


def test_without_a_store_every_worker_learns_by_itself() -> None:
    away = Server.connect("redis://127.0.0.1:1/0", name="test")
    api = MessagesApi(*[error(429, retry_after="3600")] * 2)
    judged = asked_in_turn(away, api, *SAME)
    assert api.served == 2
    assert {one.result.cause for one in judged} == {Cause.MODEL_LIMITED}
