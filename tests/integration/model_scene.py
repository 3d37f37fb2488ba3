"""A model behind the real client, and the server that it speaks to."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from heartbeat.tools import Observation, ToolCall, Unobserved
from tests.messages_api import (
    MessagesApi,
    reply,
    text,
    thinking,
    tool_use,
    verdict,
)
from tests.unit.worker.builders import an_item, seen
from worker.anthropic_client import connect
from worker.anthropic_model import AnthropicModel
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
