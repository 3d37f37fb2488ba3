"""Between a command and the gateway: one connection for as long as the call takes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from heartbeat.cli.context import Context
from heartbeat.client import Client, connect

_T = TypeVar("_T")


def ask(context: Context, call: Callable[[Client], Awaitable[_T]]) -> _T:
    """Connect, make the call and return what it gives; raises HeartbeatError."""

    async def once() -> _T:
        async with connect(context.url, token=context.token) as client:
            return await call(client)

    return asyncio.run(once())
