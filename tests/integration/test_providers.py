"""What servers behind an address of one's own are sent."""

import asyncio
import json

from heartbeat.models import ModelId
from heartbeat.tools import Observation, ToolCall
from tests.messages_api import (
    Answer,
    MessagesApi,
    Request,
    alarm,
    reply,
    tool_use,
)
from tests.unit.worker.builders import an_item, seen
from worker.judge import judge_item
from worker.providers import Providers


async def observe(call: ToolCall) -> Observation:
    return seen(call.tool, *call.arguments, load1=0.5)


def look_for_ever(_: Request) -> Answer:
    return reply(tool_use("load", "t1"))


def found(api: MessagesApi, name: str) -> MessagesApi:
    """Judge one item by a model found behind a base URL of one's own."""

    async def scenario() -> None:
        async with api:
            providers = Providers(api_key=None, base_url=api.url)
            model = providers.find(ModelId(provider="anthropic", name=name))
            assert model is not None
            await judge_item(an_item(), evidence=(), model=model, observe=observe)
            await providers.close()

    asyncio.run(scenario())
    return api


def test_a_local_server_gets_plain_messages_and_no_tools_on_the_last_step() -> None:
    api = found(MessagesApi(behaviour=look_for_ever), "qwen3")

    first, last = api.requests[0].body, api.requests[-1].body
    assert set(first) == {"model", "max_tokens", "system", "tools", "messages"}
    assert "cache_control" not in json.dumps(first)
    assert "strict" not in json.dumps(first)
    assert set(last) == set(first) - {"tools"}


def test_a_gateway_gets_the_full_request_and_the_key_in_both_headers() -> None:
    api = found(MessagesApi(behaviour=alarm), "claude-haiku-5-5")

    (request,) = api.requests
    assert request.body["tool_choice"] == {"type": "auto"}
    assert request.headers["x-api-key"] == "none"
