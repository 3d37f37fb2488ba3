"""Every way a client is let in, turned away or closed, over real sockets."""

import asyncio
from pathlib import Path

import pytest
import redis
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.integration.gateway_fixtures import (
    PATIENCE_SECONDS,
    Client,
    Running,
    a_root,
    play,
    tokens_file,
)


async def upgrade(running: Running, **headers: str) -> int:
    """Try to connect; return the HTTP status of the answer."""
    try:
        async with connect(running.url, additional_headers=headers, proxy=None):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def closed_with(client: Client) -> tuple[int | None, bool]:
    """Return the close code, and whether the client is asked to come back."""
    code, last = await client.closed()
    assert last["type"] == "closing"
    assert last["code"] == code
    return code, last["reconnect"]


def test_tokens_let_in_by_hello_and_by_header(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        assert (await client.hello(token="alicealice"))["owner"] == "alice"
        client = await running.client(headers={"Authorization": "Bearer bobbob"})
        assert (await client.ask("heartbeat.list"))["heartbeats"] == []
        client = await running.client(headers={"Authorization": "bearer bobbob"})
        assert (await client.hello())["owner"] == "bob"

    tokens = tokens_file(tmp_path, ["alice", "bob"])
    play(server_url, tmp_path, story, tokens_file=tokens)


def test_wrong_tokens_are_closed_and_too_many_keep_out_wrong_ones_only(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        for _ in range(2):
            client = await running.client()
            await client.send("hello", token="guess")
            assert await closed_with(client) == (4401, False)
        client = await running.client(headers={"Authorization": "Bearer guess"})
        assert await closed_with(client) == (4401, False)
        assert await upgrade(running, Authorization="Bearer guess") == 429
        client = await running.client()
        await client.send("hello", token="guess")
        assert await closed_with(client) == (4429, True)
        assert await upgrade(running, Authorization="Bearer alicealice") == 101
        client = await running.client()
        assert (await client.hello(token="alicealice"))["type"] == "ready"
        _, metrics = await running.get("/metrics")
        assert 'heartbeat_auth_failures_total{reason="token"} 3.0' in metrics
        assert 'heartbeat_auth_failures_total{reason="blocked"} 2.0' in metrics

    tokens = tokens_file(tmp_path, ["alice"])
    play(
        server_url, tmp_path, story, tokens_file=tokens, max_failed_logins_per_minute=3
    )


def test_a_token_in_the_url_lets_nobody_in(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        async with connect(f"{running.url}?token=alicealice", proxy=None) as socket:
            client = Client(socket)
            assert await closed_with(client) == (4408, True)

    tokens = tokens_file(tmp_path, ["alice"])
    play(server_url, tmp_path, story, tokens_file=tokens, hello_seconds=0.2)


def test_before_hello_nothing_else_is_taken(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        assert (await client.ask("heartbeat.list"))["code"] == "invalid_message"
        assert await closed_with(client) == (4400, False)
        client = await running.client()
        await client.send("hello", token="x" * 5_000)
        assert await closed_with(client) == (1009, False)

    tokens = tokens_file(tmp_path, ["alice"])
    play(server_url, tmp_path, story, tokens_file=tokens)


def test_a_withdrawn_token_closes_its_connections(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.background.TOKENS_SECONDS", 0.05)
    tokens = tokens_file(tmp_path, ["alice", "bob"])

    async def story(running: Running) -> None:
        alice = await running.ready(token="alicealice")
        bob = await running.ready(token="bobbob")
        tokens_file(tmp_path, ["bob"])
        assert await closed_with(alice) == (4403, False)
        assert (await bob.ask("ping"))["type"] == "pong"

    play(server_url, tmp_path, story, tokens_file=tokens)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://ops.example", 101),
        ("https://evil.example", 403),
        ("https://ops.example.evil.example", 403),
        ("https://ops.example:444", 403),
        ("http://localhost:8765", 403),
        ("null", 403),
    ],
)
def test_a_page_of_another_origin_is_refused_before_the_upgrade(
    origin: str, status: int, server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        assert await upgrade(running, Origin=origin) == status
        assert await upgrade(running) == 101

    play(server_url, tmp_path, story, origins=("https://ops.example",))


def test_a_frame_that_is_too_large_closes_only_its_socket(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        other = await running.ready()
        client = await running.client()
        await client.socket.send("x" * 1_000_000)
        code, _ = await client.closed()
        assert code == 1009
        assert (await other.ask("ping"))["type"] == "pong"

    play(server_url, tmp_path, story)


def test_the_same_client_twice_is_the_newer_one(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        older = await running.ready(clientId="phone")
        other = await running.ready(clientId="tablet")
        newer = await running.ready(clientId="phone")
        assert await closed_with(older) == (4409, False)
        for client in (newer, other):
            assert (await client.ask("ping"))["type"] == "pong"

    play(server_url, tmp_path, story)


def test_messages_beyond_the_rate_close_in_the_end(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        for n in range(40):
            await client.send("ping", id=str(n))
        kinds = [(await client.receive())["type"] for _ in range(10)]
        assert kinds == ["pong"] * 10
        assert (await client.receive())["code"] == "rate_limited"
        assert await closed_with(client) == (4429, True)

    play(server_url, tmp_path, story, max_commands_per_second=5)


def test_too_many_connections_are_turned_away(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        first = await running.ready()
        second = await running.client()
        await second.send("hello")
        assert await closed_with(second) == (4429, True)
        silent = await running.client()
        third = await running.client()
        assert await closed_with(third) == (1013, True)
        for client in (first, silent):
            await client.socket.ping()

    limits = {"max_connections": 2, "max_connections_per_owner": 1}
    play(server_url, tmp_path, story, **limits)


def test_those_who_say_no_hello_are_limited_by_address(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        for _ in range(2):
            await running.client()
        assert await upgrade(running) == 503

    tokens = tokens_file(tmp_path, ["alice"])
    play(server_url, tmp_path, story, tokens_file=tokens, max_pending_per_address=2)


def test_a_client_that_does_not_pong_is_closed(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.ready()
        client.socket.transport.pause_reading()  # it hears nothing and says nothing
        alive = await running.client()
        await alive.configure()
        await asyncio.sleep(0.8)
        client.socket.transport.resume_reading()
        assert await closed_with(client) == (4412, True)
        assert (await alive.ask("ping"))["type"] == "pong"

    play(server_url, a_root(tmp_path), story, ping_seconds=0.2)


def test_a_client_that_answers_pings_stays(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.ready()
        for _ in range(4):
            assert (await client.receive())["type"] == "ping"
            await client.send("pong")

    play(server_url, tmp_path, story, ping_seconds=0.3)


def test_a_client_that_takes_nothing_is_closed(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.ready(clientId="stuck")
        await running.tell("one")
        (first,) = await client.told(1)
        await client.send("ack", alertId=first["alertId"])
        await client.ask("ping")
        await running.tell("two", "three", "four")
        assert await closed_with(client) == (4410, True)

    play(server_url, tmp_path, story, window_alerts=2, stalled_seconds=0.3)


def test_a_drain_sends_everybody_elsewhere_and_answers_first(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        clients = [await running.ready() for _ in range(5)]
        with redis.Redis.from_url(server_url) as direct:
            direct.client_pause(300)
        await clients[0].send("heartbeat.list", id="last")
        await asyncio.sleep(0.1)  # until it is being carried out
        stopping = asyncio.create_task(running.stop())
        assert await upgrade(running) == 503
        assert await running.get("/readyz") == (503, "draining\n")
        assert (await clients[0].receive())["id"] == "last"
        closes = await asyncio.gather(*(closed_with(one) for one in clients))
        assert closes == [(1012, True)] * 5
        async with asyncio.timeout(PATIENCE_SECONDS):
            await stopping

    play(server_url, tmp_path, story)


def test_plain_requests_are_answered_on_the_same_port(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        assert await running.get("/healthz") == (200, "ok\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await running.get("/readyz"))[0] != 200:
                await asyncio.sleep(0.02)
        await (await running.ready()).configure()
        status, text = await running.get("/metrics")
        assert status == 200
        assert "heartbeat_connections 1.0" in text
        assert 'heartbeat_commands_total{outcome="ok"' in text or (
            'heartbeat_commands_total{type="heartbeat.configure",outcome="ok"} 1.0'
            in text
        )
        assert (await running.get("/"))[1].startswith("heartbeat gateway")
        assert (await running.get("/no"))[0] == 404
        assert (await running.get("/ws"))[0] == 426

    play(server_url, a_root(tmp_path), story)
