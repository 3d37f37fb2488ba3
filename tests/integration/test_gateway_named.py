"""Named clients: where they go on, whatever became of them and of their gateway."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from gateway.commands import THREADS
from heartbeat.store import keys
from heartbeat.store.cursors import MAX_CLIENTS, Cursors
from heartbeat.store.server import Server
from tests.integration.gateway_fixtures import (
    PATIENCE_SECONDS,
    Running,
    a_gateway,
    names,
    play,
)


def test_a_named_client_goes_on_where_it_acknowledged(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        await running.tell(*names(1, 4))
        first = await running.client()
        await first.hello(clientId="phone", **{"from": "all"})
        told = await first.told(4)
        await first.send("ack", alertId=told[1]["alertId"])
        await first.ask("ping")
        await first.socket.close()
        again = await running.client()
        assert (await again.hello(clientId="phone"))["resumed"]
        assert await again.alerts(2) == names(3, 4)
        other = await running.client()
        assert not (await other.hello(clientId="tablet"))["resumed"]
        assert await other.nothing()

    play(server_url, tmp_path, story)


@pytest.mark.parametrize("before", [0, 2])
def test_a_named_client_that_left_before_any_ack_gets_what_it_missed(
    server_url: str, tmp_path: Path, before: int
) -> None:
    async def come_and_go() -> None:
        async with a_gateway(server_url, tmp_path) as running:
            await running.tell(*names(1, before))
            client = await running.client()
            assert not (await client.hello(clientId="n1"))["resumed"]
            client.socket.transport.abort()
            await running.tell(*names(before + 1, before + 3))

    async def come_back() -> None:
        async with a_gateway(server_url, tmp_path) as running:
            for _ in range(2):
                again = await running.client()
                ready = await again.hello(clientId="n1")
                assert (ready["resumed"], ready.get("lost")) == (True, None)
                assert await again.alerts(3) == names(before + 1, before + 3)
                assert await again.nothing()

    asyncio.run(come_and_go())
    asyncio.run(come_back())


def test_a_named_client_that_wanted_all_and_died_gets_all_again(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        await running.tell(*names(1, 6))
        with redis.Redis.from_url(server_url) as direct:
            direct.xtrim(keys.feed("local"), maxlen=4, approximate=False)
        first = await running.client()
        await first.hello(clientId="n1", **{"from": "all"})
        assert await first.alerts(4) == names(3, 6)
        first.socket.transport.abort()
        again = await running.client()
        ready = await again.hello(clientId="n1")
        assert (ready["resumed"], ready.get("lost")) == (True, None)
        assert await again.alerts(4) == names(3, 6)

    play(server_url, tmp_path, story)


def test_a_cursor_outlives_its_gateway_and_resume_outranks_it(
    server_url: str, tmp_path: Path
) -> None:
    async def both() -> None:
        async with a_gateway(server_url, tmp_path) as running:
            await running.tell(*names(1, 4))
            client = await running.client()
            await client.hello(clientId="phone", **{"from": "all"})
            told = await client.told(4)
            await client.send("ack", alertId=told[2]["alertId"])
            await client.ask("ping")
        async with a_gateway(server_url, tmp_path) as running:
            client = await running.ready(clientId="phone")
            assert await client.alerts(1) == names(4, 4)
            other = await running.ready(clientId="phone", resume=told[0]["alertId"])
            assert await other.alerts(3) == names(2, 4)

    asyncio.run(both())


def test_a_client_that_acknowledges_is_sent_a_window_at_a_time(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.ready(clientId="slow")
        await running.tell(*names(1, 1))
        (first,) = await client.told(1)
        await client.send("ack", alertId=first["alertId"])
        await client.ask("ping")
        await running.tell(*names(2, 30))
        told = await client.told(8)
        assert await client.nothing()
        for _ in range(100):
            await client.send("ack", alertId=told[-1]["alertId"])
            if len(told) == 29:
                break
            told += await client.told(1)
        assert [one["name"] for one in told] == names(2, 30)

    play(server_url, tmp_path, story, window_alerts=8)


def name_clients(url: str, count: int) -> None:
    """Let so many clients of the owner acknowledge something."""
    server = Server.connect(url, name="test")
    cursors = Cursors(server)
    for number in range(count):
        cursors.advance("local", f"other{number}", f"1-{number}")
    server.close()


def test_a_seventeenth_client_costs_an_absent_one_nothing(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        pager = await running.ready(clientId="pager")
        await pager.socket.close()
        await asyncio.to_thread(name_clients, server_url, 17)
        await running.tell(*names(1, 2))
        again = await running.client()
        ready = await again.hello(clientId="pager")
        assert (ready["resumed"], ready.get("lost")) == (True, None)
        assert await again.alerts(2) == names(1, 2)

    play(server_url, tmp_path, story)


def test_a_forgotten_client_is_told_that_it_may_have_missed_something(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        pager = await running.ready(clientId="pager")
        await pager.socket.close()
        await asyncio.to_thread(name_clients, server_url, MAX_CLIENTS - 1)
        new = await running.client()
        assert "lost" not in await new.hello(clientId="new")
        await running.tell(*names(1, 2))
        again = await running.client()
        ready = await again.hello(clientId="pager")
        assert (ready["resumed"], ready["lost"]) == (False, {"reason": "state_lost"})
        await again.socket.close()
        known = await running.client()
        assert "lost" not in await known.hello(clientId="pager")
        _, metrics = await running.get("/metrics")
        assert "heartbeat_clients_forgotten_total 2.0" in metrics
        assert 'heartbeat_lost_ranges_total{reason="state_lost"} 1.0' in metrics

    play(server_url, tmp_path, story)


async def until(is_so: Callable[[], object]) -> None:
    """Wait until the store says so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await asyncio.to_thread(is_so):
            await asyncio.sleep(0.05)


def test_the_gateways_own_work_waits_for_no_request(
    server_url: str, tmp_path: Path
) -> None:
    released = threading.Event()

    async def story(running: Running) -> None:
        client = await running.ready(clientId="phone")
        await running.tell(*names(1, 1))
        (told,) = await client.told(1)
        threads = running.gateway._commands._threads  # requests that take very long
        busy = [
            asyncio.create_task(threads.call(released.wait)) for _ in range(2 * THREADS)
        ]
        server = Server.connect(server_url, name="test")
        try:
            await client.send("ack", alertId=told["alertId"])
            cursors = Cursors(server)
            await until(lambda: cursors.get("local", "phone") == told["alertId"])
            server.ask(lambda c: c.delete(keys.WATCH))
            await until(lambda: server.ask(lambda c: c.exists(keys.WATCH)))
            await running.ready(clientId="tablet")
            assert not any(call.done() for call in busy)
        finally:
            released.set()
            await asyncio.gather(*busy)
            server.close()

    play(server_url, tmp_path, story)
