"""Real workers when something dies: a worker, the server, every connection."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from heartbeat.runs import RunStatus
from tests.acceptance.processes import Fleet, eventually, running_fleet
from tests.conftest import RunningServer, running_server
from tests.integration.worker_fleet import Heart, slow_site


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningServer]:
    options = ("--appendonly", "yes", "--appendfsync", "always")
    with running_server(tmp_path, *options) as server:
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


def end_lease(heart: Heart, schedule_id: str) -> None:
    """Let the ledger look at a run now, as it does when half a minute has passed."""
    now_ms = heart.server.now_ms()
    member = f"local:{schedule_id}"
    heart.server.ask(lambda client: client.zadd("{hb}:open", {member: now_ms}))


def test_the_run_of_a_killed_worker_is_begun_again_by_another(
    fleet: Fleet, heart: Heart
) -> None:
    fleet.beat()
    first = fleet.worker()
    with slow_site(60, 0) as site:
        heart.configure("h", site.checklist)
        run_id = heart.run("h")
        eventually(lambda: site.asked, "a run")
        first.kill()
        second = fleet.worker()
        end_lease(heart, "h")
        assert heart.result("h", within=15).status is RunStatus.OK
        second.until(lambda: f"{run_id} ok" in second.output, "its word in the log")
    assert heart.statistic("recovered") == 1


def test_a_worker_goes_on_after_the_server_was_killed_and_started_again(
    fleet: Fleet, heart: Heart, broker: RunningServer
) -> None:
    fleet.beat()
    worker = fleet.worker()
    with slow_site(1.5) as site:
        for number in range(2):
            heart.configure(f"slow{number}", site.checklist)
            heart.configure(f"after{number}")
            heart.run(f"slow{number}")
            eventually(lambda: heart.is_running(f"slow{number}"), "a run")  # noqa: B023 - used at once
            broker.kill()
            broker.start()
            heart.run(f"after{number}")
            assert heart.result(f"after{number}", within=20).status is RunStatus.OK
            assert heart.result(f"slow{number}", within=20).status is RunStatus.OK
    assert worker.is_running
    assert heart.statistic("begun") == 4


def test_dropping_every_connection_starts_nothing_twice(
    fleet: Fleet, heart: Heart
) -> None:
    fleet.beat()
    worker = fleet.worker()
    names = [f"h{number}" for number in range(10)]
    with slow_site(2) as site:
        for name in names:
            heart.configure(name, site.checklist)
            heart.run(name)
        eventually(lambda: heart.statistic("begun") == 10, "ten runs")
        for kind in ("normal", "pubsub"):
            heart.server.ask(
                lambda client, kind=kind: client.execute_command(  # type: ignore[misc]  # untyped
                    "CLIENT", "KILL", "TYPE", kind
                )
            )
        assert {heart.result(name).status for name in names} == {RunStatus.OK}
    heart.configure("after")
    heart.run("after")
    assert heart.result("after", within=20).status is RunStatus.OK
    assert heart.statistic("begun") == 11
    assert worker.is_running


def test_a_thread_that_is_free_is_used_at_once(fleet: Fleet, heart: Heart) -> None:
    """Four rounds of runs of two seconds take eight seconds.

    A consumer that nothing wakes adds nearly three.
    """
    fleet.worker("-c", "20")
    names = [f"h{number}" for number in range(80)]
    with slow_site(2) as site:
        for name in names:
            heart.configure(name, site.checklist)
            heart.run(name)
        fleet.beat()
        records = [heart.result(name) for name in names]
    began = min(record.started_ms or 0 for record in records)
    ended = max(record.finished_ms or 0 for record in records)
    assert (ended - began) / 1000 < 4 * 2 / 0.8
