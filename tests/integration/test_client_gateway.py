"""The client over a real gateway that is killed, restarted and drained."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from heartbeat.client import BackOff, Client, connect
from heartbeat.protocol import to_frame
from heartbeat.store.server import Server
from heartbeat.told import Resolved
from tests.acceptance.processes import Fleet, running_fleet
from tests.conftest import free_port
from tests.unit.store.ledger import tell_owner

AT_ONCE = BackOff(first_seconds=0.05, limit_seconds=0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A gateway's place, the store behind it, and the fleet that runs it."""

    fleet: Fleet
    store: Server
    port: int

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def tell(self, name: str) -> None:
        """Write one message into the feed of the owner `local`."""
        message = Resolved(name=name, timestamp="", kind="action", items=())
        tell_owner(self.store, "local", to_frame(message))


@pytest.fixture
def site(server_url: str, tmp_path: Path) -> Iterator[Site]:
    store = Server.connect(server_url, name="test")
    with running_fleet(server_url, tmp_path) as fleet:
        yield Site(fleet=fleet, store=store, port=free_port())
    store.close()


async def take(client: Client, count: int) -> list[str | None]:
    names: list[str | None] = []
    async with asyncio.timeout(20):
        async for message in client.alerts():
            assert isinstance(message, Resolved)
            names.append(message.name)
            if len(names) == count:
                await client.done_with(message)
                break
    return names


def test_nothing_is_lost_or_told_twice_over_two_kills(site: Site) -> None:
    async def scenario() -> None:
        gateway = site.fleet.gateway(port=site.port)
        async with connect(site.url, back_off=AT_ONCE) as client:
            taking = asyncio.create_task(take(client, 30))
            for number in range(30):
                await asyncio.to_thread(site.tell, str(number))
                if number in (9, 19):
                    await asyncio.to_thread(gateway.kill)
                if number in (14, 24):
                    gateway = await asyncio.to_thread(
                        site.fleet.gateway, port=site.port
                    )
            assert await taking == [str(number) for number in range(30)]

    asyncio.run(scenario())


def test_a_drained_client_comes_back_and_asks_again(site: Site) -> None:
    async def scenario() -> None:
        gateway = site.fleet.gateway(port=site.port, HEARTBEAT_DRAIN_SECONDS="0")
        async with connect(site.url, back_off=AT_ONCE) as client:
            gateway.terminate()
            await asyncio.to_thread(gateway.wait)
            asking = asyncio.create_task(client.list())
            await asyncio.to_thread(site.fleet.gateway, port=site.port)
            assert (await asking).heartbeats == ()

    asyncio.run(scenario())


def test_a_named_client_goes_on_where_it_was_done(site: Site) -> None:
    async def scenario() -> None:
        site.fleet.gateway(port=site.port)
        for number in range(4):
            site.tell(str(number))
        async with connect(site.url, client_id="desk", start="all") as client:
            assert await take(client, 2) == ["0", "1"]
        async with connect(site.url, client_id="desk") as client:
            assert await take(client, 2) == ["2", "3"]
        async with connect(site.url, start="all") as client:
            assert len(await take(client, 4)) == 4

    asyncio.run(scenario())


def test_a_given_cursor_is_resumed_from(site: Site) -> None:
    async def scenario() -> None:
        site.fleet.gateway(port=site.port)
        for number in range(3):
            site.tell(str(number))
        async with connect(site.url, start="all") as client:
            await take(client, 2)
            cursor = client.cursor
        async with connect(site.url, resume=cursor) as client:
            assert client.ready.resumed
            assert await take(client, 1) == ["2"]

    asyncio.run(scenario())
