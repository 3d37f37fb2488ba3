"""A push line goes on however long its server is away."""

import asyncio

import pytest
from redis.asyncio import Connection, ConnectionPool
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError

from heartbeat.store import push_line

#: From here on redis-py's wait is no float any more: half an hour at two seconds each.
TRIES = 1_100


class AwayPool(ConnectionPool):
    """The way to a server that is away; counts who goes it."""

    def __init__(self) -> None:
        super().__init__()
        self.tries, self.is_long = 0, asyncio.Event()

    def make_connection(self) -> Connection:
        self.tries += 1
        if self.tries == TRIES:
            self.is_long.set()
        raise ConnectionError("refused")


def test_a_server_that_is_away_for_an_hour_is_still_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once = ExponentialWithJitterBackoff(base=0.05, cap=0)
    monkeypatch.setattr(push_line, "_BACKOFF", at_once)

    async def story() -> None:
        pool = AwayPool()
        line = push_line.PushLine(
            pool, on_message=lambda *_: None, on_reset=lambda: None
        )
        running = asyncio.create_task(line.run())
        waiting = asyncio.create_task(pool.is_long.wait())
        async with asyncio.timeout(20):
            await asyncio.wait([running, waiting], return_when="FIRST_COMPLETED")
        assert not running.done()
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(story())
