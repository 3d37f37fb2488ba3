"""A gate as one process sees it."""

import asyncio

from heartbeat.store import keys
from heartbeat.store.gates import Closed, Gates
from heartbeat.store.server import Server
from heartbeat.verdict import Cause
from worker.model_gate import ModelGate, credential_of

LONG = Closed(cause=Cause.MODEL_LIMITED, why="busy", ms=3_600_000)


class Counted(Gates):
    """Counts how often the store is asked."""

    reads = 0

    def read(self, *names: str) -> list[Closed | None]:
        self.reads += 1
        return super().read(*names)


def test_many_at_once_ask_the_store_once(server: Server) -> None:
    async def run() -> int:
        gates = Counted(server)
        gate = ModelGate(gates, "key")
        await asyncio.gather(*(gate.passed("m") for _ in range(50)))
        other = ModelGate(gates, "key")
        await asyncio.gather(*(other.passed("m") for _ in range(50)))
        return gates.reads

    assert asyncio.run(run()) == 2


def test_a_gate_that_an_operator_opens_is_open(server: Server) -> None:
    async def run() -> None:
        Gates(server).close("key:m", LONG)
        gate = ModelGate(Gates(server), "key", fresh_seconds=0)
        failure = await gate.passed("m")
        assert failure is not None
        assert failure.cause is Cause.MODEL_LIMITED
        server.ask(lambda client: client.delete(keys.gate("key:m")))
        assert await gate.passed("m") is None

    asyncio.run(run())


def test_a_refused_key_is_not_waited_for(server: Server) -> None:
    async def run() -> None:
        refused = Closed(cause=Cause.MODEL_AUTH, why="refused", ms=5_000)
        Gates(server).close("key", refused)
        async with asyncio.timeout(1):
            failure = await ModelGate(Gates(server), "key").passed("m")
        assert failure is not None
        assert failure.cause is Cause.MODEL_AUTH
        assert failure.why.endswith("refused")

    asyncio.run(run())


def test_a_short_wait_is_over_when_its_time_is(server: Server) -> None:
    async def run() -> None:
        Gates(server).close("key:m", Closed(cause=LONG.cause, why="busy", ms=50))
        async with asyncio.timeout(5):
            assert await ModelGate(Gates(server), "key").passed("m") is None

    asyncio.run(run())


def test_a_key_is_named_without_being_told() -> None:
    name = credential_of("sk-secret", "https://api.example")
    assert "secret" not in name
    assert name == credential_of("sk-secret", "https://api.example")
    assert name != credential_of("sk-secret", "https://other.example")
