"""Real processes of the system for tests: started, waited for, and ended by their pid.

    with running_fleet(server.url, tmp_path) as fleet:
        fleet.beat()
        worker = fleet.worker("-c", "2", HEARTBEAT_SHUTDOWN_SECONDS="1")
        worker.terminate()
        assert worker.wait() == 0

Each has its own environment, in which only what a test gives is set, and its output
goes to a file that is shown when it does not come up.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from heartbeat.errors import StoreError
from heartbeat.store.processes import Processes, ProcessKind
from heartbeat.store.server import Server

#: How long anything may take on a busy machine, in seconds.
PATIENCE_SECONDS = 30.0
#: Of what a process has said, so much at the end is shown beside a failure.
LAST_CHARACTERS = 8_000
#: Pause between two looks, in seconds.
LOOK_SECONDS = 0.02

_T = TypeVar("_T")


def eventually(
    look: Callable[[], _T], what: str, *, within: float = PATIENCE_SECONDS
) -> _T:
    """Return the first true answer of `look`; fail with `what` when none comes."""
    deadline = time.monotonic() + within
    while not (answer := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"expected {what} within {within:g} s")
        time.sleep(LOOK_SECONDS)
    return answer


class RunningProcess:
    """One process of ours."""

    def __init__(
        self, name: str, command: list[str], environ: dict[str, str], folder: Path
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env=environ,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """Return all it has written so far."""
        return self.log.read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        """Say whether it has not ended."""
        return self._process.poll() is None

    def until(
        self, look: Callable[[], _T], what: str, *, within: float = PATIENCE_SECONDS
    ) -> _T:
        """Wait for an answer while it runs; fail with its output when it ends."""

        def look_at_it() -> _T:
            answer = look()
            assert answer or self.is_running, f"{self.name} ended:\n{self.output}"
            return answer

        try:
            return eventually(look_at_it, what, within=within)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.name} said:\n{self.output}") from None

    def terminate(self) -> None:
        """Ask it to end, as a deployment does."""
        self._process.terminate()

    def kill(self) -> None:
        """End it, and all that it started, as a power cut would.

        The number of one that has ended may be another's by now.
        """
        if self.is_running:
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self, within: float = PATIENCE_SECONDS) -> int:
        """Wait for its end; return its exit code."""
        return self._process.wait(within)


class Fleet:
    """Processes over one server. `settings` hold for all of them."""

    def __init__(self, redis_url: str, folder: Path, settings: dict[str, str]) -> None:
        self._server = Server.connect(redis_url, name="test-fleet")
        self._folder = folder
        self._settings = {
            "HEARTBEAT_REDIS_URL": redis_url,
            "HEARTBEAT_ROOT": str(folder),
            **settings,
        }
        self._started: list[RunningProcess] = []

    def beat(self, **settings: str) -> RunningProcess:
        """Start a beat and wait for its first report."""
        process = self.start("beat", *_CELERY, "beat_schedule.app", "beat", **settings)
        return self._reported(process, "beat")

    def worker(self, *options: str, **settings: str) -> RunningProcess:
        """Start a worker and wait for its first report."""
        command = (*_CELERY, "worker.app", "worker", *_named(len(self._started)))
        process = self.start("worker", *command, *options, **settings)
        return self._reported(process, "worker")

    def gateway(self, *, port: int, **settings: str) -> RunningProcess:
        """Start a gateway and wait until it is ready."""
        settings = {"HEARTBEAT_PORT": str(port), **settings}
        process = self.start("gateway", "-m", "gateway", **settings)
        process.until(lambda: _is_ready(port), "a ready gateway")
        return process

    def start(self, name: str, *arguments: str, **settings: str) -> RunningProcess:
        """Start a Python process with these settings; wait for nothing."""
        process = RunningProcess(
            f"{name}-{len(self._started)}",
            [sys.executable, *arguments],
            _environ({**self._settings, **settings}),
            self._folder,
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """Kill what still runs; in a test, print what all said, in case it failed."""
        for process in self._started:
            process.kill()
            if "PYTEST_CURRENT_TEST" in os.environ:
                print(f"--- {process.name} said:\n{process.output[-LAST_CHARACTERS:]}")
        self._server.close()

    def _reported(self, process: RunningProcess, kind: ProcessKind) -> RunningProcess:
        def has_reported() -> bool:
            with suppress(StoreError):
                seen = Processes(self._server).seen()
                return (kind, process.pid) in {(one.kind, one.pid) for one in seen}
            return False

        process.until(has_reported, f"a report of the {kind}")
        return process


@contextmanager
def running_fleet(redis_url: str, folder: Path, **settings: str) -> Iterator[Fleet]:
    """Make a fleet whose processes end with the block, whatever happens in it."""
    fleet = Fleet(redis_url, folder, settings)
    try:
        yield fleet
    finally:
        fleet.close()


_CELERY = ("-m", "celery", "-A")


def _named(number: int) -> tuple[str, str]:
    """Tell workers of one host apart, as Celery asks for."""
    return "-n", f"worker{number}@%h"


def _environ(settings: dict[str, str]) -> dict[str, str]:
    """Return an environment without what the developer's own shell has set."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HEARTBEAT_", "ANTHROPIC_", "CELERY_"))
    }
    return {**kept, "PYTHONUNBUFFERED": "1", **settings}


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/readyz", timeout=1
        ) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
