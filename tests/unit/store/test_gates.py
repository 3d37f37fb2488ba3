"""Gates that are closed for a while."""

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


def test_a_gate_without_an_end_is_none(server: Server) -> None:
    server.ask(lambda client: client.set(keys.gate("key"), "{}"))
    assert Gates(server).read("key") == [None]
