"""The tools `http` and `tcp` against servers on the loopback."""

import asyncio
import contextlib
import gzip
import socket
from collections.abc import Iterator

import pytest

from heartbeat.tools import Observation, ToolCall
from tests.conftest import free_port
from tests.integration.loopback_site import Page, Site, page, redirect, serve
from tests.integration.toolboxes import Seen, a_toolbox, get
from tests.unit.worker.tools.scripted_network import ScriptedNetwork
from worker.tools.body import MAX_BODY_BYTES
from worker.tools.toolbox import Toolbox


def get_page(answer: Page, *, seconds: float = 5.0) -> Observation:
    """Return what is seen of a site with this one page."""

    async def run() -> Seen:
        async with serve({"/": answer}) as site:
            return await get(site.url(), a_toolbox(seconds=seconds))

    seen = asyncio.run(run())
    assert isinstance(seen, Observation)
    return seen


def test_it_measures_status_latency_body_and_json() -> None:
    seen = get_page(page('{"db": {"lag": 1.5}, "up": true}'))

    assert seen.fields["status"] == 200
    assert 0 < float(seen.fields["latency_ms"]) < 5000
    assert seen.fields["body"] == '{"db": {"lag": 1.5}, "up": true}'
    assert seen.fields["json.db.lag"] == 1.5
    assert seen.fields["json.up"] is True


def test_an_error_page_is_a_page() -> None:
    seen = get_page(page("sorry", status="503 Service Unavailable"))

    assert (seen.fields["status"], seen.fields["body"]) == (503, "sorry")


def test_a_host_that_does_not_exist_has_no_fields() -> None:
    url = "http://nope.example/"

    seen = asyncio.run(get(url, a_toolbox(network=ScriptedNetwork())))

    assert isinstance(seen, Observation)
    assert (seen.fields, seen.text) == ({}, "'nope.example': no answer, no such host")


def test_a_refused_connection_has_no_fields() -> None:
    url = f"http://127.0.0.1:{free_port()}/"

    seen = asyncio.run(get(url, a_toolbox()))

    assert isinstance(seen, Observation)
    assert seen.fields == {}
    assert "connection refused" in seen.text


@contextlib.contextmanager
def a_full_backlog() -> Iterator[int]:
    """Listen at a port that answers no further call, and never accept one."""
    with socket.socket() as listener, contextlib.ExitStack() as callers:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        port: int = listener.getsockname()[1]
        yield port


def test_a_host_that_takes_no_call_has_no_fields() -> None:
    with a_full_backlog() as port:
        url = f"http://127.0.0.1:{port}/"
        seen = asyncio.run(get(url, a_toolbox(seconds=0.3)))

    assert isinstance(seen, Observation)
    assert seen.fields == {}
    assert "no connection in time" in seen.text


async def _silence(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _flood(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


def test_silence_is_no_answer() -> None:
    seen = get_page(_silence, seconds=0.3)

    assert seen.fields == {}
    assert "no complete answer in time" in seen.text


def test_a_body_that_drips_has_a_status_and_no_body() -> None:
    seen = get_page(_drip, seconds=0.3)

    assert seen.fields == {"status": 200}
    assert "no complete answer in time" in seen.text


def test_a_body_that_breaks_off_has_a_status_and_no_body() -> None:
    seen = get_page(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    assert seen.fields == {"status": 200}


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10**6],
)
def test_what_is_not_http_has_no_fields(answer: bytes) -> None:
    assert get_page(answer).fields == {}


def test_an_empty_page_is_a_page() -> None:
    seen = get_page(page("", status="204 No Content"))

    assert (seen.fields["status"], seen.fields["body"]) == (204, "")
    assert seen.text.endswith("no body")


def test_long_headers_are_read() -> None:
    policy = "Content-Security-Policy: " + "x" * 30_000

    assert get_page(page("ok", policy)).fields["status"] == 200


def test_an_endless_body_is_read_up_to_the_limit() -> None:
    seen = get_page(_flood)

    assert len(str(seen.fields["body"])) == MAX_BODY_BYTES
    assert len(seen.text) < 5000


def test_a_packed_bomb_is_unpacked_up_to_the_limit() -> None:
    bomb = gzip.compress(b"\0" * (50 * 1024 * 1024))

    seen = get_page(page(bomb, "Content-Encoding: gzip"))

    assert len(str(seen.fields["body"])) == MAX_BODY_BYTES


def test_a_body_that_cannot_be_unpacked_leaves_the_rest() -> None:
    seen = get_page(page(b"?", "Content-Encoding: br"))

    assert set(seen.fields) == {"status", "latency_ms"}
    assert "coding 'br'" in seen.text


def test_it_sends_nothing_but_what_every_client_sends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    pages = {
        "/": redirect("/next", "Set-Cookie: a=b; Path=/"),
        "/next": page("ok"),
    }

    async def run() -> Site:
        async with serve(pages) as site:
            await get(site.url("/"), a_toolbox())
            return site

    _, second = asyncio.run(run()).requests
    head, *lines = second.decode().strip().split("\r\n")
    assert head == "GET /next HTTP/1.1"
    names = {line.partition(":")[0] for line in lines}
    assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}


def connect(host: str, port: int, toolbox: Toolbox) -> Seen:
    call = ToolCall(tool="tcp", arguments=(host, str(port)))
    return asyncio.run(toolbox.observe(call))


def test_a_port_that_accepts_is_open() -> None:
    async def run() -> Seen:
        async with serve({}) as site:
            call = ToolCall(tool="tcp", arguments=("127.0.0.1", str(site.port)))
            return await a_toolbox().observe(call)

    seen = asyncio.run(run())
    assert isinstance(seen, Observation)
    assert seen.fields["open"] is True
    assert 0 < float(seen.fields["latency_ms"]) < 5000


def test_a_host_is_open_if_one_of_its_addresses_is() -> None:
    network = ScriptedNetwork({"two.example": [["127.0.0.2", "127.0.0.1"]]})

    async def run() -> Seen:
        async with serve({}) as site:
            call = ToolCall(tool="tcp", arguments=("two.example", str(site.port)))
            return await a_toolbox(network=network).observe(call)

    seen = asyncio.run(run())
    assert isinstance(seen, Observation)
    assert seen.fields["open"] is True


def test_a_port_that_refuses_is_closed() -> None:
    seen = connect("127.0.0.1", free_port(), a_toolbox())

    assert isinstance(seen, Observation)
    assert seen.fields == {"open": False}
    assert "connection refused" in seen.text


def test_a_port_that_takes_no_call_is_closed() -> None:
    with a_full_backlog() as port:
        seen = connect("127.0.0.1", port, a_toolbox(seconds=0.3))

    assert isinstance(seen, Observation)
    assert seen.fields == {"open": False}
    assert "no answer in time" in seen.text


def test_a_host_that_does_not_exist_has_no_open_port() -> None:
    seen = connect("nope.example", 80, a_toolbox(network=ScriptedNetwork()))

    assert isinstance(seen, Observation)
    assert seen.fields == {"open": False}
