"""Where a resume meets what is pushed meanwhile, and what a listener is set to."""

import asyncio
import gc
import socket
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from heartbeat.collector import settle_collector
from heartbeat.feed import Entry
from tests.integration.gateway_fixtures import (
    PATIENCE_SECONDS,
    Running,
    names,
    play,
    tokens_file,
)


class Seam:
    """Writes an alert around the first read of a client that resumes."""

    def __init__(
        self, running: Running, monkeypatch: pytest.MonkeyPatch, *, before: bool
    ) -> None:
        feed = running.gateway._feed
        self._running, self._before = running, before
        self._read, self._hear = feed.read, feed._on_push
        self._heard = asyncio.Event()
        self.is_done = False
        monkeypatch.setattr(feed, "read", self._at_the_seam)
        monkeypatch.setattr(feed, "_on_push", self._pushed)

    def _pushed(self, owner: str, entry: Entry) -> None:
        self._hear(owner, entry)
        self._heard.set()

    async def _at_the_seam(self, owner: str, **place: Any) -> list[Entry]:
        if self.is_done:
            return await self._read(owner, **place)
        self.is_done = True
        if self._before:
            await self._tell()
            return await self._read(owner, **place)
        found = await self._read(owner, **place)
        await self._tell()
        return found

    async def _tell(self) -> None:
        """Write an alert, and wait until the gateway has heard of it."""
        self._heard.clear()
        await self._running.tell("at the seam")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._heard.wait()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("missed", [0, 3, 450])
def test_what_is_pushed_while_the_first_page_is_read_comes_once_and_in_order(
    server_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    missed: int,
    *,
    before: bool,
) -> None:
    async def story(running: Running) -> None:
        await running.tell("known")
        first = await running.client()
        await first.hello(**{"from": "all"})
        (known,) = await first.told(1)
        await first.socket.close()
        if missed:
            await running.tell(*names(1, missed))
        seam = Seam(running, monkeypatch, before=before)
        client = await running.client()
        ready = await client.hello(resume=known["alertId"])
        expected = [*names(1, missed), "at the seam"]
        assert ready["resumed"]
        assert await client.alerts(missed + 1) == expected
        await running.tell("after it")
        assert await client.alerts(1) == ["after it"]
        assert await client.nothing()
        assert seam.is_done

    play(server_url, tmp_path, story)


def test_all_who_wait_for_hello_are_limited_together(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        for _ in range(3):
            await running.client()
        with pytest.raises(InvalidStatus) as refused:
            await running.client()
        response = refused.value.response
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0

    tokens = tokens_file(tmp_path, ["alice"])
    play(server_url, tmp_path, story, tokens_file=tokens, max_pending_connections=3)


def test_a_drain_is_spread_over_its_time(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        clients = [await running.ready() for _ in range(160)]
        loop = asyncio.get_running_loop()
        began = loop.time()
        stopping = asyncio.create_task(running.stop())
        times: list[float] = []

        async def end(number: int) -> None:
            code, _ = await clients[number].closed()
            assert code == 1012
            times.append(loop.time() - began)

        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(end(number) for number in range(len(clients))))
            await stopping
        # Some fifty at a time, a tenth of a second apart.
        times.sort()
        assert times[-1] - times[0] >= 0.15
        assert times[100] - times[0] >= 0.08

    limits = {"drain_seconds": 0.3, "max_connections_per_owner": 200}
    play(server_url, tmp_path, story, **limits)


def test_the_kernel_hides_no_backlog_and_nothing_is_compressed(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        async with connect(running.url, compression="deflate", proxy=None) as client:
            assert client.response is not None
            assert "Sec-WebSocket-Extensions" not in client.response.headers
            (served,) = running.gateway._server._connections
            accepted = served._socket.transport.get_extra_info("socket")
            asked = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            # Linux doubles what it is asked for, to count its own needs.
            assert 32_768 <= asked <= 2 * 32_768

    play(server_url, tmp_path, story, window_bytes=32_768)


def test_the_collector_is_kept_from_standing_the_gateway_still() -> None:
    before = gc.get_threshold()
    try:
        settle_collector()
        assert gc.get_threshold()[0] >= 10_000
        assert gc.get_freeze_count() > 0
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
