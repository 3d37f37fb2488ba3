"""The feed as a gateway reads it, on a real server that fails in real ways."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest
import redis
from redis.asyncio import Connection, ConnectionPool

from heartbeat.errors import StoreError, StoreUnavailable
from heartbeat.feed import Entry
from heartbeat.store import keys, push_line
from heartbeat.store.feed import FeedReader
from heartbeat.store.server import Server
from tests.conftest import RunningServer, running_server
from tests.unit.store.ledger import tell_owner

PATIENCE_SECONDS = 20.0


class Heard:
    """What a reader was told, in order; and a reader that tells it."""

    def __init__(self, url: str) -> None:
        self.pushed: list[tuple[str, Entry]] = []
        self.resets = 0
        self.reader = FeedReader(url, on_push=self._push, on_reset=self._reset)

    @property
    def payloads(self) -> list[str]:
        return [entry.payload for _, entry in self.pushed]

    def _push(self, owner: str, entry: Entry) -> None:
        self.pushed.append((owner, entry))

    def _reset(self) -> None:
        self.resets += 1

    async def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, (self.pushed, self.resets)
            await asyncio.sleep(0.01)


def listening(
    url: str,
    story: Callable[[Heard], Coroutine[None, None, None]],
    listener: type[Heard] = Heard,
) -> Heard:
    async def run() -> Heard:
        heard = listener(url)
        await heard.reader.start()
        try:
            await story(heard)
        finally:
            await heard.reader.close()
        return heard

    return asyncio.run(run())


@pytest.fixture
def store(server_url: str) -> Iterator[Server]:
    server = Server.connect(server_url, name="test")
    yield server
    server.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(
        tmp_path, "--appendonly", "yes", "--appendfsync", "always"
    ) as server:
        yield server


def test_a_subscriber_gets_each_entry_with_the_one_before(
    server_url: str, store: Server
) -> None:
    async def story(heard: Heard) -> None:
        await heard.reader.subscribe("ann")
        tell_owner(store, "ann", '{"a": 1}', '{"b": "x y  z"}')
        await heard.until(lambda: len(heard.pushed) == 2)

    heard = listening(server_url, story)
    (_, first), (_, second) = heard.pushed
    assert heard.payloads == ['{"a": 1}', '{"b": "x y  z"}']
    assert (first.prev, second.prev) == ("", first.alert_id)


def test_another_owners_entries_stay_unseen(server_url: str, store: Server) -> None:
    async def story(heard: Heard) -> None:
        await heard.reader.subscribe("ann")
        tell_owner(store, "bob", "{}")
        tell_owner(store, "ann", "{}")
        await heard.until(lambda: bool(heard.pushed))

    assert [owner for owner, _ in listening(server_url, story).pushed] == ["ann"]


def test_an_owner_can_leave_and_come_back(server_url: str, store: Server) -> None:
    async def story(heard: Heard) -> None:
        await heard.reader.subscribe("ann")
        await heard.reader.unsubscribe("ann")
        await heard.reader.subscribe("bob")
        tell_owner(store, "ann", '{"n": 1}')
        await heard.reader.subscribe("ann")
        tell_owner(store, "ann", '{"n": 2}')
        await heard.until(lambda: bool(heard.pushed))

    assert listening(server_url, story).payloads == ['{"n": 2}']


def test_a_call_that_is_given_up_leaves_the_line_whole(
    server_url: str, store: Server
) -> None:
    async def story(heard: Heard) -> None:
        await heard.reader.subscribe("bob")
        for _ in range(20):
            leaving = asyncio.create_task(heard.reader.subscribe("ann"))
            await asyncio.sleep(0)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
        await heard.reader.subscribe("ann")
        tell_owner(store, "ann", "{}")
        await heard.until(lambda: bool(heard.pushed))

    assert listening(server_url, story).resets == 1


@pytest.mark.parametrize("turns", range(0, 120, 6))
def test_a_reader_ends_at_whatever_moment_it_is_told_to(
    server_url: str, turns: int
) -> None:
    """A client that sends by `asyncio.wait_for` loses an order that comes just then."""

    async def ended() -> None:
        for extra in range(6):
            reader = FeedReader(
                server_url, on_push=lambda *_: None, on_reset=lambda: None
            )
            await reader.start()
            for _ in range(turns + extra):
                await asyncio.sleep(0)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await reader.close()

    asyncio.run(ended())


def test_a_cut_line_is_made_anew_and_says_so_once_it_listens(
    server_url: str, store: Server
) -> None:
    async def story(heard: Heard) -> None:
        await heard.reader.subscribe("ann")
        before = heard.resets
        store.ask(lambda client: client.client_kill_filter(_type="pubsub"))
        await heard.until(lambda: heard.resets > before)
        tell_owner(store, "ann", "{}")
        await heard.until(lambda: bool(heard.pushed))

    listening(server_url, story)


class KeptPool(ConnectionPool):
    """Keeps the connections it has made, so that a test can cut one at an instant."""

    made: list[Connection]

    def make_connection(self) -> Connection:
        self.made.append(super().make_connection())  # type: ignore[no-untyped-call]  # redis-py has not typed it
        return self.made[-1]


def test_a_line_that_was_just_cut_is_left_and_not_mended_unheard(
    server_url: str,
) -> None:
    """Redis' client connects again to send, and would then listen to no channel."""

    async def story() -> None:
        pool = KeptPool.from_url(server_url, decode_responses=True, protocol=2)
        pool.made, resets = [], asyncio.Semaphore(0)
        line = push_line.PushLine(
            pool, on_message=lambda *_: None, on_reset=resets.release
        )
        running = asyncio.create_task(line.run())
        await line.subscribe("one")
        await line.subscribe("two")
        await resets.acquire()
        for command in (line.unsubscribe("one"), line.subscribe("three")):
            cut = pool.made[-1]
            await cut.disconnect(nowait=True)
            await command
            assert not cut.is_connected
            async with asyncio.timeout(PATIENCE_SECONDS):
                await resets.acquire()
        assert len(pool.made) == 3
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())


