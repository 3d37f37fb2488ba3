"""The client on real sockets, against a gateway that follows a script."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from heartbeat.client import BackOff, Client, connect
from heartbeat.errors import (
    ConnectionReplaced,
    GatewayUnavailable,
    InvalidInput,
    InvalidMessage,
    RequestRefused,
    Unauthorized,
)
from heartbeat.told import Alert

AT_ONCE = BackOff(first_seconds=0.01, limit_seconds=0.05)

Frame = dict[str, object]
Life = Callable[["Peer"], Awaitable[None]]


class Peer:
    """The gateway's end of one connection, with words for what a script says."""

    def __init__(self, socket: ServerConnection, seen: list[Frame]) -> None:
        self.socket = socket
        self.seen = seen

    async def send(self, **frame: object) -> None:
        await self.socket.send(json.dumps(frame))

    async def receive(self, kind: str) -> Frame:
        """Read on until a message of this type; all are remembered."""
        while True:
            frame: Frame = json.loads(await self.socket.recv())
            self.seen.append(frame)
            if frame["type"] == kind:
                return frame

    async def welcome(self, **fields: object) -> Frame:
        hello = await self.receive("hello")
        ready: Frame = {
            "type": "ready",
            "id": hello["id"],
            "owner": "local",
            "resumed": False,
            "limits": {},
        }
        await self.send(**(ready | fields))
        return hello

    async def alert(self, number: int) -> None:
        await self.send(
            type="heartbeat.alert",
            alertId=f"e-{number}",
            kind="action",
            timestamp="2026-11-24T16:00:00.000Z",
            checks=[
                {"description": "disk", "actionNeeded": True,
                 "severity": "warning", "state": "new"}
            ],
        )  # fmt: skip

    async def stay(self) -> None:
        """Take what comes until the client goes."""
        with suppress(ConnectionClosed):
            await self.receive("never")


class Gateway:
    """Gives each connection the next life of the script, the last one for ever."""

    def __init__(self, lives: tuple[Life, ...]) -> None:
        self.lives = list(lives)
        self.seen: list[Frame] = []
        self.url = ""

    async def handle(self, socket: ServerConnection) -> None:
        life = self.lives.pop(0) if len(self.lives) > 1 else self.lives[0]
        with suppress(ConnectionClosed):
            await life(Peer(socket, self.seen))

    def received(self, kind: str) -> list[Frame]:
        return [frame for frame in self.seen if frame["type"] == kind]


