"""What `up` would run."""

import sys
from pathlib import Path

from heartbeat.cli.up.plan import Ports, embedded_store, service_environ, services
from heartbeat.settings import Settings

PORTS = Ports(gateway=8765, flower=5555, store=7001)


def test_the_embedded_store_keeps_everything_on_disk_and_evicts_nothing() -> None:
    child = embedded_store(
        Path("/bin/valkey-server"), folder=Path("data"), port=7001, environ={}
    )
    words = " ".join(child.command)
    for option in ("--appendonly yes", "--maxmemory-policy noeviction", "--dir data"):
        assert option in words
    assert child.command[-2:] == ("--save", "")
    assert "--bind 127.0.0.1" in words


def test_every_service_runs_with_this_interpreter() -> None:
    children = services(Settings(), PORTS, {})
    assert [child.name for child in children] == ["gateway", "beat", "worker", "flower"]
    assert {child.command[:2] for child in children} == {(sys.executable, "-m")}


def test_flower_listens_on_loopback_at_its_port() -> None:
    flower = services(Settings(), PORTS, {})[-1]
    assert {"--address=127.0.0.1", "--port=5555"} <= set(flower.command)


def test_a_worker_gets_its_own_grace_and_a_margin() -> None:
    worker = services(Settings(shutdown_seconds=60), PORTS, {})[2]
    assert worker.grace_seconds > 60


def test_services_are_told_where_the_embedded_store_is() -> None:
    environ = service_environ({"PATH": "/bin"}, PORTS)
    assert environ["HEARTBEAT_REDIS_URL"] == "redis://127.0.0.1:7001/0"
    assert environ["HEARTBEAT_PORT"] == "8765"
    assert environ["PATH"] == "/bin"


def test_a_store_of_ones_own_is_left_as_it_was_given() -> None:
    ports = Ports(gateway=8765, flower=5555)
    environ = service_environ({"HEARTBEAT_REDIS_URL": "redis://db:6379/1"}, ports)
    assert environ["HEARTBEAT_REDIS_URL"] == "redis://db:6379/1"


def test_at_the_end_clients_are_sent_away_at_once_unless_a_time_is_set() -> None:
    assert service_environ({}, PORTS)["HEARTBEAT_DRAIN_SECONDS"] == "0"
    given = service_environ({"HEARTBEAT_DRAIN_SECONDS": "3"}, PORTS)
    assert given["HEARTBEAT_DRAIN_SECONDS"] == "3"
