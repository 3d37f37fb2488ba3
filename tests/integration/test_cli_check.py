"""`heartbeat check` and `get` with a gateway that knows compiled rules, and without."""

import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from heartbeat.checklist import parse_checklist
from heartbeat.compiled import CompiledItem, CompiledItems, digest_of
from heartbeat.instants import to_ms
from heartbeat.store.compiled import Compiled
from heartbeat.store.server import Server
from tests.acceptance.processes import running_fleet
from tests.conftest import free_port, running_server
from tests.integration.cli_shell import Shell

LIST = """\
- [ ] The disk has room {#disk}
- [ ] The page reads well {#page}
- [ ] Nobody was asked of this one
"""
RULE = "disk / used_percent < 90%"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("root")
    (folder / "HEARTBEAT.md").write_text(LIST)
    (folder / "other.md").write_text(LIST)
    port = free_port()
    with (
        running_server(tmp_path_factory.mktemp("server")) as server,
        running_fleet(server.url, folder) as fleet,
    ):
        fleet.gateway(port=port)
        shell = Shell(
            folder=folder,
            environ={
                "PATH": os.environ["PATH"],
                "HEARTBEAT_PORT": str(port),
                "HEARTBEAT_REDIS_URL": server.url,
                "ANTHROPIC_API_KEY": "sk-test",
            },
        )
        for name in ("one", "two"):
            shell.json("configure", "HEARTBEAT.md", "--id", name, "--no-run")
        compile_items(shell, "one", runs=4)
        yield shell


def compile_items(shell: Shell, schedule_id: str, *, runs: int) -> None:
    """Keep a rule of the disk and why the page has none, as a worker does."""
    now = datetime.now(UTC)

    def known(item_number: int, *probes: str) -> CompiledItem:
        return CompiledItem(
            item=digest_of(parse_checklist(LIST).items[item_number]),
            made_with="m",
            probes=probes,
            why="somebody has to read it",
            made_ms=to_ms(now - 3 * HOUR),
            tried_ms=to_ms(now - 3 * HOUR),
            until_ms=to_ms(now + 21.5 * HOUR),
            runs=runs,
        )

    server = Server.connect(shell.environ["HEARTBEAT_REDIS_URL"], name="test")
    items = {"disk": known(0, RULE), "page": known(1)}
    Compiled(server).save(f"local:{schedule_id}", CompiledItems(items=items))
    server.close()


def with_environ(shell: Shell, **environ: str) -> Shell:
    return Shell(folder=shell.folder, environ={**shell.environ, **environ})


def test_each_item_is_shown_with_its_rule(shell: Shell) -> None:
    called = shell.call("check", "HEARTBEAT.md")
    assert called.code == 0
    assert f"compiled: {RULE}" in called.out
    made = "made 3 h ago, again in 21 h; full check by a model in 284 runs"
    assert made in called.out
    assert "not compiled: somebody has to read it; asked again in 21 h" in called.out
    assert "compiled rules are not shown" not in called.out


def test_get_shows_the_same(shell: Shell) -> None:
    out = shell.call("get", "one").out
    assert f"compiled: {RULE}" in out
    assert "made 3 h ago, again in 21 h; full check by a model in 284 runs" in out


def test_programs_get_the_rules_by_heartbeat(shell: Shell) -> None:
    compiled = shell.json("check", "HEARTBEAT.md")["compiled"]
    assert isinstance(compiled, dict)
    assert compiled["answered"] is True
    one, two = compiled["heartbeats"]
    assert (one["scheduleId"], two["items"]) == ("one", [])
    disk, page = one["items"]
    assert (disk["itemKey"], disk["probes"]) == ("disk", [RULE])
    assert disk["runsToFullCheck"] == 284
    assert (page["itemKey"], page["probes"]) == ("page", [])


def test_rules_of_several_heartbeats_are_told_apart(shell: Shell) -> None:
    compile_items(shell, "two", runs=287)
    out = shell.call("check", "HEARTBEAT.md").out
    assert "in one:" in out
    assert "in two:" in out
    assert "full check by a model at the next run" in out
    compile_items(shell, "two", runs=0)


