"""The command against a real gateway, beat and worker."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heartbeat.store.processes import Processes
from heartbeat.store.server import Server
from heartbeat.store.spending import Account, Spending
from heartbeat.usage import Usage
from tests.acceptance.processes import eventually, running_fleet
from tests.conftest import free_port, running_server
from tests.integration.cli_shell import Shell

CHECKLIST = """\
---
interval: 60
---
- [ ] This one fails on purpose {#purpose}
  - probe: disk / used_percent > 100%
- [ ] The disk is there
  - probe: disk / used_percent <= 100%
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("root")
    (folder / "HEARTBEAT.md").write_text(CHECKLIST)
    options = ("--appendonly", "yes", "--maxmemory-policy", "noeviction")
    with (
        running_server(tmp_path_factory.mktemp("server"), *options) as server,
        running_fleet(server.url, folder) as fleet,
    ):
        port = free_port()
        fleet.gateway(port=port)
        fleet.beat()
        fleet.worker()
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HEARTBEAT_REDIS_URL": server.url,
            "HEARTBEAT_ROOT": str(folder),
            "HEARTBEAT_PORT": str(port),
        }
        yield Shell(folder=folder, environ=environ)


@pytest.fixture(scope="module")
def heartbeat(shell: Shell) -> str:
    """Configure a heartbeat, wait until it has run, and return its id."""
    configured = shell.json("configure", "HEARTBEAT.md", "--name", "machine")
    assert configured["outcome"] == "created"
    assert configured["runId"]
    schedule_id = str(configured["scheduleId"])
    eventually(lambda: shell.json("history", schedule_id)["runs"], "a run")
    return schedule_id


def only(found: object) -> dict[str, object]:
    assert isinstance(found, list)
    (one,) = found
    assert isinstance(one, dict)
    return one


def test_a_new_heartbeat_is_run_at_once(shell: Shell, heartbeat: str) -> None:
    run = only(shell.json("history", heartbeat)["runs"])
    assert run["status"] == "alert"


def test_configuring_again_changes_nothing_and_runs_nothing(
    shell: Shell, heartbeat: str
) -> None:
    again = shell.json("configure", "HEARTBEAT.md", "--name", "machine")
    assert (again["outcome"], again["scheduleId"]) == ("unchanged", heartbeat)
    assert "runId" not in again


def test_the_list_shows_it(shell: Shell, heartbeat: str) -> None:
    listed = only(shell.json("list")["heartbeats"])
    assert (listed["scheduleId"], listed["name"]) == (heartbeat, "machine")
    assert "machine" in shell.call("list").out


def test_one_heartbeat_is_shown_whole(shell: Shell, heartbeat: str) -> None:
    out = shell.call("get", heartbeat).out
    assert "disk / used_percent > 100%" in out
    assert "interval" in out


def test_items_are_shown_with_how_often_and_by_whom(shell: Shell) -> None:
    (shell.folder / "paced.md").write_text(
        "- [ ] Room {every=4h}\n"
        "  - probe: disk / used_percent < 90%\n"
        "  - probe: disk / free_bytes > 1GB\n"
        "- [ ] Prices {model=anthropic:claude-sonnet-5-5}\n"
    )
    assert shell.call("configure", "paced.md", "--id", "paced", "--no-run").code == 0
    out = shell.call("get", "paced").out
    assert "Room (every 4h)" in out
    items = shell.json("get", "paced")["items"]
    assert isinstance(items, list)
    assert [len(item["nextRuns"]) for item in items] == [3, 0]
    assert all(slot[11:19] in out for slot in items[0]["nextRuns"])
    assert "disk / free_bytes > 1GB" in out
    assert "anthropic:claude-sonnet-5-5" in out
    assert "\ufffd" not in out
    shell.call("delete", "paced")


def test_history_says_what_was_wrong(shell: Shell, heartbeat: str) -> None:
    assert "fails on purpose" in shell.call("history", heartbeat).out


def test_watch_shows_the_feed_from_its_beginning(shell: Shell, heartbeat: str) -> None:
    alert = shell.json("watch", "--from", "all", "-n", "1")
    assert (alert["type"], alert["scheduleId"]) == ("heartbeat.alert", heartbeat)
    said = shell.call("watch", "--from", "all", "-n", "1").out
    assert "open already:" in said
    assert "ALERT machine on " in said
    assert "✗ This one fails on purpose" in said


def test_a_named_watcher_is_not_told_twice(shell: Shell, heartbeat: str) -> None:
    watch = ("watch", "--client-id", "desk", "--from", "all", "-n", "1")
    first = shell.json(*watch)
    shell.json("configure", "HEARTBEAT.md", "--id", "other")
    second = shell.json(*watch)
    shell.json("delete", "other")
    assert first["alertId"] != second["alertId"]
    assert second["scheduleId"] == "other"


