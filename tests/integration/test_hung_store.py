"""What the command says, and how soon, of a store that takes and answers nothing."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.acceptance.processes import running_fleet
from tests.conftest import free_port, running_server
from tests.integration.cli_shell import Shell
from tests.unit.cli.calling import Called

#: What a busy machine may take beside the waiting.
MARGIN_SECONDS = 2.0


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Run a gateway over a store that then hangs."""
    folder, port = tmp_path_factory.mktemp("root"), free_port()
    with (
        running_server(tmp_path_factory.mktemp("server")) as server,
        running_fleet(server.url, folder) as fleet,
    ):
        fleet.gateway(port=port)
        os.kill(server.pid, signal.SIGSTOP)
        environ = {"HEARTBEAT_REDIS_URL": server.url, "HEARTBEAT_PORT": str(port)}
        yield Shell(folder=folder, environ=environ)


def timed(shell: Shell, command: str, *words: str) -> tuple[Called, float]:
    began = time.monotonic()
    called = shell.call(command, *words)
    return called, time.monotonic() - began


def test_a_health_check_soon_says_that_it_cannot_know(shell: Shell) -> None:
    called, seconds = timed(shell, "alive", "worker")
    assert (called.code, called.out[:15]) == (3, "cannot be known")
    assert seconds < 2 + MARGIN_SECONDS


def test_the_doctor_finds_it_soon(shell: Shell) -> None:
    called, seconds = timed(shell, "doctor")
    assert called.code == 1
    assert "Redis is away" in called.out
    assert "did not answer within 4 s" in called.out
    assert seconds < 6 + MARGIN_SECONDS
