"""The dead-man ping reaches a real server, and only while all is well."""

import asyncio
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import fakeredis
import pytest
import uvloop
from pydantic import SecretStr

from gateway.__main__ import serve
from gateway.deadman import MOST_LAG_MS, MOST_WAIT_MS, DeadMan
from gateway.memory import Memory
from heartbeat.settings import Settings
from heartbeat.store import keys
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.processes import Processes
from heartbeat.store.server import Server
from heartbeat.store.statistics import Statistics
from heartbeat.store.watch import Watch
from tests.acceptance.processes import eventually, running_fleet
from tests.conftest import free_port
from tests.unit.store.ledger import ClockedServer, Fleet, a_config

#: Grace of a slot of an hourly heartbeat: 5 minutes to begin, 10 minutes to run.
GRACE_MS = 900_000


class Monitor(HTTPServer):
    """An outside monitor that counts its pings."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Count)
        self.pings: list[str] = []

    @property
    def url(self) -> str:
        """Return the address that is pinged."""
        return f"http://127.0.0.1:{self.server_port}/ping/1"


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
    return a_dead_man(server, monitor)


def a_dead_man(server: Server, monitor: Monitor) -> DeadMan:
    return DeadMan(
        monitor.url,
        watch=Watch(server),
        processes=Processes(server),
        statistics=Statistics(server),
        memory=Memory(),
    )


def all_are_well(server: Server) -> None:
    """Let there be a heartbeat, a beat and a worker."""
    Heartbeats(server).configure(a_config(), max_per_owner=1)
    report_all(server)


def report_all(server: Server) -> None:
    """Let a beat and a worker say that they are alive."""
    Processes(server).report("beat", host="h", pid=1)
    Processes(server).report("worker", host="h", pid=2)


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


class Watched:
    """A fleet with a beat and a worker that are alive, and its dead-man."""

    def __init__(self, server: ClockedServer, monitor: Monitor) -> None:
        self.fleet = Fleet(server)
        self._dead_man = a_dead_man(server, monitor)
        self.fleet.configure(a_config(every=60))
        self.fleet.server.pass_time(minutes=60)

    def pings_after(self, milliseconds: int) -> bool:
        self.fleet.server.pass_time(seconds=milliseconds / 1000)
        report_all(self.fleet.server)
        return self._dead_man.ping()


@pytest.fixture(params=["fake", "real"])
def watched(request: pytest.FixtureRequest, monitor: Monitor) -> Iterator[Watched]:
    if request.param == "fake":
        fake = ClockedServer(fakeredis.FakeRedis(decode_responses=True))
        yield Watched(fake, monitor)
        return
    server = ClockedServer.connect(request.getfixturevalue("server_url"), name="test")
    yield Watched(server, monitor)
    server.close()


def test_the_monitor_hears_nothing_while_no_beat_fires(
    watched: Watched, monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    assert watched.pings_after(MOST_LAG_MS)
    assert not watched.pings_after(1)
    assert "for a beat" in caplog.text
    assert len(monitor.pings) == 1


def test_the_monitor_hears_nothing_while_no_worker_begins(
    watched: Watched, monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    watched.fleet.beat()
    assert watched.pings_after(MOST_WAIT_MS)
    assert not watched.pings_after(1)
    assert "for a worker" in caplog.text
    assert len(monitor.pings) == 1


def test_the_monitor_hears_nothing_while_a_run_does_not_end(
    watched: Watched, monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    watched.fleet.beat()
    watched.fleet.begun()
    assert watched.pings_after(GRACE_MS)
    assert not watched.pings_after(1)
    assert "no finished run after its grace" in caplog.text
    assert len(monitor.pings) == 1


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


def test_a_gateway_pings_the_monitor_of_its_setting(
    server_url: str, monitor: Monitor, tmp_path: Path
) -> None:
    store = Server.connect(server_url, name="test")
    all_are_well(store)
    store.close()
    port = free_port()
    with running_fleet(server_url, tmp_path) as fleet:
        fleet.gateway(port=port, HEARTBEAT_DEADMAN_URL=monitor.url)
        eventually(lambda: monitor.pings, "a ping")
        eventually(lambda: "heartbeat_deadman_up 1.0" in scraped(port), "its metric")
    assert monitor.pings == ["/ping/1"]


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
        return str(page.read().decode())


def test_a_gateway_pings_again_after_each_interval(
    server_url: str, monitor: Monitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.background.PING_SECONDS", 0.05)
    store = Server.connect(server_url, name="test")
    all_are_well(store)
    store.close()
    settings = Settings(
        redis_url=SecretStr(server_url),
        deadman_url=SecretStr(monitor.url),
        root=tmp_path,
        port=free_port(),
    )

    async def story() -> bool:
        serving = asyncio.create_task(serve(settings))
        await asyncio.to_thread(eventually, lambda: len(monitor.pings) > 2, "3 pings")
        [job] = [one for one in asyncio.all_tasks() if one.get_name() == "deadman"]
        job.cancel()
        return await serving

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(story()) is False