def test_incidents_are_trouble_found(shell: Shell, heartbeat: str) -> None:
    incident = only(shell.json("incidents", heartbeat, code=1)["incidents"])
    assert (incident["kind"], incident["itemKey"]) == ("action", "purpose")
    called = shell.call("incidents")
    _, row, trouble = called.out.splitlines()
    assert called.code == 1
    assert row.split()[:4] == [heartbeat, "action", "purpose", "warning"]
    assert trouble.startswith("  machine: This one fails on purpose: ")


def test_incidents_can_be_silenced(shell: Shell, heartbeat: str) -> None:
    shell.json("snooze", heartbeat, "purpose", "5")
    assert "until" in shell.call("incidents").out
    shell.json("unsnooze", heartbeat, "purpose")
    shell.json("acknowledge", heartbeat, "purpose")
    assert "acknowledged" in shell.call("incidents").out


def test_usage_is_shown_by_day_with_the_budgets(shell: Shell) -> None:
    store = Server.connect(shell.environ["HEARTBEAT_REDIS_URL"], name="test")
    usage = Usage(calls=2, input_tokens=1_500, micro_dollars=12_300)
    Spending(store).add({Account("local", "hb-paid"): usage}, datetime.now(UTC))
    store.close()
    row = only(shell.json("usage", "hb-paid", "--days", "1")["days"])
    assert (row["scheduleId"], row["dollars"]) == ("hb-paid", 0.0123)
    out = shell.call("usage").out
    assert "$0.0123" in out
    assert "HEARTBEAT_MAX_DOLLARS_PER_OWNER_DAY" in out
    assert shell.call("usage", "--days", "0").code == 2


def test_a_heartbeat_can_be_paused_and_go_on(shell: Shell, heartbeat: str) -> None:
    assert shell.json("pause", heartbeat)["changed"] is True
    assert shell.json("pause", heartbeat)["changed"] is False
    assert only(shell.json("list")["heartbeats"])["state"] == "paused"
    assert shell.json("resume", heartbeat)["changed"] is True


def test_a_heartbeat_can_be_run_off_its_schedule(shell: Shell) -> None:
    shell.call("configure", "HEARTBEAT.md", "--id", "asked", "--no-run")
    run_id = shell.json("run-now", "asked")["runId"]
    assert str(run_id).startswith("local:asked@")
    eventually(lambda: shell.json("history", "asked")["runs"], "the run")
    assert only(shell.json("history", "asked")["runs"])["runId"] == run_id
    shell.call("pause", "asked")
    refused = shell.call("run-now", "asked")
    assert (refused.code, "it is paused" in refused.errors) == (2, True)
    shell.call("delete", "asked")


def test_a_second_run_at_once_is_refused_as_busy(shell: Shell) -> None:
    shell.call(
        *("configure", "HEARTBEAT.md", "--id", "held", "--run-on", "nobody", "--no-run")
    )
    assert "is asked for" in shell.call("run-now", "held").out
    called = shell.call("run-now", "held")
    assert (called.code, "held is busy: a run" in called.errors) == (2, True)
    shell.call("delete", "held")


def test_the_text_can_be_sent_along(shell: Shell, heartbeat: str) -> None:
    (shell.folder / "far.md").write_text(
        "- [ ] a\n  - probe: memory used_percent > 0\n"
    )
    inline = ("configure", "far.md", "--inline", "--id", "far", "--disabled")
    assert shell.json(*inline)["outcome"] == "created"
    (shell.folder / "far.md").unlink()
    assert shell.json("get", "far")["items"]
    assert shell.json("delete", "far")["scheduleId"] == "far"


def test_a_path_may_begin_where_one_stands(shell: Shell) -> None:
    below = shell.folder / "below"
    below.mkdir()
    (below / "near.md").write_text("- [ ] a\n")
    there = Shell(folder=below, environ=shell.environ)
    found = there.json("configure", "near.md", "--id", "near", "--no-run")
    assert found["outcome"] == "created"
    assert "checklist below/near.md" in shell.call("get", "near").out
    shell.call("delete", "near")


def test_what_is_wrong_with_a_file_in_its_place_is_all_that_is_said(
    shell: Shell,
) -> None:
    (shell.folder / "large.md").write_text("x" * 70_000)
    called = shell.call("configure", "large.md")
    assert called.code == 2
    assert "at most 65536 bytes" in called.errors
    assert "the gateway looked" not in called.errors


