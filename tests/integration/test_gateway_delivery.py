"""What reaches whom, over real sockets and a server that fails in real ways."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from heartbeat.store import keys
from tests.conftest import RunningServer, running_server
from tests.integration.gateway_fixtures import (
    PATIENCE_SECONDS,
    Client,
    Running,
    a_root,
    names,
    play,
    tokens_file,
)


def kill_pushes(url: str) -> None:
    """Cut every connection that listens to pushes, and nothing else."""
    with redis.Redis.from_url(url) as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")


def write_without_a_push(
    url: str, owner: str, name: str, *, prev: str | None = None
) -> None:
    """Append to a feed as if the push had been lost on its way."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        head = client.hgetall(keys.feed_head(owner))
        n = int(head["n"]) + 1
        alert_id = f"{head['epoch']}-{n}"
        payload = client.xrevrange(keys.feed(owner), count=1)[0][1]["payload"]
        fields = {
            "prev": head["last"] if prev is None else prev,
            "payload": payload.replace("trouble 1", name),
        }
        client.xadd(keys.feed(owner), fields, id=alert_id)
        client.hset(keys.feed_head(owner), mapping={"n": n, "last": alert_id})


def test_a_client_that_only_configures_is_live(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        await running.tell("before it came")
        client = await running.client()
        await client.configure()
        await running.tell(*names(1, 3))
        assert await client.alerts(3) == names(1, 3)

    play(server_url, a_root(tmp_path), story)


def test_a_client_that_says_nothing_is_live_after_a_while(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        assert await client.nothing()
        await running.tell(*names(1, 2))
        assert await client.alerts(2) == names(1, 2)

    play(server_url, tmp_path, story, hello_seconds=0.1)


def test_a_resume_has_no_hole_and_no_double(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        first = await running.ready()
        await running.tell(*names(1, 5))
        seen = await first.told(5)
        for cut in range(5):
            again = await running.client()
            ready = await again.hello(resume=seen[cut]["alertId"])
            assert ready["resumed"]
            assert ready["head"] == seen[4]["alertId"]
            assert await again.alerts(4 - cut) == names(cut + 2, 5)
            assert await again.nothing()

    play(server_url, tmp_path, story)


def test_the_seam_holds_while_alerts_keep_coming(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        await running.tell(*names(1, 300))

        async def go_on() -> None:
            for n in range(301, 401):
                await running.tell(*names(n, n))

        async def follow() -> None:
            client = await running.client()
            await client.hello(**{"from": "all"})
            assert await client.alerts(400) == names(1, 400)

        await asyncio.gather(go_on(), *(follow() for _ in range(5)))

    play(server_url, tmp_path, story)


def test_what_retention_took_is_told_exactly(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        await running.tell(*names(1, 10))
        client = await running.ready(**{"from": "all"})
        told = await client.told(10)
        with redis.Redis.from_url(server_url) as direct:
            direct.xtrim(keys.feed("local"), maxlen=3, approximate=False)
        again = await running.client()
        ready = await again.hello(resume=told[1]["alertId"])
        assert not ready["resumed"]
        assert ready["lost"] == {
            "from": told[1]["alertId"],
            "to": told[7]["alertId"],
            "count": 5,
            "reason": "retention",
        }
        assert await again.alerts(3) == names(8, 10)

    play(server_url, tmp_path, story)


def test_a_server_that_forgot_everything_is_told_as_lost(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.ready()
        await running.tell(*names(1, 2))
        told = await client.told(2)
        with redis.Redis.from_url(server_url) as direct:
            direct.flushall()
        again = await running.client()
        ready = await again.hello(resume=told[1]["alertId"])
        assert ready["lost"]["reason"] == "state_lost"
        await running.tell(*names(3, 3))
        assert (await client.receive())["type"] == "lost"
        assert await client.alerts(1) == names(3, 3)
        assert await again.alerts(1) == names(3, 3)

    play(server_url, tmp_path, story)


def test_a_resume_of_another_feed_is_not_silent(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        await running.tell(*names(1, 1))
        client = await running.client()
        ready = await client.hello(resume="9999999999999999-7")
        assert ready["lost"]["reason"] == "state_lost"
        await running.tell(*names(2, 2))
        assert await client.alerts(1) == names(2, 2)

    play(server_url, tmp_path, story)


def test_every_connection_of_an_owner_hears_all_and_no_other_owner_a_byte(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        alice = [await running.client() for _ in range(3)]
        bob = await running.client()
        for client in alice:
            await client.hello(token="alicealice")
        await bob.hello(token="bobbob", **{"from": "all"})
        made = await alice[0].configure(content="- [ ] x\n")
        name = made["scheduleId"]
        await running.tell(*names(1, 5), owner="alice")
        for client in alice:
            assert await client.alerts(5) == names(1, 5)
        assert await bob.nothing()
        assert (await bob.ask("heartbeat.list"))["heartbeats"] == []
        for kind in ("get", "delete", "pause", "run", "history", "incidents"):
            reply = await bob.ask(f"heartbeat.{kind}", scheduleId=name)
            assert reply["code"] == "not_found", kind
        stolen = await bob.configure("theirs.md", content="- [ ] y\n", scheduleId=name)
        assert stolen["outcome"] == "created"
        assert (await alice[0].ask("heartbeat.get", scheduleId=name))["items"][0][
            "description"
        ] == "x"
        missed = await running.client()
        ready = await missed.hello(token="bobbob", owner="alice")
        assert ready["owner"] == "bob"
        assert "'owner'" in str(ready["warnings"])

    tokens = tokens_file(tmp_path, ["alice", "bob"])
    play(server_url, tmp_path, story, tokens_file=tokens)


def test_owners_with_tokens_have_folders_of_their_own(
    server_url: str, tmp_path: Path
) -> None:
    a_root(tmp_path)
    (tmp_path / "alice").mkdir()
    a_root(tmp_path / "alice")
    (tmp_path / "alice" / "own.md").write_text("- [ ] mine\n")

    async def story(running: Running) -> None:
        alice = await running.ready(token="alicealice")
        assert (await alice.configure("own.md"))["outcome"] == "created"
        bob = await running.ready(token="bobbob")
        for path in ("own.md", "../alice/own.md", str(tmp_path / "alice/own.md")):
            assert (await bob.configure(path))["code"] == "checklist_unavailable"

    tokens = tokens_file(tmp_path, ["alice", "bob"])
    play(server_url, tmp_path, story, tokens_file=tokens)


def test_pushes_that_were_cut_are_read_from_the_stream(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.ready()
        await running.tell(*names(1, 1))
        for n in range(2, 12):
            kill_pushes(server_url)
            await running.tell(*names(n, n))
        assert await client.alerts(11) == names(1, 11)
        assert await client.nothing()

    play(server_url, tmp_path, story)


def test_a_last_push_that_was_lost_is_found_by_its_position(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.background.POSITION_SECONDS", 0.1)

    async def story(running: Running) -> None:
        client = await running.ready()
        await running.tell("trouble 1")
        assert await client.alerts(1) == ["trouble 1"]
        write_without_a_push(server_url, "local", "trouble 2")
        assert await client.alerts(1) == ["trouble 2"]

    play(server_url, tmp_path, story)


def test_an_entry_that_cannot_be_read_is_told_as_lost_and_silences_nothing(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.ready()
        await running.tell("trouble 1")
        (told,) = await client.told(1)
        write_without_a_push(server_url, "local", "trouble 2", prev="no id")
        again = await running.client()
        welcome = await again.hello(resume=told["alertId"])
        assert welcome["type"] == "ready"
        kill_pushes(server_url)
        await running.tell("trouble 3")
        assert (await client.alerts(1))[-1] == "trouble 3"

    play(server_url, tmp_path, story, max_connections_per_owner=2)


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that keeps what it has said it has, and may be killed."""
    folder = tmp_path / "server"
    folder.mkdir()
    with running_server(folder, "--appendonly", "yes", "--appendfsync", "always") as it:
        yield it


def test_a_server_that_is_killed_loses_nothing_and_no_socket(
    durable: RunningServer, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.ready()
        await running.tell(*names(1, 1))
        assert await client.alerts(1) == names(1, 1)
        for n in range(2, 5):
            durable.kill()
            refused = await client.ask("heartbeat.list")
            assert (refused["code"], refused["retryable"]) == (
                "store_unavailable",
                True,
            )
            await asyncio.to_thread(durable.start)
            await running.tell(*names(n, n))
            assert await client.alerts(1) == names(n, n)
        assert (await client.ask("heartbeat.list"))["heartbeats"] == []

    play(durable.url, tmp_path, story)


def test_who_comes_while_the_server_is_away_may_say_hello_again(
    durable: RunningServer, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        durable.kill()
        client = await running.client()
        assert (await client.hello())["code"] == "store_unavailable"
        await asyncio.to_thread(durable.start)
        await until_ready(client)
        await running.tell(*names(1, 1))
        assert await client.alerts(1) == names(1, 1)

    play(durable.url, tmp_path, story)


@pytest.mark.parametrize("hello", [{"clientId": "tablet"}, {}], ids=["other", "none"])
def test_a_hello_that_failed_keeps_its_name_from_nobody(
    durable: RunningServer, tmp_path: Path, hello: dict[str, str]
) -> None:
    async def story(running: Running) -> None:
        durable.kill()
        client = await running.client()
        refused = await client.hello(clientId="phone")
        assert refused["code"] == "store_unavailable"
        await asyncio.to_thread(durable.start)
        await until_ready(client, **hello)
        phone = await running.client()
        await until_ready(phone, clientId="phone")
        await running.tell(*names(1, 1))
        for one in (phone, client):
            assert await one.alerts(1) == names(1, 1)

    play(durable.url, tmp_path, story)


async def until_ready(client: Client, **hello: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await client.hello(**hello))["type"] != "ready":
            await asyncio.sleep(0.05)


def test_a_client_that_reads_nothing_costs_nobody_else(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        slow = await running.ready()
        slow.socket.transport.pause_reading()
        quick = await running.ready()
        big = [f"trouble {n} {'x' * 20_000}" for n in range(300)]
        for start in range(0, 300, 50):
            await running.tell(*big[start : start + 50])
            assert await quick.alerts(50) == big[start : start + 50]
        slow.socket.transport.resume_reading()
        assert await slow.alerts(300) == big

    play(server_url, tmp_path, story)
