"""`list`, `get`, `resume` and the like: a real gateway, without beat and worker."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.processes import running_fleet
from tests.conftest import free_port, running_server
from tests.integration.cli_shell import Shell
from tests.integration.test_gateway_incidents import open_an_incident

LIST = "- [ ] Memory is left {#memory}\n  - probe: memory used_percent <= 100%\n"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("root")
    port = free_port()
    with (
        running_server(tmp_path_factory.mktemp("server")) as server,
        running_fleet(server.url, folder) as fleet,
    ):
        fleet.gateway(port=port)
        yield Shell(
            folder=folder,
            environ={
                "PATH": os.environ["PATH"],
                "HEARTBEAT_PORT": str(port),
                "HEARTBEAT_REDIS_URL": server.url,
                "HEARTBEAT_ROOT": str(folder),
            },
        )


@pytest.fixture(autouse=True)
def checklist(shell: Shell) -> Path:
    """Write the list anew, and forget what was configured before."""
    heartbeats = shell.json("list")["heartbeats"]
    assert isinstance(heartbeats, list)
    for one in heartbeats:
        shell.json("delete", one["scheduleId"])
    path = shell.folder / "list.md"
    path.write_text(LIST)
    return path


def configure(shell: Shell, *options: str) -> None:
    """Configure the heartbeat `one` of the list."""
    shell.json("configure", "list.md", "--id", "one", "--no-run", *options)


def only(found: object) -> dict[str, Any]:
    assert isinstance(found, list)
    (one,) = found
    assert isinstance(one, dict)
    return one


def test_resuming_what_is_disabled_says_how_it_would_run(shell: Shell) -> None:
    configure(shell, "--disabled")
    called = shell.call("resume", "one")
    assert called.code == 0
    assert "one was not paused; it is disabled: `heartbeat configure`" in called.out
    shell.call("pause", "one")
    assert "one is no longer paused; it is disabled" in shell.call("resume", "one").out
    assert shell.json("resume", "one")["state"] == "disabled"


def test_resuming_says_when_it_runs_next(shell: Shell) -> None:
    configure(shell)
    assert "one was not paused, next run 20" in shell.call("resume", "one").out
    shell.call("pause", "one")
    assert "one goes on, next run 20" in shell.call("resume", "one").out


def test_why_it_is_paused_is_shown_to_the_others(shell: Shell) -> None:
    configure(shell)
    shell.call("pause", "one", "--note", "deploy until five")
    listed = only(shell.json("list")["heartbeats"])
    got = shell.json("get", "one")["heartbeat"]
    assert isinstance(got, dict)
    assert listed["paused"] == got["paused"]
    assert listed["paused"]["note"] == "deploy until five"
    assert str(listed["paused"]["at"]).endswith("Z")
    assert "UTC: deploy until five" in shell.call("list").out
    assert "paused since 20" in shell.call("get", "one").out
    assert "the note is not kept" in shell.call("pause", "one", "--note", "x").out
    shell.call("resume", "one")
    assert "paused" not in only(shell.json("list")["heartbeats"])


def test_a_heartbeat_is_shown_with_what_is_open_of_it(shell: Shell) -> None:
    configure(shell)
    assert shell.json("get", "one")["incidents"] == []
    open_an_incident(shell.environ["HEARTBEAT_REDIS_URL"], "one")
    incident = only(shell.json("get", "one")["incidents"])
    assert (incident["kind"], incident["itemKey"]) == ("action", "memory")
    assert "list.md: Memory is left: 97% are used" in shell.call("get", "one").out


def test_a_line_that_is_not_read_as_an_item_is_said(
    shell: Shell, checklist: Path
) -> None:
    configure(shell)
    checklist.write_text(f"{LIST}- [] Disk\n")
    assert "warning: line 3: expected an item" in shell.call("get", "one").errors


@pytest.mark.parametrize("text", ["", "All is well, says nobody.\n"])
def test_a_file_without_items_is_a_problem(
    shell: Shell, checklist: Path, text: str
) -> None:
    configure(shell)
    checklist.write_text(text)
    problem = "expected items as `- [ ] text`, got none: nothing is checked"
    assert shell.json("get", "one")["problem"] == problem
    assert f"problem: {problem}" in shell.call("get", "one").out


def test_a_symlink_out_of_the_root_is_refused_as_one(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "out.md").write_text(LIST)
    link = shell.folder / "link.md"
    link.symlink_to(tmp_path / "out.md")
    called = shell.call("configure", "link.md")
    link.unlink()
    assert called.code == 2
    assert "which a symlink leads out of it" in called.errors
    assert "move it" not in called.errors


def test_ending_a_snooze_that_there_is_none_of_says_so(shell: Shell) -> None:
    configure(shell)
    open_an_incident(shell.environ["HEARTBEAT_REDIS_URL"], "one")
    assert "memory was not snoozed" in shell.call("unsnooze", "one", "memory").out
    shell.call("snooze", "one", "memory", "5")
    assert "is no longer snoozed" in shell.call("unsnooze", "one", "memory").out
    assert shell.json("unsnooze", "one", "memory")["changed"] is False


def test_usage_of_an_id_that_nobody_has_says_so(shell: Shell) -> None:
    configure(shell)
    assert "no model was called" in shell.call("usage", "one").out
    called = shell.call("usage", "nobody")
    assert called.code == 2
    assert "'nobody' (`heartbeat list` shows them)" in called.errors
