"""Running a slot: the right to, what ends it early, and what is written."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from heartbeat.config import HeartbeatConfig
from heartbeat.errors import StoreUnavailable
from heartbeat.runs import Reason, RunRecord, RunStatus
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.runs import Begun, Fenced, Known, Lease, Outcome, Refused, Runs
from heartbeat.store.server import Server
from heartbeat.store.slots import Slots
from heartbeat.verdict import Cause
from tests.unit.worker.runs import (
    FakeTools,
    a_config,
    a_runner,
    an_execution,
    on_this_loop,
    open_slot,
)
from worker.evaluation import Evaluation, Unusable
from worker.items import Spend
from worker.runner import Due

UID = "local:hb-1"
_T = TypeVar("_T")


def history(server: Server) -> list[RunRecord]:
    return list(Runs(server).history("local", "hb-1"))


def told(server: Server) -> int:
    return int(server.ask(lambda client: client.xlen("{hb}:feed:local")))


async def until(look: Callable[[], _T]) -> _T:
    async with asyncio.timeout(10):
        while not (answer := look()):
            await asyncio.sleep(0)
    return answer


class HeldUp:
    """An execution whose run waits at its first observation."""

    def __init__(self, server: Server, runs: Runs | None = None) -> None:
        self.gate = asyncio.Event()
        runner = a_runner(tools=FakeTools(gate=self.gate))
        self.execution = an_execution(server, runner, runs=runs, submit=on_this_loop())
        self._server = server

    async def run(self, run_id: str) -> str:
        """Run a slot from a thread, as a worker does."""
        return await asyncio.to_thread(self.execution.run, UID, run_id)

    async def start(self, run_id: str) -> asyncio.Task[str]:
        """Start a run, and return when it has begun."""
        running = asyncio.create_task(self.run(run_id))
        heartbeats = Heartbeats(self._server)
        await until(lambda: heartbeats.get("local", "hb-1").running)
        return running


def test_a_run_is_recorded_with_its_host_and_results(server: Server) -> None:
    run_id = open_slot(server, a_config())
    summary = an_execution(server, a_runner()).run(UID, run_id)
    (record,) = history(server)
    assert summary == "ok (1 ok)"
    assert (record.run_id, record.status, record.host) == (
        run_id,
        RunStatus.OK,
        "host-1",
    )
    assert [item.description for item in record.items] == ["the load is low"]


def test_each_run_is_one_line_in_the_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="worker")
    run_id = open_slot(server, a_config())
    an_execution(server, a_runner()).run(UID, run_id)
    (line,) = [record for record in caplog.records if record.name.startswith("worker")]
    assert line.getMessage().startswith(f"{run_id} ok (1 ok), ")


def test_what_is_bad_is_told(server: Server) -> None:
    run_id = open_slot(server, a_config())
    runner = a_runner(tools=FakeTools({"load1": 9.0}))
    summary = an_execution(server, runner).run(UID, run_id)
    assert summary == "alert (1 action_needed)"
    assert told(server) == 1


def test_a_second_message_for_a_slot_runs_nothing(server: Server) -> None:
    run_id = open_slot(server, a_config())
    execution = an_execution(server, a_runner())
    answers = [execution.run(UID, run_id) for _ in range(2)]
    assert answers == ["ok (1 ok)", "gone"]
    assert len(history(server)) == 1


def test_a_message_of_a_heartbeat_that_was_deleted_runs_nothing(
    server: Server,
) -> None:
    run_id = open_slot(server, a_config())
    Heartbeats(server).delete("local", "hb-1")
    execution = an_execution(server, a_runner())
    assert execution.run(UID, run_id) == "gone"


def test_a_slot_that_runs_elsewhere_is_left_alone(server: Server) -> None:
    run_id = open_slot(server, a_config())
    Runs(server).begin(UID, run_id, host="host-2", nonce="other")
    execution = an_execution(server, a_runner())
    assert execution.run(UID, run_id) == "running"


def test_a_checklist_whose_items_are_all_off_is_skipped(server: Server) -> None:
    run_id = open_slot(server, a_config("- [x] off for now\n"))
    summary = an_execution(server, a_runner()).run(UID, run_id)
    (record,) = history(server)
    assert summary == "skipped (empty)"
    assert (record.status, record.reason) == (RunStatus.SKIPPED, Reason.EMPTY)
    assert told(server) == 0


def test_a_missing_file_is_told_with_the_host(server: Server, tmp_path: Path) -> None:
    run_id = open_slot(server, a_config(None))
    execution = an_execution(server, a_runner(root=tmp_path))
    summary = execution.run(UID, run_id)
    entries = server.ask(lambda client: client.xrange("{hb}:feed:local"))
    assert summary.startswith("unknown (missing: expected a checklist")
    assert "on host-1: expected a checklist, found no file" in str(entries)


class CrashingRunner:
    """Has a bug outside the judging of an item."""

    async def evaluate(
        self,
        config: HeartbeatConfig,
        *,
        now: datetime,
        limit: timedelta,
        spend: Spend,
        due: Due,
    ) -> Evaluation | Unusable:
        raise RuntimeError("a bug")


def test_a_run_that_crashes_is_told_and_logged(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = open_slot(server, a_config())
    execution = an_execution(server, CrashingRunner())
    summary = execution.run(UID, run_id)
    assert summary.startswith("unknown (internal")
    assert told(server) == 1
    assert "a bug" in caplog.text
    assert "a bug" not in summary


def test_handing_back_lets_another_worker_begin_at_once(server: Server) -> None:
    run_id = open_slot(server, a_config())

    async def run() -> str:
        held_up = HeldUp(server)
        running = await held_up.start(run_id)
        held_up.execution.hand_back_all()
        return await running

    assert asyncio.run(run()) == "handed back"
    assert history(server) == []
    begun = Runs(server).begin(UID, run_id, host="host-2", nonce="other")
    assert isinstance(begun, Begun)
    assert begun.attempt == 1


def test_a_slot_that_begins_after_the_handing_back_is_given_back_too(
    server: Server,
) -> None:
    run_id = open_slot(server, a_config())
    execution = an_execution(server, a_runner())
    execution.hand_back_all()
    assert execution.run(UID, run_id) == "handed back"


def test_a_lease_that_was_lost_ends_the_run_and_writes_nothing(server: Server) -> None:
    run_id = open_slot(server, a_config())

    async def run() -> str:
        held_up = HeldUp(server, Runs(server, lease_ms=60))
        running = await held_up.start(run_id)
        Heartbeats(server).delete("local", "hb-1")
        server.ask(lambda client: client.delete("{hb}:open:" + UID))
        return await running

    assert asyncio.run(run()).startswith("lease lost")
    assert server.ask(lambda client: client.exists("{hb}:runs:" + UID)) == 0


def test_a_blocked_loop_loses_its_lease_to_another_worker(server: Server) -> None:
    run_id = open_slot(server, a_config())
    now_ms = server.now_ms

    async def run() -> str:
        held_up = HeldUp(server, Runs(server, lease_ms=150))
        running = await held_up.start(run_id)
        _block_until(lambda: now_ms() > began + 400)
        _reclaim(server)
        taken = Runs(server).begin(UID, run_id, host="host-2", nonce="other")
        assert isinstance(taken, Begun)
        held_up.gate.set()
        return await running

    began = now_ms()
    assert asyncio.run(run()).startswith("lease lost")
    assert history(server) == []


def _block_until(is_over: Callable[[], bool]) -> None:
    while not is_over():
        pass


def _reclaim(server: Server) -> None:
    """Do what beat does when a lease has ended."""
    assert Slots(server).claim(most=10, queue_lengths={})


class Flaky(Runs):
    """Is away for so many calls of each kind."""

    def __init__(self, server: Server, *, begins: int = 0, finishes: int = 0) -> None:
        super().__init__(server)
        self.begins, self.finishes = begins, finishes

    def begin(
        self,
        uid: str,
        run_id: str,
        *,
        host: str,
        nonce: str,
        queue: str = "",
        now_ms: int | None = None,
    ) -> Begun | Refused:
        begun = super().begin(
            uid, run_id, host=host, nonce=nonce, queue=queue, now_ms=now_ms
        )
        if self.begins:
            self.begins -= 1
            raise StoreUnavailable("the reply was lost")
        return begun

    def finish(
        self,
        lease: Lease,
        outcome: Outcome,
        *,
        against: Known,
        now_ms: int | None = None,
    ) -> Known | Fenced | None:
        if self.finishes:
            self.finishes -= 1
            raise StoreUnavailable("away")
        return super().finish(lease, outcome, against=against, now_ms=now_ms)

    def hand_back(self, lease: Lease, *, now_ms: int | None = None) -> bool:
        raise StoreUnavailable("away")


@pytest.mark.parametrize(
    "runs",
    [
        pytest.param({"begins": 1}, id="the reply to begin is lost"),
        pytest.param({"finishes": 1}, id="the store is away at the end"),
    ],
)
def test_a_store_that_comes_back_gets_the_run(
    server: Server, runs: dict[str, int]
) -> None:
    run_id = open_slot(server, a_config())
    execution = an_execution(server, a_runner(), runs=Flaky(server, **runs))
    assert execution.run(UID, run_id) == "ok (1 ok)"
    assert [record.status for record in history(server)] == [RunStatus.OK]


def test_finishing_is_given_up_long_after_the_lease_has_ended(
    server: Server,
) -> None:
    run_id = open_slot(server, a_config())
    runs = Flaky(server, finishes=10**6)
    runs.lease_ms = 50
    execution = an_execution(server, a_runner(), runs=runs)
    summary = execution.run(UID, run_id)
    assert summary.startswith("lease lost")
    assert history(server) == []


def test_a_store_that_stays_away_leaves_the_slot_to_be_sent_again(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = open_slot(server, a_config())
    runs = Flaky(server, begins=10**6)
    execution = an_execution(server, a_runner(), runs=runs, begin_seconds=0.05)
    summary = execution.run(UID, run_id)
    assert summary == "not begun, to be sent again: the reply was lost"
    assert "not begun" in caplog.text


def test_handing_back_to_a_store_that_is_away_ends_all_the_same(
    server: Server,
) -> None:
    run_id = open_slot(server, a_config())

    async def run() -> str:
        held_up = HeldUp(server, Flaky(server))
        running = await held_up.start(run_id)
        held_up.execution.hand_back_all()
        return await running

    assert asyncio.run(run()).startswith("given up, to be run again")


def test_a_shutdown_does_not_wait_for_a_store_that_is_away_at_the_end(
    server: Server,
) -> None:
    run_id = open_slot(server, a_config())
    runs = Flaky(server, finishes=10**6)

    async def run() -> str:
        held_up = HeldUp(server, runs)
        running = await held_up.start(run_id)
        held_up.gate.set()
        await until(lambda: runs.finishes < 10**6)  # it is judged, and cannot be stored
        held_up.execution.hand_back_all()
        async with asyncio.timeout(10):  # its lease of 30 s is not waited for
            return await running

    assert asyncio.run(run()).startswith("given up, to be run again")
    assert history(server) == []


def test_what_is_not_judged_within_the_run_limit_is_unknown(
    server: Server,
) -> None:
    run_id = open_slot(server, a_config())

    class Short(Runs):
        def begin(
            self,
            uid: str,
            run_id: str,
            *,
            host: str,
            nonce: str,
            queue: str = "",
            now_ms: int | None = None,
        ) -> Begun | Refused:
            begun = super().begin(
                uid, run_id, host=host, nonce=nonce, queue=queue, now_ms=now_ms
            )
            assert isinstance(begun, Begun)
            return Begun(
                lease=begun.lease,
                slot=begun.slot,
                started=begun.started,
                run_limit=timedelta(milliseconds=50),
                attempt=begun.attempt,
                known=begun.known,
            )

    async def run() -> str:
        return await HeldUp(server, Short(server)).run(run_id)

    assert asyncio.run(run()) == "unknown (1 unknown)"
    assert history(server)[0].items[0].cause is Cause.DEADLINE
