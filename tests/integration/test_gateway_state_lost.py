"""A server that comes back without what it knew: who is connected is told."""

import asyncio
from pathlib import Path

import pytest
import redis

from tests.conftest import running_server
from tests.integration.gateway_fixtures import (
    Running,
    a_root,
    play,
)


def test_a_feed_that_is_gone_is_told_to_who_is_connected(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.background.POSITION_SECONDS", 0.1)

    async def story(running: Running) -> None:
        client = await running.ready()
        await running.tell("trouble 1")
        (told,) = await client.told(1)
        with redis.Redis.from_url(server_url) as direct:
            direct.flushall()
        lost = await client.receive()
        assert (lost["type"], lost["reason"]) == ("lost", "state_lost")
        assert lost["from"] == told["alertId"]
        assert await client.nothing()

    play(server_url, tmp_path, story)


@pytest.mark.parametrize("how", ["restarted", "emptied"])
def test_who_never_had_an_alert_is_told_of_a_server_that_forgot_all(
    how: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("gateway.background.REPORT_SECONDS", 0.1)

    async def story(running: Running) -> None:
        client, other = await running.ready(), await running.ready()
        assert (await client.configure())["outcome"] == "created"
        if how == "emptied":
            with redis.Redis.from_url(forgetful.url) as direct:
                direct.flushall()
        else:
            forgetful.kill()
            await asyncio.to_thread(forgetful.start)
        for one in (client, other):
            lost = await one.receive()
            assert (lost["type"], lost["reason"]) == ("lost", "state_lost")
        assert (await client.configure())["outcome"] == "created"
        assert await client.nothing()

    with running_server(tmp_path) as forgetful:
        play(forgetful.url, a_root(tmp_path), story)
    assert caplog.text.count("Redis has lost state") == 1
