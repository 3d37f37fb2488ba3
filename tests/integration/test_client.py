"""The client on real sockets: the feed over breaks and restarts."""

import asyncio

import pytest

from heartbeat.client import connect
from heartbeat.errors import (
    ConnectionReplaced,
    Unauthorized,
)
from heartbeat.told import LostMessage
from tests.integration.scripted_gateway import (
    AT_ONCE,
    Peer,
    a_gateway,
    answering,
    calm,
    run,
    take,
)


def test_it_says_who_it_is_and_where_to_begin() -> None:
    async def scenario() -> None:
        async with (
            a_gateway(calm) as gateway,
            connect(
                gateway.url, token="secret", client_id="desk", resume="e-4", start="all"
            ) as client,
        ):
            assert client.ready.owner == "local"
        assert gateway.received("hello") == [
            {"type": "hello", "id": "hello", "token": "secret", "clientId": "desk",
             "resume": "e-4", "from": "all"}
        ]  # fmt: skip

    run(scenario())


def test_it_resumes_after_a_break_and_gives_each_alert_once() -> None:
    async def breaks(peer: Peer) -> None:
        await peer.welcome(head="e-1")
        await peer.alert(2)
        await peer.alert(3)
        peer.socket.transport.abort()

    async def replays(peer: Peer) -> None:
        await peer.welcome(resumed=True, head="e-4")
        await peer.alert(3)
        await peer.alert(4)
        await peer.stay()

    async def scenario() -> None:
        async with (
            a_gateway(breaks, replays) as gateway,
            connect(gateway.url, back_off=AT_ONCE) as client,
        ):
            assert await take(client, 3) == ["e-2", "e-3", "e-4"]
        assert [hello.get("resume") for hello in gateway.received("hello")] == [
            None,
            "e-3",
        ]

    run(scenario())


def test_what_was_told_between_two_connections_is_not_passed_over() -> None:
    async def leaves(peer: Peer) -> None:
        await peer.welcome(head="e-7")

    async def scenario() -> None:
        async with (
            a_gateway(leaves, answering) as gateway,
            connect(gateway.url, back_off=AT_ONCE) as client,
        ):
            await client.list()
        assert gateway.received("hello")[-1]["resume"] == "e-7"

    run(scenario())


def test_a_lost_range_is_told_before_what_is_left() -> None:
    async def gappy(peer: Peer) -> None:
        lost = {"from": "e-1", "to": "e-9", "count": 7, "reason": "retention"}
        await peer.welcome(lost=lost, head="e-9")
        await peer.alert(9)
        await peer.stay()

    async def scenario() -> None:
        async with (
            a_gateway(gappy) as gateway,
            connect(gateway.url, resume="e-1") as client,
        ):
            messages = client.alerts()
            assert (await anext(messages)).model_dump()["count"] == 7
            assert (await anext(messages)).model_dump()["alert_id"] == "e-9"
            await messages.aclose()  # type: ignore[attr-defined]  # a generator

    run(scenario())


def test_a_loss_on_a_live_connection_is_told() -> None:
    async def forgetful(peer: Peer) -> None:
        await peer.welcome()
        await peer.send(type="lost", reason="state_lost")
        await peer.stay()

    async def scenario() -> None:
        async with a_gateway(forgetful) as gateway, connect(gateway.url) as client:
            message = await anext(aiter(client.alerts()))
            assert message == LostMessage(reason="state_lost")

    run(scenario())


def test_what_was_taken_is_acknowledged_at_the_close() -> None:
    async def three(peer: Peer) -> None:
        await peer.welcome()
        for number in range(3):
            await peer.alert(number)
        await peer.stay()

    async def scenario() -> None:
        async with a_gateway(three) as gateway:
            async with connect(gateway.url, client_id="desk") as client:
                await take(client, 3)
                assert client.cursor == "e-1"
            assert [ack["alertId"] for ack in gateway.received("ack")] == ["e-1"]

    run(scenario())


def test_who_breaks_off_can_say_that_the_last_is_done() -> None:
    async def one(peer: Peer) -> None:
        await peer.welcome()
        await peer.alert(1)
        await peer.stay()

    async def scenario() -> None:
        async with a_gateway(one) as gateway:
            async with connect(gateway.url) as client:
                async for message in client.alerts():
                    await client.done_with(message)
                    break
            assert [ack["alertId"] for ack in gateway.received("ack")] == ["e-1"]

    run(scenario())


def test_a_batch_is_acknowledged_while_the_client_goes_on() -> None:
    async def many(peer: Peer) -> None:
        await peer.welcome()
        for number in range(20):
            await peer.alert(number)
        assert (await peer.receive("ack"))["alertId"] == "e-15"
        await peer.alert(20)
        await peer.stay()

    async def scenario() -> None:
        async with a_gateway(many) as gateway, connect(gateway.url) as client:
            assert (await take(client, 21))[-1] == "e-20"

    run(scenario())


def test_a_single_alert_is_acknowledged_soon() -> None:
    acknowledged = asyncio.Event()

    async def one(peer: Peer) -> None:
        await peer.welcome()
        await peer.alert(1)
        await peer.receive("ack")
        acknowledged.set()
        await peer.stay()

    async def scenario() -> None:
        async with a_gateway(one) as gateway, connect(gateway.url) as client:

            async def consume() -> None:
                async for _ in client.alerts():
                    pass

            consumer = asyncio.create_task(consume())
            await acknowledged.wait()
        await consumer  # the client was closed: the feed has ended

    run(scenario())


@pytest.mark.parametrize(
    ("code", "error"), [(4401, Unauthorized), (4409, ConnectionReplaced)]
)
def test_a_client_that_is_turned_away_stops(code: int, error: type[Exception]) -> None:
    async def turning_away(peer: Peer) -> None:
        await peer.welcome()
        await peer.alert(1)
        await peer.send(
            type="closing", code=code, reason="no", reconnect=False, delayMs=[0, 0]
        )
        await peer.socket.close(code)

    async def scenario() -> None:
        async with a_gateway(turning_away) as gateway:
            async with connect(gateway.url, back_off=AT_ONCE) as client:
                assert await take(client, 1) == ["e-1"]
                with pytest.raises(error):
                    await take(client, 1)
                with pytest.raises(error):
                    await client.list()
            assert len(gateway.received("hello")) == 1

    run(scenario())


def test_it_waits_as_the_gateway_asks_before_it_comes_back() -> None:
    async def draining(peer: Peer) -> None:
        await peer.welcome()
        await peer.send(
            type="closing", code=1012, reason="drain", reconnect=True,
            delayMs=[150, 200],
        )  # fmt: skip
        await peer.socket.close(1012)

    async def scenario() -> None:
        async with (
            a_gateway(draining, answering) as gateway,
            connect(gateway.url, back_off=AT_ONCE) as client,
        ):
            loop = asyncio.get_running_loop()
            began = loop.time()
            await client.list()
            assert loop.time() - began >= 0.14

    run(scenario())


def test_a_slow_consumer_holds_the_feed_back_and_loses_nothing() -> None:
    async def flooding(peer: Peer) -> None:
        await peer.welcome()
        for number in range(1_000):
            await peer.alert(number)
        await peer.stay()

    async def scenario() -> None:
        async with a_gateway(flooding) as gateway, connect(gateway.url) as client:
            async with asyncio.timeout(5):
                while not client._connection.inbox.is_full:
                    await asyncio.sleep(0.01)
            assert await take(client, 1_000) == [f"e-{n}" for n in range(1_000)]

    run(scenario())
