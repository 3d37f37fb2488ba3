"""Between a command and the gateway: one connection for as long as the call takes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from heartbeat.cli.context import Context
from heartbeat.client import Client, connect
from heartbeat.errors import GatewayUnavailable

_T = TypeVar("_T")


def ask(context: Context, call: Callable[[Client], Awaitable[_T]]) -> _T:
    """Connect, make the call and return what it gives; raises HeartbeatError."""
    return asyncio.run(_once(context, call))


def ask_within(
    context: Context, call: Callable[[Client], Awaitable[_T]], *, seconds: float
) -> _T:
    """Do the same within a time, where the command can do without the answer."""

    async def in_time() -> _T:
        try:
            async with asyncio.timeout(seconds):
                return await _once(context, call)
        except TimeoutError as error:
            raise GatewayUnavailable(
                f"the gateway at {context.url} did not answer within {seconds:g} s"
            ) from error

    return asyncio.run(in_time())


async def _once(context: Context, call: Callable[[Client], Awaitable[_T]]) -> _T:
    async with connect(context.url, token=context.token) as client:
        return await call(client)
