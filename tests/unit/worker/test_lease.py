"""Keeping a lease from the event loop."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from heartbeat.errors import StoreUnavailable
from heartbeat.store.runs import Lease, Runs
from heartbeat.store.server import Server
from worker.lease import HeldLease, LeaseLost

LEASE = Lease(uid="local:hb-1", run_id="run", token="1")


class ScriptedRuns(Runs):
    """Answers renewals by a script; an exception is raised; then the end is lost."""

    def __init__(self, server: Server, *answers: bool | Exception) -> None:
        super().__init__(server, lease_ms=60)
        self._answers: Iterator[bool | Exception] = iter((*answers, False))
        self.renewed = 0

    def renew(self, lease: Lease, *, now_ms: int | None = None) -> bool:
        self.renewed += 1
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def keep(runs: Runs) -> float:
    """Keep a lease until it is lost; return how long it was good beyond its start."""

    async def run() -> float:
        asked = time.monotonic()
        held = HeldLease(runs, LEASE, asked=asked)
        await asyncio.sleep(held.pause)
        with pytest.raises(LeaseLost):
            await held.keep()
        return held.good_until - asked

    return asyncio.run(run())


def test_it_is_renewed_until_the_ledger_says_that_it_is_lost(server: Server) -> None:
    runs = ScriptedRuns(server, True, True)
    assert keep(runs) > 2 * 0.02 + 0.06
    assert runs.renewed == 3


def test_a_store_that_is_away_for_a_moment_does_not_lose_it(server: Server) -> None:
    runs = ScriptedRuns(server, StoreUnavailable("away"), True)
    assert keep(runs) > 0.06
    assert runs.renewed == 3


def test_it_is_lost_when_it_must_have_ended_while_the_store_was_away(
    server: Server,
) -> None:
    runs = ScriptedRuns(server, *[StoreUnavailable("away")] * 50)
    assert keep(runs) == pytest.approx(0.06)
    assert 2 <= runs.renewed <= 4
