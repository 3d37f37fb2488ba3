"""What connected clients hear while Redis does not serve their gateway."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from gateway import background
from heartbeat.client import connect
from heartbeat.told import Alert, Status
from tests.conftest import RunningServer, running_server
from tests.integration.gateway_fixtures import PATIENCE_SECONDS, Client, Running, play


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    """A server of the test's own, whose gateways look at it often."""
    monkeypatch.setattr(background, "REPORT_SECONDS", 0.1)
    monkeypatch.setattr(background, "STATUS_SECONDS", 0.1)
    with running_server(tmp_path) as server:
        yield server


async def status(client: Client) -> tuple[str, str]:
    """Return the next status that is told, past pings."""
    while True:
        frame = await client.receive()
        if frame["type"] == "status":
            return frame["state"], frame.get("reason", "")


def test_clients_hear_that_redis_refuses_writes_and_that_it_takes_them_again(
    own: RunningServer, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        with redis.Redis.from_url(own.url) as store:
            early = await running.ready()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (await running.get("/readyz"))[0] != 200:
                    pass
            store.config_set("maxmemory", 1)
            state, reason = await status(early)
            assert state == "held_up"
            assert "maxmemory" in reason
            assert "maxmemory" in (await running.get("/readyz"))[1]
            late = await running.ready()
            assert (await status(late))[0] == "held_up"
            store.config_set("maxmemory", 0)
            assert await status(early) == ("served", "")
            assert await status(late) == ("served", "")
            await running.tell("what was held up")
            assert await late.alerts(1) == ["what was held up"]

    play(own.url, tmp_path, story, redis_away_seconds=0.5)


def test_clients_hear_of_a_redis_that_hangs(own: RunningServer, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.ready()
        os.kill(own.pid, signal.SIGSTOP)
        try:
            assert (await status(client))[0] == "held_up"
        finally:
            os.kill(own.pid, signal.SIGCONT)
        assert (await status(client))[0] == "served"

    play(own.url, tmp_path, story, redis_away_seconds=0.5)


def test_the_library_gives_it_between_the_alerts(
    own: RunningServer, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        with redis.Redis.from_url(own.url) as store:
            async with connect(running.url, client_id="desk") as client:
                messages = client.alerts()
                store.config_set("maxmemory", 1)
                held_up = await anext(messages)
                store.config_set("maxmemory", 0)
                served = await anext(messages)
                await running.tell("after it")
                alert = await anext(messages)
            assert isinstance(held_up, Status)
            assert held_up.state == "held_up"
            assert isinstance(served, Status)
            assert served.state == "served"
            assert isinstance(alert, Alert)

    play(own.url, tmp_path, story, redis_away_seconds=0.5)
