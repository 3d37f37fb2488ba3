"""Those who connect and say nothing, or too many at once, keep nobody out for long."""

import asyncio
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.integration.gateway_fixtures import (
    PATIENCE_SECONDS,
    Running,
    play,
    tokens_file,
)

ALICE = {"Authorization": "Bearer alicealice"}


async def silent(running: Running) -> asyncio.StreamReader:
    """Connect and send nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    running.at_end(writer.close)
    return reader


async def is_cut(reader: asyncio.StreamReader, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            await reader.read()
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def test_sockets_that_send_nothing_are_few_and_end_at_the_deadline(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        first, second = await silent(running), await silent(running)
        third = await silent(running)
        assert await is_cut(third, within=PATIENCE_SECONDS)
        assert not await is_cut(first, within=0.05)
        assert await is_cut(first, within=PATIENCE_SECONDS)
        assert await is_cut(second, within=PATIENCE_SECONDS)
        client = await running.client(headers=ALICE)
        assert (await client.hello())["owner"] == "alice"

    limits = {"max_pending_per_address": 2, "hello_seconds": 1.0}
    play(
        server_url,
        tmp_path,
        story,
        tokens_file=tokens_file(tmp_path, ["alice"]),
        **limits,
    )


def test_half_a_request_is_as_silent_as_none(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /ws HTTP/1.1\r\nHost: here\r\n")
        assert await is_cut(await silent(running), within=PATIENCE_SECONDS)
        assert await is_cut(reader, within=PATIENCE_SECONDS)
        writer.close()
        assert (await running.get("/healthz"))[0] == 200

    play(
        server_url,
        tmp_path,
        story,
        tokens_file=tokens_file(tmp_path, ["alice"]),
        max_pending_per_address=1,
        hello_seconds=1.0,
    )


def test_without_tokens_one_address_may_connect_often_at_once(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        readers = [await silent(running) for _ in range(5)]
        assert not await is_cut(readers[-1], within=0.05)
        await running.ready()

    play(server_url, tmp_path, story, max_pending_per_address=1)


def test_more_than_a_burst_of_upgrades_is_asked_to_wait(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        answers = []
        for _ in range(4):
            try:
                async with connect(running.url, proxy=None):
                    answers.append((101, None))
            except InvalidStatus as refused:
                answer = refused.response
                answers.append((answer.status_code, answer.headers["Retry-After"]))
        assert answers == [(101, None), *[(503, "10")] * 3]
        for path in ("/healthz", "/metrics"):
            assert (await running.get(path))[0] == 200

    play(server_url, tmp_path, story, max_connects_per_second=0.01)