@asynccontextmanager
async def a_gateway(*lives: Life) -> AsyncIterator[Gateway]:
    gateway = Gateway(lives)
    async with serve(gateway.handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        gateway.url = f"ws://127.0.0.1:{port}/ws"
        yield gateway


async def take(client: Client, count: int) -> list[str | None]:
    """Take that many alerts, acknowledging all, and return their ids."""
    ids: list[str | None] = []
    async for message in client.alerts():
        assert isinstance(message, Alert)
        ids.append(message.alert_id)
        if len(ids) == count:
            break
    return ids


def run(scenario: Awaitable[None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(15):
            await scenario

    asyncio.run(bounded())


async def calm(peer: Peer) -> None:
    await peer.welcome()
    await peer.stay()


async def answering(peer: Peer) -> None:
    await peer.welcome()
    while True:
        request = await peer.receive("heartbeat.list")
        await peer.send(type="heartbeat.list.result", id=request["id"], heartbeats=[])


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


def test_only_fields_that_were_given_go_over_the_wire() -> None:
    async def configured(peer: Peer) -> None:
        await peer.welcome()
        request = await peer.receive("heartbeat.configure")
        await peer.send(
            type="heartbeat.configured", id=request["id"], scheduleId="hb-1",
            outcome="created", nextRuns=[], items=[],
            config={"timezone": "UTC", "align": "spread", "enabled": True,
                    "notify": "changes", "repeatMinutes": 240, "sources": {}},
        )  # fmt: skip
        await peer.stay()

    async def scenario() -> None:
        async with (
            a_gateway(configured) as gateway,
            connect(gateway.url) as client,
        ):
            reply = await client.configure("a.md", interval=5, name="A")
            assert (reply.schedule_id, reply.outcome) == ("hb-1", "created")
        (frame,) = gateway.received("heartbeat.configure")
        del frame["id"]
        assert frame == {
            "type": "heartbeat.configure",
            "heartbeatPath": "a.md",
            "interval": 5.0,
            "name": "A",
        }

    run(scenario())


def test_a_misspelt_field_is_an_error_here() -> None:
    async def scenario() -> None:
        async with a_gateway(calm) as gateway, connect(gateway.url) as client:
            with pytest.raises(InvalidMessage, match="intervall"):
                await client.configure("a.md", intervall=5)  # type: ignore[call-arg]  # the mistake under test

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


def test_it_answers_the_gateways_ping() -> None:
    async def pinging(peer: Peer) -> None:
        await peer.welcome()
        await peer.send(type="ping")
        await peer.receive("pong")
        request = await peer.receive("heartbeat.list")
        await peer.send(type="heartbeat.list.result", id=request["id"], heartbeats=[])
        await peer.stay()

    async def scenario() -> None:
        async with (
            a_gateway(pinging) as gateway,
            connect(gateway.url) as client,
        ):
            async with asyncio.timeout(5):
                while not gateway.received("pong"):
                    await asyncio.sleep(0.01)
            assert (await client.list()).heartbeats == ()

    run(scenario())


def test_silence_is_taken_for_death(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heartbeat.client.connection._SILENCE_MARGIN", 0.1)

    async def silent(peer: Peer) -> None:
        await peer.welcome(limits={"pingSeconds": 0.1})
        await peer.stay()

    async def scenario() -> None:
        async with (
            a_gateway(silent, answering) as gateway,
            connect(gateway.url, back_off=AT_ONCE) as client,
        ):
            assert (await client.list()).heartbeats == ()
            assert len(gateway.received("heartbeat.list")) == 2

    run(scenario())


def test_a_request_is_sent_again_after_a_break() -> None:
    async def breaks(peer: Peer) -> None:
        await peer.welcome()
        await peer.receive("heartbeat.list")
        peer.socket.transport.abort()

    async def scenario() -> None:
        async with (
            a_gateway(breaks, answering) as gateway,
            connect(gateway.url, back_off=AT_ONCE) as client,
        ):
            assert (await client.list()).heartbeats == ()

    run(scenario())


def test_a_run_is_not_asked_for_twice() -> None:
    async def breaks(peer: Peer) -> None:
        await peer.welcome()
        await peer.receive("heartbeat.run")
        peer.socket.transport.abort()

    async def scenario() -> None:
        async with (
            a_gateway(breaks, calm) as gateway,
            connect(gateway.url, back_off=AT_ONCE) as client,
        ):
            with pytest.raises(GatewayUnavailable, match="not known") as caught:
                await client.run("hb-1")
            assert caught.value.retryable
            assert len(gateway.received("heartbeat.run")) == 1

    run(scenario())


def test_a_refusal_has_the_gateways_code() -> None:
    async def refusing(peer: Peer) -> None:
        await peer.welcome()
        request = await peer.receive("heartbeat.get")
        await peer.send(
            type="error", requestId=request["id"], code="not_found", message="no hb-1"
        )
        await peer.stay()

    async def scenario() -> None:
        async with a_gateway(refusing) as gateway, connect(gateway.url) as client:
            with pytest.raises(RequestRefused, match="no hb-1") as caught:
                await client.get("hb-1")
            assert caught.value.code == "not_found"

    run(scenario())


def test_no_answer_in_time_is_an_error_that_may_heal() -> None:
    async def scenario() -> None:
        async with (
            a_gateway(calm) as gateway,
            connect(gateway.url, request_seconds=0.05) as client,
        ):
            with pytest.raises(GatewayUnavailable, match=r"within 0\.05 s"):
                await client.list()

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


def test_a_wrong_token_fails_the_first_connection() -> None:
    async def refusing(peer: Peer) -> None:
        await peer.receive("hello")
        await peer.send(
            type="closing", code=4401, reason="token", reconnect=False, delayMs=[0, 0]
        )
        await peer.socket.close(4401)

    async def scenario() -> None:
        async with a_gateway(refusing) as gateway:
            with pytest.raises(Unauthorized, match="4401"):
                async with connect(gateway.url, token="wrong"):
                    pass

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


def test_an_unreachable_gateway_is_told_at_once() -> None:
    async def scenario() -> None:
        async with a_gateway(calm) as gateway:
            url = gateway.url
        with pytest.raises(GatewayUnavailable, match="cannot reach"):
            async with connect(url):
                pass

    run(scenario())


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1/ws", "127.0.0.1:8765", "ws://", "ws:///ws"]
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    async def scenario() -> None:
        with pytest.raises(InvalidInput, match="expected ws://"):
            async with connect(url):
                pass

    run(scenario())


def test_a_bad_client_id_is_refused_before_connecting() -> None:
    async def scenario() -> None:
        with pytest.raises(InvalidMessage, match="client_id"):
            async with connect("ws://127.0.0.1:1/ws", client_id="a b"):
                pass

    run(scenario())


def test_an_unknown_message_is_passed_over() -> None:
    async def newer(peer: Peer) -> None:
        await peer.welcome()
        await peer.send(type="news", text="hello")
        await peer.alert(1)
        await peer.stay()

    async def scenario() -> None:
        async with a_gateway(newer) as gateway, connect(gateway.url) as client:
            assert await take(client, 1) == ["e-1"]

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
