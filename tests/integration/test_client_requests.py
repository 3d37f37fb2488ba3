"""The client on real sockets: connecting, and requests over breaks."""

import asyncio

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from heartbeat.client import BackOff, connect
from heartbeat.errors import (
    GatewayUnavailable,
    HeartbeatError,
    InvalidInput,
    InvalidMessage,
    RequestRefused,
    Unauthorized,
)
from tests.integration.scripted_gateway import (
    AT_ONCE,
    Peer,
    a_gateway,
    answering,
    calm,
    run,
    take,
)


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
        with pytest.raises(InvalidMessage, match="clientId"):
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


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        pytest.param(403, Unauthorized, "HTTP 403", id="foreign-origin"),
        pytest.param(404, InvalidInput, "expected a gateway's /ws", id="other-path"),
        pytest.param(503, GatewayUnavailable, "cannot reach", id="draining"),
    ],
)
def test_an_http_answer_is_told_for_what_it_is(
    status: int, error: type[Exception], said: str
) -> None:
    def answer(socket: ServerConnection, _: Request) -> Response:
        return socket.respond(status, "no\n")

    async def scenario() -> None:
        async with serve(
            lambda _: asyncio.sleep(0), "127.0.0.1", 0, process_request=answer
        ) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(error, match=said):
                async with connect(f"ws://127.0.0.1:{port}/ws"):
                    pass

    run(scenario())


def test_what_is_said_before_ready_does_not_confuse_it() -> None:
    async def early(peer: Peer) -> None:
        await peer.send(type="ping")
        await answering(peer)

    async def scenario() -> None:
        async with a_gateway(early) as gateway, connect(gateway.url) as client:
            assert (await client.list()).heartbeats == ()

    run(scenario())


def test_a_refused_hello_fails_the_first_connection() -> None:
    async def refusing(peer: Peer) -> None:
        hello = await peer.receive("hello")
        await peer.send(
            type="error", requestId=hello["id"], code="unauthorized", message="who?"
        )
        await peer.stay()

    async def scenario() -> None:
        async with a_gateway(refusing) as gateway:
            with pytest.raises(RequestRefused, match=r"who\?"):
                async with connect(gateway.url):
                    pass

    run(scenario())


def test_a_reply_of_another_kind_is_an_error() -> None:
    async def confused(peer: Peer) -> None:
        await peer.welcome()
        request = await peer.receive("heartbeat.list")
        await peer.send(type="pong", id=request["id"])
        await peer.stay()

    async def scenario() -> None:
        async with a_gateway(confused) as gateway, connect(gateway.url) as client:
            with pytest.raises(
                InvalidMessage, match=r"expected 'heartbeat.list.result'.*got 'pong'"
            ):
                await client.list()

    run(scenario())


def test_an_error_of_its_own_ends_the_client_instead_of_hanging_it() -> None:
    class Surprising(BackOff):
        def longest(self, attempt: int) -> float:
            raise ZeroDivisionError

    async def leaves(peer: Peer) -> None:
        await peer.welcome()

    async def scenario() -> None:
        async with (
            a_gateway(leaves) as gateway,
            connect(gateway.url, back_off=Surprising()) as client,
        ):
            with pytest.raises(HeartbeatError, match="see the log"):
                await take(client, 1)

    run(scenario())
