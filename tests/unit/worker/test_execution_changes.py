"""Front matter that a run finds changed, and what changes while a run goes on."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from heartbeat.config import HeartbeatConfig
from heartbeat.runs import RunStatus
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.runs import Runs
from heartbeat.store.server import Server
from tests.unit.worker.runs import (
    RULE,
    FakeTools,
    a_config,
    a_runner,
    an_execution,
    open_slot,
)
from worker.evaluation import Evaluation, Unusable
from worker.items import Spend
from worker.judging import Runner
from worker.runner import Due

UID = "local:hb-1"


def interval_of(server: Server) -> int | None:
    return Heartbeats(server).get("local", "hb-1").config.timing.interval_ms


def write(root: Path, front_matter: str) -> None:
    (root / "HEARTBEAT.md").write_text(f"---\n{front_matter}\n---\n{RULE}")


def test_changed_front_matter_holds_from_the_next_slot(
    server: Server, tmp_path: Path
) -> None:
    run_id = open_slot(server, a_config(None))
    write(tmp_path, "interval: 5")
    an_execution(server, a_runner(root=tmp_path)).run(UID, run_id)
    assert interval_of(server) == 300_000


class Meanwhile:
    """Lets something happen before it says what it found."""

    def __init__(self, runner: Runner, happens: Callable[[], object]) -> None:
        self._runner = runner
        self._happens = happens

    async def evaluate(
        self,
        config: HeartbeatConfig,
        *,
        now: datetime,
        limit: timedelta,
        spend: Spend,
        due: Due,
    ) -> Evaluation | Unusable:
        found = await self._runner.evaluate(
            config, now=now, limit=limit, spend=spend, due=due
        )
        await asyncio.to_thread(self._happens)
        return found


def run_meanwhile(server: Server, tmp_path: Path, happens: Callable[[], object]) -> str:
    """Run a heartbeat whose front matter has changed; something happens meanwhile."""
    run_id = open_slot(server, a_config(None))
    write(tmp_path, "interval: 5")
    bad = FakeTools({"load1": 9.0})
    runner = Meanwhile(a_runner(root=tmp_path, tools=bad), happens)
    return an_execution(server, runner).run(UID, run_id)


def test_front_matter_is_not_applied_over_a_newer_message(
    server: Server, tmp_path: Path
) -> None:
    newer = a_config(None, interval=7)
    heartbeats = Heartbeats(server)
    run_meanwhile(
        server, tmp_path, lambda: heartbeats.configure(newer, max_per_owner=9)
    )
    assert interval_of(server) == 420_000


def test_front_matter_does_not_bring_back_a_deleted_heartbeat(
    server: Server, tmp_path: Path
) -> None:
    heartbeats = Heartbeats(server)
    run_meanwhile(server, tmp_path, lambda: heartbeats.delete("local", "hb-1"))
    assert heartbeats.owned_by("local") == []


def test_a_heartbeat_that_is_paused_meanwhile_is_recorded_and_not_told(
    server: Server, tmp_path: Path
) -> None:
    heartbeats = Heartbeats(server)
    run_meanwhile(
        server, tmp_path, lambda: heartbeats.pause("local", "hb-1", note=None)
    )
    (record,) = Runs(server).history("local", "hb-1")
    assert record.status is RunStatus.ALERT
    assert server.ask(lambda client: client.xlen("{hb}:feed:local")) == 0
