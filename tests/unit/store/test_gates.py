"""Gates that are closed for a while."""

import time
from dataclasses import replace

import pytest

from heartbeat.store import keys
from heartbeat.store.gates import Closed, Gates
from heartbeat.store.server import Server
from heartbeat.verdict import Cause


def closed(ms: int, cause: Cause = Cause.MODEL_LIMITED, why: str = "busy") -> Closed:
    return Closed(cause=cause, why=why, ms=ms)


def test_a_gate_is_open_until_it_is_closed(server: Server) -> None:
    assert Gates(server).read("key", "key:model") == [None, None]


def test_it_is_closed_for_all_with_its_cause_and_for_how_long(server: Server) -> None:
    Gates(server).close("key:model", closed(60_000))
    whole, of_model = Gates(server).read("key", "key:model")
    assert whole is None
    assert of_model is not None
    assert (of_model.cause, of_model.why) == (Cause.MODEL_LIMITED, "busy")
    assert 50_000 < of_model.ms <= 60_000


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        pytest.param(60_000, 1_000, "first", id="shorter"),
        pytest.param(1_000, 60_000, "second", id="longer"),
    ],
)
def test_the_longer_wait_holds(
    server: Server, first: int, second: int, why: str
) -> None:
    gates = Gates(server)
    gates.close("key", closed(first, why="first"))
    gates.close("key", closed(second, why="second"))
    (found,) = gates.read("key")
    assert found is not None
    assert found.why == why
    assert found.ms > 50_000


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cause": "odd", "why": 1}'])
def test_a_gate_that_cannot_be_read_is_closed_all_the_same(
    server: Server, text: str
) -> None:
    server.ask(lambda client: client.set(keys.gate("key"), text, px=60_000))
    (found,) = Gates(server).read("key")
    assert found is not None
    assert found.cause is Cause.MODEL_LIMITED


def test_all_that_are_closed_are_found_with_whose_they_are(server: Server) -> None:
    gates = Gates(server)
    assert gates.closed() == []
    gates.close("key:a:model", replace(closed(90_000), provider="ours"))
    gates.close("key", closed(60_000, Cause.MODEL_AUTH))
    whole, of_model = gates.closed()
    assert (whole.model, whole.closed.cause) == (None, Cause.MODEL_AUTH)
    assert (of_model.model, of_model.closed.provider) == ("a:model", "ours")


def test_a_gate_that_an_operator_opened_is_not_found(server: Server) -> None:
    Gates(server).close("key", closed(60_000))
    server.ask(lambda client: client.delete(keys.gate("key")))
    assert Gates(server).closed() == []


def test_what_has_opened_leaves_nothing_behind(server: Server) -> None:
    gates = Gates(server)
    gates.close("short", closed(1))
    gates.close("long", closed(60_000))
    gates.close("short", closed(30_000))
    left = server.ask(lambda client: client.pttl(keys.GATES))
    assert 50_000 < left <= 60_000
    gates.close("shorter", closed(1))
    wait_for_its_end(server, "shorter")
    gates.close("other", closed(60_000))
    names = server.ask(lambda client: client.zrange(keys.GATES, 0, -1))
    assert names == ["short", "long", "other"]


def wait_for_its_end(server: Server, name: str) -> None:
    ends = server.ask(lambda client: client.zscore(keys.GATES, name))
    deadline = time.monotonic() + 5
    while server.now_ms() < ends:
        assert time.monotonic() < deadline


def test_a_gate_without_an_end_is_none(server: Server) -> None:
    server.ask(lambda client: client.set(keys.gate("key"), "{}"))
    assert Gates(server).read("key") == [None]
