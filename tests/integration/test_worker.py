"""Real workers on a real server: how they start, what they serve, how they end."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heartbeat.runs import RunStatus
from heartbeat.store.processes import Processes
from tests.acceptance.processes import Fleet, RunningProcess, eventually, running_fleet
from tests.conftest import RunningServer, running_server
from tests.integration.worker_fleet import Heart, slow_site

#: What a slot would wait for if nobody handed it back.
LEASE_SECONDS = 30
#: `2026-11-22 20:37:39,024 INFO worker.tasks ready for heartbeat`
LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO worker", re.MULTILINE)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path) as server:
        yield server


@pytest.fixture
def fleet(broker: RunningServer, tmp_path: Path) -> Iterator[Fleet]:
    with running_fleet(broker.url, tmp_path) as fleet:
        yield fleet


@pytest.fixture
def heart(broker: RunningServer) -> Iterator[Heart]:
    heart = Heart(broker)
    yield heart
    heart.server.close()


def test_a_placed_heartbeat_runs_on_the_workers_of_its_label(
    fleet: Fleet, heart: Heart
) -> None:
    fleet.beat()
    anywhere = fleet.worker()
    on_gpu = fleet.worker("-Q", "heartbeat.gpu")
    heart.configure("here")
    heart.configure("there", runOn="gpu")
    here, there = heart.run("here"), heart.run("there")
    assert heart.result("here").status is RunStatus.OK
    assert heart.result("there").status is RunStatus.OK
    anywhere.until(lambda: here in anywhere.output, "its word in the log")
    on_gpu.until(lambda: there in on_gpu.output, "its word in the log")
    assert there not in anywhere.output
    assert here not in on_gpu.output


def test_a_run_is_a_line_with_time_and_level_without_any_flag(
    fleet: Fleet, heart: Heart
) -> None:
    fleet.beat()
    worker = fleet.worker()
    heart.configure("h")
    run_id = heart.run("h")
    worker.until(lambda: f"{run_id} ok (1 ok)" in worker.output, "the run in its log")
    assert LINE.search(worker.output)


def test_prefork_has_a_runtime_in_each_child(fleet: Fleet, heart: Heart) -> None:
    fleet.beat()
    worker = fleet.worker("-P", "prefork", "-c", "2")
    names = [f"h{number}" for number in range(6)]
    for name in names:
        heart.configure(name)
        heart.run(name)
    assert {heart.result(name).status for name in names} == {RunStatus.OK}
    worker.terminate()
    assert worker.wait() == 0


def test_an_idle_worker_ends_at_once_and_leaves_the_roll(
    fleet: Fleet, heart: Heart
) -> None:
    worker = fleet.worker()
    began = time.monotonic()
    worker.terminate()
    assert worker.wait() == 0
    assert time.monotonic() - began < 3
    assert Processes(heart.server).seen() == []


@pytest.mark.parametrize(
    ("number", "grace"),
    [
        pytest.param(signal.SIGTERM, "0.5", id="SIGTERM: after the grace time"),
        pytest.param(signal.SIGQUIT, "600", id="SIGQUIT: now"),
    ],
)
def test_a_worker_that_ends_hands_back_and_another_runs_it_at_once(
    fleet: Fleet, heart: Heart, number: signal.Signals, grace: str
) -> None:
    fleet.beat()
    first = fleet.worker(HEARTBEAT_SHUTDOWN_SECONDS=grace)
    with slow_site(60, 0) as site:
        heart.configure("h", site.checklist)
        run_id = heart.run("h")
        eventually(lambda: site.asked, "a run")
        second = fleet.worker()
        began = time.monotonic()
        first.send(number)
        assert heart.result("h").status is RunStatus.OK
    assert time.monotonic() - began < LEASE_SECONDS / 3
    first.wait()
    assert f"{run_id} handed back" in first.output
    second.until(lambda: f"{run_id} ok" in second.output, "its word in the log")


def test_a_worker_is_gone_soon_after_its_grace_time(fleet: Fleet, heart: Heart) -> None:
    grace = 1.5
    fleet.beat()
    worker = fleet.worker(HEARTBEAT_SHUTDOWN_SECONDS=str(grace))
    with slow_site(60) as site:
        for number in range(3):
            heart.configure(f"h{number}", site.checklist)
            heart.run(f"h{number}")
        eventually(lambda: site.asked == 3, "three runs")
        began = time.monotonic()
        worker.terminate()
        assert worker.wait() == 0
    assert grace <= time.monotonic() - began < grace + 2
    assert heart.statistic("handed_back") == 3


def test_a_run_that_ends_within_the_grace_time_is_finished(
    fleet: Fleet, heart: Heart
) -> None:
    fleet.beat()
    worker = fleet.worker()
    with slow_site(1) as site:
        heart.configure("h", site.checklist)
        heart.run("h")
        eventually(lambda: site.asked, "a run")
        worker.terminate()
        assert worker.wait() == 0
    assert heart.result("h").status is RunStatus.OK


def test_a_worker_ends_in_time_when_the_server_is_away(
    fleet: Fleet, heart: Heart, broker: RunningServer
) -> None:
    fleet.beat()
    worker = fleet.worker(HEARTBEAT_SHUTDOWN_SECONDS="0.5")
    with slow_site(60) as site:
        heart.configure("h", site.checklist)
        heart.run("h")
        eventually(lambda: site.asked, "a run")
        broker.kill()
        worker.terminate()
        worker.wait(LEASE_SECONDS / 2)
    assert "given up, to be run again when its lease ends" in worker.output


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param(
            {"HEARTBEAT_ROOTS": "/srv"},
            "worker: HEARTBEAT_ROOTS: expected a known setting; did you mean"
            " HEARTBEAT_ROOT?",
            id="an unknown setting",
        ),
        pytest.param(
            {"HEARTBEAT_MODEL": "anthropic:claude-sonnet-4-5-20250514"},
            "worker: HEARTBEAT_MODEL: expected a model that exists",
            id="a model that never existed",
        ),
        pytest.param(
            {"ANTHROPIC_BASE_URL": "localhost:11434"},
            "worker: ANTHROPIC_BASE_URL: expected http:// or https:// and a host",
            id="an address without a scheme",
        ),
    ],
)
def test_settings_that_would_fail_every_run_end_it_at_its_start(
    fleet: Fleet, settings: dict[str, str], said: str
) -> None:
    command = ("-m", "celery", "-A", "worker.app", "worker")
    process: RunningProcess = fleet.start("worker", *command, **settings)
    assert process.wait() != 0
    assert said in process.output
    assert "Traceback" not in process.output
