"""Several gateways on one server: one name, one limit."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import uvloop
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway import background
from heartbeat.store import keys
from tests.integration.gateway_fixtures import (
    PATIENCE_SECONDS,
    Client,
    Running,
    a_gateway,
    a_root,
    tokens_file,
)


def play_at(
    url: str,
    root: Path,
    story: Callable[[Running, Running], Awaitable[None]],
    **settings: object,
) -> None:
    """Play a story against two gateways."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            one, other = [
                await stack.enter_async_context(a_gateway(url, root, **settings))
                for _ in range(2)
            ]
            await story(one, other)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


async def closed(client: Client) -> int | None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        code, _ = await client.closed()
    return code


async def greet(client: Client, **hello: object) -> None:
    """Say hello; whoever comes second may be faster than the answer."""
    with contextlib.suppress(ConnectionClosed):
        await client.hello(**hello)


async def is_open(client: Client) -> bool:
    try:
        return (await client.ask("ping"))["type"] == "pong"
    except ConnectionClosed:
        return False


def test_a_client_that_comes_back_elsewhere_leaves_no_other_of_its_name(
    server_url: str, tmp_path: Path
) -> None:
    async def story(one: Running, other: Running) -> None:
        await one.tell("a trouble")
        old = await one.client()
        await old.hello(clientId="phone", **{"from": "all"})
        (told,) = await old.told(1)
        await old.send("ack", alertId=told["alertId"])
        await old.ask("ping")
        tablet = await one.ready(clientId="tablet")
        new = await other.client()
        await new.hello(clientId="phone")
        assert await closed(old) == 4409
        assert await is_open(new)
        assert await is_open(tablet)

    play_at(server_url, tmp_path, story)


def test_of_two_that_come_in_the_same_instant_exactly_one_stays(
    server_url: str, tmp_path: Path
) -> None:
    async def story(one: Running, other: Running) -> None:
        for number in range(30):
            clients = [await one.client(), await other.client()]
            await asyncio.gather(
                *(greet(client, clientId=f"c{number}") for client in clients)
            )
            ends = [asyncio.create_task(closed(client)) for client in clients]
            done, left = await asyncio.wait(
                ends, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_SECONDS
            )
            assert [end.result() for end in done] == [4409]
            for end in left:
                end.cancel()
            await asyncio.wait(left)
            (stays,) = [
                client for client, end in zip(clients, ends, strict=True) if end in left
            ]
            assert await is_open(stays)
            await stays.socket.close()

    play_at(server_url, a_root(tmp_path), story)


def test_what_nobody_heard_is_found_by_comparing(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "POSITION_SECONDS", 0.1)
    monkeypatch.setattr(keys, "GATEWAYS", "nobody listens here")

    async def story(one: Running, other: Running) -> None:
        monkeypatch.setattr(keys, "GATEWAYS", "nor here")
        old = await one.ready(clientId="phone")
        new = await other.ready(clientId="phone")
        assert await closed(old) == 4409
        assert await is_open(new)

    play_at(server_url, tmp_path, story)


def test_logins_that_fail_at_one_gateway_count_at_the_other(
    server_url: str, tmp_path: Path
) -> None:
    async def guess(running: Running) -> int | None:
        try:
            client = await running.client(headers={"Authorization": "Bearer guess"})
        except InvalidStatus as refused:
            return refused.response.status_code
        return await closed(client)

    async def story(one: Running, other: Running) -> None:
        assert [await guess(one) for _ in range(3)] == [4401] * 3
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await guess(other) != 429:
                pass
        # At most one more was let through before the word had come.
        right = await other.client(headers={"Authorization": "Bearer alicealice"})
        assert await is_open(right)

    tokens = tokens_file(tmp_path, ["alice"])
    limits = {"tokens_file": tokens, "max_failed_logins_per_minute": 3}
    play_at(server_url, tmp_path, story, **limits)


def test_an_owner_configures_so_often_at_all_gateways_together(
    server_url: str, tmp_path: Path
) -> None:
    async def story(one: Running, other: Running) -> None:
        here, there = await one.ready(), await other.ready()
        for _ in range(4):
            assert (await here.configure())["type"] == "heartbeat.configured"
        async with asyncio.timeout(PATIENCE_SECONDS):
            codes = [(await there.configure()).get("code") for _ in range(4)]
        assert codes[-1] == "rate_limited"
        assert (await here.configure()).get("code") == "rate_limited"

    root = a_root(tmp_path)
    play_at(server_url, root, story, max_configures_per_minute=4)