def test_an_item_that_reads_otherwise_here_has_no_rule(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "HEARTBEAT.md").write_text(LIST.replace("has room", "is empty"))
    here = Shell(folder=tmp_path, environ=shell.environ)
    out = here.call("check", "HEARTBEAT.md").out
    assert f"compiled: {RULE}" not in out
    assert "not compiled: somebody has to read it" in out


def test_a_file_that_no_heartbeat_runs_is_said_to_have_none(shell: Shell) -> None:
    out = shell.call("check", "other.md").out
    assert "not configured at ws://" in out


def test_without_a_gateway_it_checks_all_the_same(shell: Shell) -> None:
    away = with_environ(shell, HEARTBEAT_PORT="1")
    called = away.call("check", "HEARTBEAT.md")
    assert (called.code, called.errors) == (0, "")
    last = called.out.splitlines()[-1]
    assert last.startswith("compiled rules are not shown: cannot reach the gateway")
    compiled = away.json("check", "HEARTBEAT.md")["compiled"]
    assert isinstance(compiled, dict)
    assert (compiled["answered"], compiled["heartbeats"]) == (False, [])
    assert "cannot reach the gateway" in compiled["why"]


def test_a_gateway_that_does_not_answer_is_not_waited_for(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        called = with_environ(shell, HEARTBEAT_PORT=str(port)).call(
            "check", "HEARTBEAT.md"
        )
        assert time.monotonic() - began < 5
    assert called.code == 0
    assert "did not answer within 1 s" in called.out


def test_no_rule_is_missed_where_no_item_could_have_one(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "probes.md").write_text("- [ ] a\n  - probe: load load1 < 99\n")
    environ = {**shell.environ, "HEARTBEAT_PORT": "1"}
    away = Shell(folder=tmp_path, environ=environ)
    assert "compiled" not in away.call("check", "probes.md").out
    compiled = away.json("check", "probes.md")["compiled"]
    assert isinstance(compiled, dict)
    assert compiled["why"] == "no item needs a model"


def fleet_of(shell: Shell, *argv: str) -> dict[str, dict[str, Any]]:
    """Return what is previewed of each heartbeat, by its id."""
    fleet = shell.json(*argv)["fleet"]
    assert isinstance(fleet, list)
    return {one["scheduleId"]: one for one in fleet}


def test_the_runs_of_the_fleet_are_shown_where_it_knows_the_file(shell: Shell) -> None:
    fleet = fleet_of(shell, "check", "HEARTBEAT.md")
    out = shell.call("check", "HEARTBEAT.md").out
    for name in ("one", "two"):
        slots = [slot["slot"] for slot in fleet[name]["nextRuns"]]
        known = shell.json("get", name)["nextRuns"]
        assert isinstance(known, list)
        assert len({*slots} & {*known}) >= 4  # one may pass in between
        assert f"{slots[0][:10]} {slots[0][11:19]}" in out
        assert f"{name} runs every 30 min" in out
    assert fleet["one"]["nextRuns"] != fleet["two"]["nextRuns"]
    assert "another place" not in out


def test_upcoming_shows_them_from_any_instant(shell: Shell) -> None:
    words = ("upcoming", "HEARTBEAT.md", "-n", "7", "--from", "2031-11-24T16:00:00Z")
    one = fleet_of(shell, *words)["one"]
    assert len(one["nextRuns"]) == 7
    assert one["nextRuns"][0]["slot"].startswith("2031-11-24T16:")
    assert "one runs every 30 min" in shell.call(*words).out


def test_what_the_message_said_counts_and_not_only_the_file(shell: Shell) -> None:
    options = ("--id", "cron", "--cron", "0 6 * * *", "--timezone", "Asia/Tokyo")
    shell.json("configure", "other.md", "--no-run", *options)
    out = shell.call("check", "other.md").out
    assert "cron runs cron 0 6 * * * (Asia/Tokyo)" in out
    shell.call("pause", "cron")
    assert "not now: it is paused" in shell.call("check", "other.md").out
    assert fleet_of(shell, "check", "other.md")["cron"]["nextRuns"] == []
    shell.call("delete", "cron")


def test_elsewhere_it_is_said_whose_place_in_the_interval_is_shown(
    shell: Shell,
) -> None:
    assert fleet_of(shell, "check", "other.md") == {}
    said = "of the owner local: another id or owner has another place"
    assert said in shell.call("check", "other.md").out
    assert said in shell.call("upcoming", "other.md").out
