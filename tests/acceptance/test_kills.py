"""Each process dies once, as in a power cut: nothing is lost or told twice."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from heartbeat.asked import Notify
from heartbeat.client import Client, connect
from heartbeat.instants import from_text
from heartbeat.told import Alert, LostMessage, Status
from heartbeat.views import RunView
from tests.acceptance.fleet import (
    FAILING,
    NEEDS_MODEL,
    QUICK,
    start_model,
    story,
    until,
)
from tests.acceptance.processes import Fleet, RunningProcess, running_fleet
from tests.conftest import free_port, running_server

pytestmark = pytest.mark.acceptance

EVERY = timedelta(seconds=1.5)
#: A run takes as long as the model, so that a kill finds runs that go on.
MODEL_SECONDS = "0.5"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with (
        running_server(
            tmp_path, "--appendonly", "yes", "--appendfsync", "always"
        ) as server,
        running_fleet(server.url, tmp_path, **QUICK) as fleet,
    ):
        yield fleet


class Heard:
    """Every alert of one client, over all its connections."""

    def __init__(self, client: Client) -> None:
        self.runs: list[str] = []
        self._task = asyncio.create_task(self._listen(client))

    async def _listen(self, client: Client) -> None:
        async for message in client.alerts():
            assert not isinstance(message, LostMessage | Status), message
            if isinstance(message, Alert) and message.kind == "action":
                self.runs.append(str(message.run_id))

    def up_to(self, slot: str, schedule_id: str) -> list[str]:
        """Return the runs of a heartbeat that were told, up to a slot."""
        own = (run for run in self.runs if f":{schedule_id}@" in run)
        return [run for run in own if run.split("@")[1] <= slot]

    async def all_of(self, runs: set[str]) -> None:
        async def missing() -> set[str]:
            if self._task.done():
                self._task.result()
            return runs.difference(self.runs)

        await until(missing, lambda found: not found, "no run without its alert")


def test_a_kill_of_each_process_loses_nothing_and_tells_nothing_twice(
    fleet: Fleet,
) -> None:
    port = free_port()
    model = start_model(fleet, "--behaviour", "alarm", "--delay", MODEL_SECONDS)

    def start_worker() -> RunningProcess:
        return fleet.worker(ANTHROPIC_BASE_URL=model)

    def start_gateway() -> RunningProcess:
        return fleet.gateway(port=port)

    gateway, beat, worker = start_gateway(), fleet.beat(), start_worker()

    async def told() -> None:
        async with connect(f"ws://127.0.0.1:{port}/ws") as client:
            heard = Heard(client)
            ids = [await _configure(client, number) for number in range(3)]
            await until(lambda: _running(client), bool, "a run that goes on")
            worker.kill()
            await asyncio.to_thread(start_worker)
            beat.kill()
            await asyncio.to_thread(fleet.beat)
            gateway.kill()
            await asyncio.to_thread(start_gateway)
            healed = {one: await _alerted_anew(client, one) for one in ids}
            for schedule_id, runs in healed.items():
                _assert_no_hole(runs)
                await heard.all_of(_alerts(runs))
                newest = max(run.slot for run in runs)
                told_of = heard.up_to(newest, schedule_id)
                assert sorted(told_of) == sorted(_alerts(runs))

    story(told())


async def _configure(client: Client, number: int) -> str:
    reply = await client.configure(
        f"kill {number}",
        content=FAILING + NEEDS_MODEL,
        interval=EVERY / timedelta(minutes=1),
        notify=Notify.EVERY_RUN,
    )
    return reply.schedule_id


async def _running(client: Client) -> list[str]:
    return [one.schedule_id for one in (await client.list()).heartbeats if one.running]


async def _alerted_anew(client: Client, schedule_id: str) -> tuple[RunView, ...]:
    """Wait until it runs again; return its runs, oldest first."""
    before = len((await client.history(schedule_id, limit=200)).runs)

    async def runs() -> tuple[RunView, ...]:
        return (await client.history(schedule_id, limit=200)).runs[::-1]

    return await until(
        runs, lambda found: len(_alerts(found[before:])) > 0, "an alert after it all"
    )


def _assert_no_hole(runs: tuple[RunView, ...]) -> None:
    """Every slot from the first to the last is in exactly one record."""
    spans = sorted(
        (from_text(run.from_ or run.slot), from_text(run.to or run.slot))
        for run in runs
    )
    for (_, last), (first, _) in pairwise(spans):
        assert first - last == EVERY, spans


def _alerts(runs: tuple[RunView, ...]) -> set[str]:
    return {run.run_id for run in runs if run.status == "alert"}