def test_a_server_that_restarts_is_heard_again(own_server: RunningServer) -> None:
    async def story(heard: Heard) -> None:
        await heard.reader.subscribe("ann")
        before = heard.resets
        own_server.kill()
        await asyncio.to_thread(own_server.start)
        await heard.until(lambda: heard.resets > before)
        await asyncio.to_thread(tell_owner, store, "ann", "{}")
        await heard.until(lambda: bool(heard.pushed))

    store = Server.connect(own_server.url, name="test")
    listening(own_server.url, story)
    store.close()


def test_a_frozen_server_is_noticed_and_left(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_line, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(push_line, "PATIENCE_SECONDS", 0.3)

    async def story(heard: Heard) -> None:
        await heard.reader.subscribe("ann")
        os.kill(own_server.pid, signal.SIGSTOP)
        with pytest.raises(StoreUnavailable):
            await heard.reader.subscribe("bob")
        before = heard.resets
        os.kill(own_server.pid, signal.SIGCONT)
        await heard.until(lambda: heard.resets > before)
        await heard.reader.subscribe("bob")

    listening(own_server.url, story)


def test_without_a_server_every_call_says_that_it_is_away(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_line, "PATIENCE_SECONDS", 0.2)
    own_server.kill()

    async def story(heard: Heard) -> None:
        with pytest.raises(StoreUnavailable):
            await heard.reader.subscribe("ann")
        with pytest.raises(StoreUnavailable):
            await heard.reader.read("ann", after=None, limit=1)
        with pytest.raises(StoreUnavailable):
            await heard.reader.head("ann")

    listening(own_server.url, story)


def test_a_subscription_waits_for_a_server_that_is_coming(
    own_server: RunningServer,
) -> None:
    own_server.kill()

    async def story(heard: Heard) -> None:
        subscribing = asyncio.create_task(heard.reader.subscribe("ann"))
        await asyncio.to_thread(own_server.start)
        await subscribing

    listening(own_server.url, story)


def test_a_server_that_is_still_loading_is_asked_again() -> None:
    asked = 0
    answering: list[asyncio.Task[object] | None] = []

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal asked
        answering.append(asyncio.current_task())
        while data := await reader.read(4096):
            if b"SUBSCRIBE" not in data:
                writer.write(b"+OK\r\n" * data.count(b"*"))
                continue
            asked += 1
            channel = data.split(b"\r\n")[-2]
            confirmed = b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n"
            writer.write(
                confirmed % (len(channel), channel)
                if asked > 2
                else b"-LOADING Valkey is loading the dataset in memory\r\n"
            )
        writer.close()
        await writer.wait_closed()

    async def story() -> None:
        loading = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = loading.sockets[0].getsockname()[1]
        heard = Heard(f"redis://127.0.0.1:{port}/0")
        await heard.reader.start()
        await heard.reader.subscribe("ann")
        await heard.reader.close()
        loading.close()
        await asyncio.gather(*(task for task in answering if task))

    asyncio.run(story())
    assert asked == 3


def test_reading_goes_on_after_a_place_page_by_page(
    server_url: str, store: Server
) -> None:
    tell_owner(store, "ann", *(f'{{"n": {n}}}' for n in range(5)))

    async def story(heard: Heard) -> None:
        first = await heard.reader.read("ann", after=None, limit=2)
        rest = await heard.reader.read("ann", after=first[-1].alert_id, limit=9)
        assert [entry.payload for entry in first] == ['{"n": 0}', '{"n": 1}']
        assert [entry.payload for entry in rest] == [f'{{"n": {n}}}' for n in (2, 3, 4)]
        assert rest[0].prev == first[-1].alert_id
        assert await heard.reader.head("ann") == rest[-1].alert_id

    listening(server_url, story)


def test_the_head_outlives_the_stream(server_url: str, store: Server) -> None:
    tell_owner(store, "ann", "{}")
    store.ask(lambda client: client.delete(keys.feed("ann")))

    async def story(heard: Heard) -> None:
        assert await heard.reader.read("ann", after=None, limit=1) == []
        assert (await heard.reader.head("ann") or "").endswith("-1")
        assert await heard.reader.head("bob") is None

    listening(server_url, story)


def test_a_push_that_is_none_of_ours_is_passed_over(
    server_url: str, store: Server
) -> None:
    async def story(heard: Heard) -> None:
        await heard.reader.subscribe("ann")
        store.ask(lambda client: client.publish(keys.push("ann"), "junk"))
        tell_owner(store, "ann", "{}")
        await heard.until(lambda: bool(heard.pushed))

    assert listening(server_url, story).payloads == ["{}"]


def test_a_listener_that_fails_costs_a_reset_and_nothing_else(
    server_url: str, store: Server
) -> None:
    class Touchy(Heard):
        def _push(self, owner: str, entry: Entry) -> None:
            super()._push(owner, entry)
            if len(self.pushed) == 1:
                raise ZeroDivisionError

    async def story(heard: Heard) -> None:
        await heard.reader.subscribe("ann")
        tell_owner(store, "ann", '{"n": 1}')
        await heard.until(lambda: heard.resets == 2)
        tell_owner(store, "ann", '{"n": 2}')
        await heard.until(lambda: len(heard.pushed) == 2)

    listening(server_url, story, Touchy)


def test_redis_errors_are_ours(server_url: str, store: Server) -> None:
    with redis.Redis.from_url(server_url) as client:
        client.config_set("requirepass", "x")
    try:
        with pytest.raises(StoreError):
            listening(server_url, ask_for_head)
    finally:
        with redis.Redis.from_url(server_url, password="x") as client:
            client.config_set("requirepass", "")


async def ask_for_head(heard: Heard) -> None:
    await heard.reader.head("ann")