def test_a_file_outside_the_root_is_told_with_both_places(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "away.md").write_text("- [ ] a\n")
    called = Shell(folder=tmp_path, environ=shell.environ).call("configure", "away.md")
    assert called.code == 2
    assert str(tmp_path / "away.md") in called.errors
    assert str(shell.folder) in called.errors


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        pytest.param(
            ("get", "nobody"), "'nobody' (`heartbeat list` shows them)", id="unknown-id"
        ),
        pytest.param(("configure", "../x.md"), "inside the root", id="outside"),
        pytest.param(("configure", "none.md"), "no file", id="missing"),
        pytest.param(
            ("configure", "HEARTBEAT.md", "--interval", "0.1"),
            "60 s between slots (HEARTBEAT_MIN",
            id="often",
        ),
        pytest.param(
            ("configure", "HEARTBEAT.md", "--interval", "5", "--cron", "* * * * *"),
            "got both",
            id="both",
        ),
        pytest.param(
            ("configure", "HEARTBEAT.md", "--active", "09:00-09:00"), "09:00", id="zero"
        ),
        pytest.param(
            ("configure", "HEARTBEAT.md", "--timezone", "Mars"), "Mars", id="zone"
        ),
        pytest.param(
            ("configure", "HEARTBEAT.md", "--model", "anthropic:claude-sonnet-0"),
            "claude-sonnet-0",
            id="model",
        ),
    ],
)
def test_what_the_gateway_refuses_is_exit_code_2(
    shell: Shell, argv: tuple[str, ...], expected: str
) -> None:
    called = shell.call(*argv)
    assert called.code == 2
    assert called.errors.startswith("error: ")
    assert expected in called.errors
    assert called.errors.count("\n") == 1


def test_the_doctor_finds_a_whole_fleet_sound(shell: Shell, heartbeat: str) -> None:
    found = shell.json("doctor")
    assert found["sound"] is True


def test_the_doctor_looks_for_the_processes_of_this_host(
    shell: Shell, heartbeat: str
) -> None:
    host = socket.gethostname()
    server = Server.connect(shell.environ["HEARTBEAT_REDIS_URL"], name="test")
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    Processes(server).report("beat", host=host, pid=gone.pid)
    out = shell.call("doctor").out
    Processes(server).leave("beat", host=host, pid=gone.pid)
    server.close()
    assert "1 alive" in next(line for line in out.splitlines() if "  beat " in line)
    assert f"pid {gone.pid}," not in out


def test_the_doctor_finds_a_store_that_is_away(shell: Shell) -> None:
    away = Shell(
        folder=shell.folder,
        environ={**shell.environ, "HEARTBEAT_REDIS_URL": "redis://127.0.0.1:1/0"},
    )
    called = away.call("doctor")
    assert called.code == 1
    assert "set HEARTBEAT_REDIS_URL" in called.out


def test_run_evaluates_here_and_stores_nothing(shell: Shell, heartbeat: str) -> None:
    before = shell.json("history", heartbeat)["runs"]
    called = shell.call("run", "HEARTBEAT.md")
    assert called.code == 1
    assert "✗ action needed" in called.out
    assert "✓ ok" in called.out
    assert shell.json("history", heartbeat)["runs"] == before


def test_run_says_what_is_wrong_with_a_file(shell: Shell) -> None:
    (shell.folder / "bad.md").write_text("- [ ] a\n  - probe: dsk /\n")
    called = shell.call("run", "bad.md")
    assert called.code == 2
    assert "line 2" in called.errors


def test_a_reader_that_goes_away_is_no_stack_trace(shell: Shell) -> None:
    with started(shell, "upcoming", "HEARTBEAT.md", "-n", "1000") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(20) == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_ctrl_c_ends_a_watch_quietly(shell: Shell, heartbeat: str) -> None:
    with started(shell, "watch") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_watch_says_that_nothing_is_open(shell: Shell, heartbeat: str) -> None:
    shell.call("delete", heartbeat)
    with started(shell, "watch") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"connected, and nothing is open\n"
        process.send_signal(signal.SIGINT)


def started(shell: Shell, *argv: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "heartbeat.cli.main", *argv],
        cwd=shell.folder,
        env={**shell.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_configure_says_what_it_did_and_what_comes_next(shell: Shell) -> None:
    options = ("--active", "00:00-24:00", "--repeat", "60", "--align", "clock")
    called = shell.call(
        "configure", "HEARTBEAT.md", "--id", "shown", "--run-on", "db", *options
    )
    assert called.code == 0
    assert "created shown: 2 items, every 60 min, 00:00-24:00 (UTC)" in called.out
    assert "next run " in called.out
    assert "its first run waits for a worker with the label db" in called.out
    assert "warning: runOn: no worker serves" in called.errors
    assert "60" in shell.call("get", "shown").out
    shell.call("delete", "shown")


def test_configuring_a_paused_heartbeat_says_that_it_stays_paused(shell: Shell) -> None:
    shell.call("configure", "HEARTBEAT.md", "--id", "still", "--no-run")
    shell.call("pause", "still")
    called = shell.call("configure", "HEARTBEAT.md", "--id", "still", "--interval", "9")
    assert "updated still" in called.out
    assert "it is paused" in called.out
    assert "no runs yet" in shell.call("history", "still").out
    shell.call("delete", "still")
