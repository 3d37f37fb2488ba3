"""`heartbeat up` as a person meets it: alerts soon, and nothing left at the end."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from heartbeat.cli.up.ports import find_ports
from heartbeat.errors import InvalidSettings
from heartbeat.settings import Settings
from tests.acceptance.processes import eventually

ROOT = Path(__file__).parents[2]
CHECKLIST = """\
- [ ] This one fails on purpose
  - probe: disk / used_percent > 100%
"""
SERVICES = {"valkey-server", "gateway", "beat", "worker", "flower"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A running `heartbeat up`, and all that it has written."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def until(self, text: str) -> None:
        def look() -> bool:
            assert text in self.said or self.process.poll() is None, self.said
            return text in self.said

        eventually(look, f"{text!r} from up")

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def running_up(folder: Path, *options: str, **environ: str) -> Iterator[Up]:
    log = folder / f"up-{len(list(folder.glob('up-*.log')))}.log"
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HEARTBEAT_PORT": "0",
        "HEARTBEAT_FLOWER_PORT": "0",
        **environ,
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "heartbeat.cli.main", "up", *options],
            cwd=folder,
            env=given,
            stdout=out,
            stderr=out,
        )
    up = Up(process=process, log=log)
    children: list[psutil.Process] = []
    try:
        yield up
        children = up.children() if process.poll() is None else []
    finally:
        process.kill()
        process.wait()
        for child in children:
            until_gone(child)


def until_gone(process: psutil.Process) -> None:
    eventually(lambda: not _lives(process), f"the end of {process}")


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def names(children: list[psutil.Process]) -> set[str]:
    """Return which of the services are among these."""
    words = " ".join(" ".join(child.cmdline()) for child in children)
    return {name for name in SERVICES if name in words}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_shows_alerts_and_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "HEARTBEAT.md").write_text(CHECKLIST)
    with running_up(tmp_path) as up:
        up.until("This one fails on purpose")
        children = up.children()
        assert names(children) == SERVICES
        up.process.send_signal(number)
        assert up.process.wait(30) == 0
        assert [child for child in children if _lives(child)] == []
        assert "Traceback" not in up.said


def test_a_second_signal_waits_for_nobody(tmp_path: Path) -> None:
    with running_up(tmp_path, "--no-example") as up:
        up.until("Ctrl-C ends all of it")
        children = up.children()
        (worker,) = [one for one in children if "worker" in one.cmdline()]
        worker.suspend()  # it would be given 25 s
        # Of two signals that wait for a process, SIGTERM comes before SIGSTOP.
        eventually(lambda: worker.status() == psutil.STATUS_STOPPED, "a stopped worker")
        up.process.send_signal(signal.SIGINT)
        up.until("ending all processes")
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(15) == 0
        assert "worker has not ended and is killed" in up.said
        assert [child for child in children if _lives(child)] == []


def test_a_service_that_dies_is_started_again(tmp_path: Path) -> None:
    with running_up(tmp_path, "--no-example") as up:
        up.until("connected, and nothing is open")
        (gateway,) = [one for one in up.children() if "gateway" in one.cmdline()]
        gateway.kill()
        up.until("gateway is back")
        assert re.search(
            r"^\d\d:\d\d:\d\d gateway ended with signal SIGKILL \(log: ",
            up.said,
            re.MULTILINE,
        )
        up.until("connected again")
        assert "went away without a close" in up.said
        eventually(
            lambda: any(
                "gateway" in one.cmdline() and one.pid != gateway.pid
                for one in up.children()
            ),
            "another gateway",
        )


def test_children_end_when_it_is_killed(tmp_path: Path) -> None:
    with running_up(tmp_path, "--no-example") as up:
        up.until("Ctrl-C ends all of it")
        children = up.children()
        up.process.kill()
        up.process.wait()
        for child in children:
            until_gone(child)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HEARTBEAT_TOKENS_FILE", "/none"), ("HEARTBEAT_HOST", "0.0.0.0")],
)
def test_what_a_service_has_against_its_settings_is_said(
    tmp_path: Path, variable: str, value: str
) -> None:
    with running_up(tmp_path, **{variable: value}) as up:
        assert up.process.wait(30) == 2
        assert f"gateway does not start: gateway: {variable}" in up.said
        assert "starts one here" not in up.said


def test_a_redis_that_is_away_is_said_at_once(tmp_path: Path) -> None:
    with running_up(tmp_path, HEARTBEAT_REDIS_URL="redis://127.0.0.1:1/0") as up:
        assert up.process.wait(30) == 3
        assert "cannot reach the Redis of HEARTBEAT_REDIS_URL" in up.said


@pytest.mark.parametrize("setting", ["port", "flower_port"])
def test_a_taken_port_is_named_with_its_setting(setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(**{"port": 0, "flower_port": 0, setting: port})
        with pytest.raises(InvalidSettings, match=f"HEARTBEAT_{setting.upper()}=0"):
            find_ports(settings, with_store=True)


def test_free_ports_are_found_where_any_will_do() -> None:
    ports = find_ports(Settings(port=0, flower_port=0), with_store=True)
    assert len({ports.gateway, ports.flower, ports.store}) == 3
