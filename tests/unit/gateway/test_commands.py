"""Requests that share the threads of a gateway."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

import fakeredis
from redis import Redis

from gateway.commands import THREADS, Commands
from gateway.limits import per_minute
from gateway.memory import Memory
from gateway.store import Store
from gateway.threads import Threads
from heartbeat.settings import Settings
from heartbeat.store.server import Server
from tests.unit.store.ledger import ClockedServer, Fleet, a_config

#: How long anything may take on a busy machine, in seconds.
PATIENCE_SECONDS = 20.0

_T = TypeVar("_T")


class SlowForAnn(Server):
    """Holds back whoever has read which heartbeats ann has."""

    def __init__(self, client: Redis) -> None:
        super().__init__(client)
        self.may_go_on = threading.Event()

    def ask(self, command: Callable[[Redis], _T]) -> _T:
        found = super().ask(command)
        if found == {"ann:disk"}:
            assert self.may_go_on.wait(PATIENCE_SECONDS)
        return found


def test_the_hellos_of_one_owner_leave_threads_to_the_others() -> None:
    client = fakeredis.FakeRedis(decode_responses=True)
    Fleet(ClockedServer(client)).configure(a_config(owner="ann"))
    server = SlowForAnn(client)
    commands = Commands(
        Store.on(server), Settings(), Memory(), configures=per_minute(60)
    )
    threads = Threads(THREADS, name="test")

    async def ask() -> None:
        slow = [commands.open_incidents("ann", threads) for _ in range(THREADS + 1)]
        waiting = asyncio.gather(*slow)
        await asyncio.sleep(0)  # they ask first
        async with asyncio.timeout(PATIENCE_SECONDS / 2):
            assert await commands.open_incidents("bob", threads) == ()
        server.may_go_on.set()
        assert await waiting == [()] * len(slow)

    try:
        asyncio.run(ask())
    finally:
        server.may_go_on.set()
        commands.close()
        threads.close()
