"""A feed in which something cannot be read: a loss that is told, and nothing worse."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from heartbeat.feed import BEGINNING, Entry
from heartbeat.store import keys
from heartbeat.store.server import Server
from tests.integration.gateway_fixtures import Running, alert, names, play
from tests.integration.test_ledger_feed import Heard, listening
from tests.unit.store.ledger import tell_owner

OWNER = "local"
#: What stands where `prev` and a payload belong.
BAD_ENTRIES: list[dict[str, str]] = [
    {"x": "y"},
    {"payload": alert("never told")},
    {"prev": "7", "payload": alert("never told")},
    {"prev": "7-1", "payload": "{"},
]


@pytest.fixture
def store(server_url: str) -> Iterator[Server]:
    server = Server.connect(server_url, name="test")
    yield server
    server.close()


def spoil_feed(
    store: Server, fields: dict[str, str] | None = None, *, places: int = 1
) -> None:
    """Put an entry at its end, or some places after it, that no script has written."""
    epoch, n = newest(store).split("-")
    alert_id = f"{epoch}-{int(n) + places}"
    entry = fields or {"x": "y"}
    store.ask(lambda client: client.xadd(keys.feed(OWNER), entry, id=alert_id))


def newest(store: Server) -> str:
    found = store.ask(lambda client: client.xrevrange(keys.feed(OWNER), count=1))
    return str(cast(list[tuple[str, object]], found)[0][0])


def test_a_head_that_cannot_be_read_is_none(
    server_url: str, store: Server, caplog: pytest.LogCaptureFixture
) -> None:
    tell_owner(store, OWNER, '{"n": 1}')
    store.ask(lambda client: client.hset(keys.feed_head(OWNER), "last", "x"))

    async def story(heard: Heard) -> None:
        assert await heard.reader.head(OWNER) is None

    listening(server_url, story)
    assert "feed-head:local: expected an id, got 'x'" in caplog.text


@pytest.mark.parametrize("limit", [1, 2, 9])
def test_an_entry_that_cannot_be_read_is_passed_over_and_shows_as_a_hole(
    server_url: str, store: Server, limit: int
) -> None:
    tell_owner(store, OWNER, '{"n": 1}')
    for _ in range(3):
        spoil_feed(store)
    hole = newest(store)
    tell_owner(store, OWNER, '{"n": 5}', '{"n": 6}')

    async def story(heard: Heard) -> None:
        found: list[Entry] = []
        after = None
        while page := await heard.reader.read(OWNER, after=after, limit=limit):
            found += page
            after = page[-1].alert_id
        assert [entry.payload for entry in found] == [
            f'{{"n": {n}}}' for n in (1, 5, 6)
        ]
        assert found[1].prev == hole

    listening(server_url, story)


@pytest.mark.parametrize(
    "fields", BAD_ENTRIES, ids=["other fields", "no prev", "bad prev", "bad payload"]
)
@pytest.mark.parametrize(
    "hello", [{"from": "all"}, {"resume": BEGINNING}], ids=["all", "resume"]
)
def test_who_comes_is_told_what_can_be_read_and_how_much_cannot(
    server_url: str,
    tmp_path: Path,
    store: Server,
    hello: dict[str, object],
    fields: dict[str, str],
) -> None:
    async def story(running: Running) -> None:
        await running.tell(*names(1, 2))
        spoil_feed(store, fields)
        spoil_feed(store, fields)
        await running.tell(*names(5, 6))
        client = await running.client()
        ready = await client.hello(**hello)
        assert (ready["type"], ready.get("lost")) == ("ready", None)
        assert await client.alerts(2) == names(1, 2)
        lost = await client.receive()
        assert (lost["type"], lost["count"]) == ("lost", 2)
        assert await client.alerts(2) == names(5, 6)

    play(server_url, tmp_path, story)


def test_who_is_there_is_told_of_a_bad_entry_once_something_follows(
    server_url: str, tmp_path: Path, store: Server
) -> None:
    async def story(running: Running) -> None:
        client = await running.ready()
        await running.tell(*names(1, 2))
        spoil_feed(store)
        await running.tell(*names(4, 4))
        assert await client.alerts(2) == names(1, 2)
        lost = await client.receive()
        assert (lost["type"], lost["count"]) == ("lost", 1)
        assert await client.alerts(1) == names(4, 4)

    play(server_url, tmp_path, story)


def test_an_id_that_is_too_large_costs_the_feed_and_is_told(
    server_url: str, tmp_path: Path, store: Server
) -> None:
    async def story(running: Running) -> None:
        await running.tell(*names(1, 2))
        client = await running.ready(**{"from": "all"})
        assert await client.alerts(2) == names(1, 2)
        spoil_feed(store, places=10**17)
        late = await running.client()
        assert (await late.hello(resume=BEGINNING))["type"] == "ready"
        assert await late.alerts(2) == names(1, 2)
        await running.tell(*names(3, 3))
        assert await client.alerts(1) == names(3, 3)
        assert await late.alerts(1) == names(3, 3)
        latest = await running.client()
        assert (await latest.hello(resume=BEGINNING))["lost"]["count"] == 2

    play(server_url, tmp_path, story)
