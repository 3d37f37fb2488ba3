"""The dead-man ping reaches a real server, and only while all is well."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from gateway.deadman import DeadMan
from gateway.memory import Memory
from heartbeat.store import keys
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.processes import Processes
from heartbeat.store.server import Server
from heartbeat.store.statistics import Statistics
from heartbeat.store.watch import Watch
from tests.builders import a_config


class Monitor(HTTPServer):
    """An outside monitor that counts its pings."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Count)
        self.pings: list[str] = []


class _Count(BaseHTTPRequestHandler):
    server: Monitor

    def do_GET(self) -> None:
        self.server.pings.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    with Monitor() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def dead_man(server: Server, monitor: Monitor) -> DeadMan:
    return DeadMan(
        f"http://127.0.0.1:{monitor.server_port}/ping/1",
        watch=Watch(server),
        processes=Processes(server),
        statistics=Statistics(server),
        memory=Memory(),
    )


def all_are_well(server: Server) -> None:
    """Configure a heartbeat, and report a beat and a worker."""
    Heartbeats(server).configure(a_config(), max_per_owner=1)
    for kind in ("beat", "worker"):
        Processes(server).report(kind, host="h", pid=1)  # type: ignore[arg-type]  # both are kinds


def test_the_monitor_hears_of_a_fleet_that_is_well(
    server: Server, monitor: Monitor, dead_man: DeadMan
) -> None:
    all_are_well(server)
    assert dead_man.ping()
    assert monitor.pings == ["/ping/1"]


def test_the_monitor_hears_nothing_of_a_fleet_without_a_worker(
    server: Server, monitor: Monitor, dead_man: DeadMan
) -> None:
    Processes(server).report("beat", host="h", pid=1)
    assert not dead_man.ping()
    assert monitor.pings == []


def test_the_monitor_hears_nothing_of_a_store_that_was_emptied(
    server: Server, monitor: Monitor, dead_man: DeadMan
) -> None:
    all_are_well(server)
    server.ask(lambda client: client.delete(keys.VERSIONS))
    assert not dead_man.ping()
    server.ask(lambda client: client.flushall())
    all_are_well(server)
    assert dead_man.ping()


def test_a_monitor_that_speaks_no_http_has_not_heard(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    all_are_well(server)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4_096)
                connection.sendall(b"+OK ready\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        dead_man = DeadMan(
            f"http://127.0.0.1:{listener.getsockname()[1]}/ping/1",
            watch=Watch(server),
            processes=Processes(server),
            statistics=Statistics(server),
            memory=Memory(),
        )
        assert not dead_man.ping()
        thread.join()
    assert "was not heard: +OK ready" in caplog.text
