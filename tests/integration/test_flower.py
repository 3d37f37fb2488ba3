"""Flower over a real worker: each run shows as a task that an operator can read."""

import json
import re
import shutil
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from heartbeat.asked import Asked
from heartbeat.front_matter import FrontMatter
from heartbeat.resolve import Bounds, Identity, resolve
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.server import Server
from heartbeat.store.slots import Slots
from tests.acceptance.processes import eventually, running_fleet
from tests.conftest import free_port, running_server

ROOT = Path(__file__).parents[2]
FAILING = "- [ ] The flag is up\n  - probe: file flag-up exists == true\n"


class Flower:
    """Flower as a browser and a program see it."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def read(self, path: str) -> str:
        """Return a page."""
        with urllib.request.urlopen(self._url + path, timeout=5) as answer:
            return str(answer.read().decode())

    def serves(self) -> bool:
        try:
            return self.read("/healthcheck").strip() == "OK"
        except (urllib.error.URLError, OSError):
            return False

    def task(self, task_id: str) -> dict[str, Any]:
        """Return what it knows of a task, as its own table asks for it."""
        fields = {"draw": "1", "start": "0", "length": "100", "search[value]": ""}
        fields |= {"columns[0][data]": "name", "order[0][column]": "0"}
        fields["order[0][dir]"] = "asc"
        data = urllib.parse.urlencode(fields).encode()
        with urllib.request.urlopen(
            self._url + "/tasks/datatable", data=data, timeout=5
        ) as answer:
            tasks: list[dict[str, Any]] = json.loads(answer.read())["data"]
        return next((task for task in tasks if task["uuid"] == task_id), {})


@pytest.fixture(scope="module")
def flower_and_run(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Flower, str]]:
    """Flower that has seen one run, started as the README says."""
    folder, port = tmp_path_factory.mktemp("flower"), free_port()
    shutil.copy(ROOT / "flowerconfig.py", folder)
    with (
        running_server(folder) as server,
        running_fleet(server.url, folder, HEARTBEAT_FLOWER_PORT=str(port)) as fleet,
    ):
        flower = Flower(port)
        words = ("-m", "celery", "-A", "worker.app", "flower")
        process = fleet.start("flower", *words)
        fleet.beat()
        fleet.worker()
        process.until(flower.serves, "a Flower that serves")
        process.until(
            lambda: "flower_worker_online{" in flower.read("/metrics"), "the worker"
        )
        run_id = _run_once(server.url)
        process.until(
            lambda: flower.task(run_id).get("state") == "SUCCESS", "the run's end"
        )
        yield flower, run_id


def _run_once(url: str) -> str:
    server = Server.connect(url, name="test")
    resolved = resolve(
        Asked(heartbeat_path="shop", content=FAILING),
        FrontMatter(),
        identity=Identity(owner="local", schedule_id="shop", path="shop"),
        bounds=Bounds(min_interval=timedelta(seconds=1)),
        now=datetime.now(UTC),
    )
    Heartbeats(server).configure(resolved.config, max_per_owner=10)
    run_id = Slots(server).request_run("local", "shop")
    server.close()
    return run_id


def test_a_run_shows_with_heartbeat_slot_outcome_and_worker(
    flower_and_run: tuple[Flower, str],
) -> None:
    flower, run_id = flower_and_run
    task = flower.task(run_id)
    slot = run_id.partition("@now:")[2]
    assert task["name"] == "run_heartbeat"
    assert task["args"] == f"(local:shop slot {slot[:19]}Z)"
    assert task["result"] == "'alert (1 action_needed)'"
    assert task["worker"].endswith(f"@{socket.gethostname()}")


def test_its_table_has_these_columns(flower_and_run: tuple[Flower, str]) -> None:
    flower, _ = flower_and_run
    shown = re.findall(r'data-column="(\w+)"', flower.read("/tasks"))
    assert shown == [
        "uuid", "state", "result", "worker", "runtime", "received", "started", "args",
    ]  # fmt: skip


def test_the_page_of_a_run_opens(flower_and_run: tuple[Flower, str]) -> None:
    flower, run_id = flower_and_run
    page = flower.read(f"/task/{urllib.parse.quote(run_id, safe='')}")
    assert "alert (1 action_needed)" in page
    assert "local:shop slot" in page


def test_long_runs_have_buckets_of_their_own(
    flower_and_run: tuple[Flower, str],
) -> None:
    flower, _ = flower_and_run
    metrics = eventually(lambda: flower.read("/metrics"), "metrics")
    assert 'le="120.0"' in metrics
    assert 'le="600.0"' in metrics
