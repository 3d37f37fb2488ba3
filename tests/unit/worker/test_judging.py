"""Judging one slot that has begun, whatever its runner does."""

import asyncio
import logging
import time
from dataclasses import replace
from datetime import timedelta

import fakeredis
import pytest

from heartbeat.store.runs import Begun, Runs
from heartbeat.store.server import Server
from tests.unit.worker.runs import FREE, a_config, open_slot
from worker.evaluation import Evaluation, Unusable
from worker.judging import Judging
from worker.lease import HeldLease

#: How long anything may take on a busy machine, in seconds.
PATIENCE_SECONDS = 20.0


class Hanging:
    """A runner that never comes to an end."""

    async def evaluate(self, *_: object, **__: object) -> Evaluation | Unusable:
        await asyncio.Event().wait()
        raise AssertionError("nobody has set it")


def test_a_run_that_hangs_beyond_its_limit_ends_as_not_judged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(fakeredis.FakeRedis(decode_responses=True))
    run_id, runs = open_slot(server, a_config()), Runs(server)
    begun = runs.begin("local:hb-1", run_id, host="one", nonce="n")
    assert isinstance(begun, Begun)
    judging = Judging(runner=Hanging(), spend_of=lambda *_: FREE, overtime_seconds=0.05)
    soon_over = replace(begun, run_limit=timedelta(seconds=0.05))
    held = HeldLease(runs, begun.lease, asked=time.monotonic())

    async def judge() -> Evaluation | Unusable | None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await judging.judge(soon_over, held)

    with caplog.at_level(logging.ERROR):
        found = asyncio.run(judge())
    assert isinstance(found, Unusable)
    assert found.reason == "internal"
    assert f"{run_id} failed" in caplog.text
