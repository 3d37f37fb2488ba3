"""The tools `redis` and `redis_info` against a real server and servers that are not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from heartbeat.tools import FieldValue, Observation, ToolCall, Unobserved
from tests.conftest import free_port, running_server
from tests.integration.toolboxes import Seen, a_toolbox
from worker.tools.resp import MAX_REPLY_BYTES


async def observe(
    *words: str, owner: str = "local", chosen: str = "", by_model: bool = False
) -> Seen:
    toolbox = a_toolbox(owner=owner, chosen=[chosen] if chosen else [], seconds=2)
    call = ToolCall(tool=words[0], arguments=words[1:])
    return await toolbox.observe(call, chosen_by_model=by_model)


def fields(seen: Seen) -> dict[str, FieldValue]:
    assert isinstance(seen, Observation)
    return dict(seen.fields)


@pytest.fixture
def client(server_url: str) -> "redis.Redis":
    return redis.Redis.from_url(server_url)


@pytest.mark.parametrize(
    ("key", "kind", "length"),
    [
        ("queue", "list", 3),
        ("log", "stream", 1),
        ("due", "zset", 2),
        ("seen", "set", 1),
        ("facts", "hash", 1),
        ("text", "string", 5),
    ],
)
def test_it_tells_the_length_of_every_type(
    server_url: str, client: "redis.Redis", key: str, kind: str, length: int
) -> None:
    with client:
        client.rpush("queue", "a", "b", "c")
        client.xadd("log", {"a": "b"})
        client.zadd("due", {"a": 1, "b": 2})
        client.sadd("seen", "a")
        client.hset("facts", "a", "b")
        client.set("text", "hello")

    seen = asyncio.run(observe("redis", server_url, key))

    assert fields(seen) == {"exists": True, "type": kind, "length": length}


def test_a_queue_that_is_not_there_is_empty(server_url: str) -> None:
    seen = asyncio.run(observe("redis", server_url, "queue"))

    assert fields(seen) == {"exists": False, "length": 0}


def test_it_asks_the_database_that_is_named(
    server_url: str, client: "redis.Redis"
) -> None:
    place = urlsplit(server_url).netloc
    with client:
        client.select(2)
        client.rpush("queue", "x")

    asked = [
        asyncio.run(observe("redis", f"redis://{place}/{n}", "queue"))
        for n in (0, 2, 99)
    ]

    assert [fields(seen).get("exists") for seen in asked] == [False, True, None]


def test_info_is_told_field_by_field(server_url: str) -> None:
    seen = asyncio.run(observe("redis_info", server_url))

    told = fields(seen)
    assert told["answers"] is True
    assert told["info.role"] == "master"
    assert isinstance(told["info.used_memory"], int)
    assert isinstance(told["info.mem_fragmentation_ratio"], float)


def test_a_server_that_refuses_does_not_answer() -> None:
    place = f"127.0.0.1:{free_port()}"

    assert fields(asyncio.run(observe("redis", place, "queue"))) == {}
    assert fields(asyncio.run(observe("redis_info", place))) == {"answers": False}


def test_a_server_that_wants_a_password_cannot_be_told(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        with redis.Redis.from_url(server.url) as client:
            client.config_set("requirepass", "hunter2")
        seen = asyncio.run(observe("redis", server.url, "queue"))

    assert isinstance(seen, Unobserved)
    assert "NOAUTH" in seen.why


@contextlib.asynccontextmanager
async def a_server_that_says(answer: bytes) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not of Redis"),
        (b"$%d\r\n" % (MAX_REPLY_BYTES + 1), "not of Redis"),
        (b"$ten\r\n", "not of Redis"),
        (b"x" * 100_000, "not of Redis"),
        (b"$10\r\nhalf", "connection reset"),
        (b"", "connection reset"),
        (b"-LOADING the dataset\r\n", "it answers 'LOADING the dataset'"),
    ],
)
def test_a_server_that_does_not_serve_has_no_fields(answer: bytes, why: str) -> None:
    async def run() -> Seen:
        async with a_server_that_says(answer) as place:
            return await observe("redis", place, "queue")

    seen = asyncio.run(run())

    assert fields(seen) == {}
    assert isinstance(seen, Observation)
    assert why in seen.text


@pytest.mark.parametrize("tool", [("redis", "queue"), ("redis_info",)])
@pytest.mark.parametrize(
    ("owner", "chosen", "by_model", "is_seen"),
    [
        ("alice", "", False, False),
        ("local", "", True, False),
        ("local", "127.0.0.1", True, True),
    ],
)
def test_it_goes_through_the_gate(
    server_url: str,
    tool: tuple[str, ...],
    owner: str,
    chosen: str,
    by_model: bool,
    is_seen: bool,
) -> None:
    name, *rest = tool
    seen = asyncio.run(
        observe(name, server_url, *rest, owner=owner, chosen=chosen, by_model=by_model)
    )

    assert isinstance(seen, Observation) is is_seen
