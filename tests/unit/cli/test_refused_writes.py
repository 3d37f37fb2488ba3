"""What is said of a fleet whose Redis answers and refuses writes."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from heartbeat.store import keys
from heartbeat.store.processes import GONE_MS, Processes
from heartbeat.store.server import Server
from tests.conftest import running_server
from tests.unit.cli.calling import Call

#: What makes a server refuse, as `CONFIG SET` or a command, and its word for that.
REFUSALS = {
    "full": (("CONFIG", "SET", "maxmemory", "1"), "maxmemory"),
    "without its replicas": (
        ("CONFIG", "SET", "min-replicas-to-write", "1"),
        "NOREPLICAS",
    ),
    "a replica": (("REPLICAOF", "127.0.0.1", "1"), "read only replica"),
}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with running_server(tmp_path) as server:
        yield server.url


def refuse(url: str, how: str) -> str:
    """Have a fleet that reported and then could not; return the server's word."""
    command, word = REFUSALS[how]
    server = Server.connect(url, name="test")
    processes = Processes(server)
    for kind in ("gateway", "beat", "worker"):
        processes.report(kind, host=socket.gethostname(), pid=7)
    server.close()
    with redis.Redis.from_url(url) as client:
        long_ago = int(client.time()[0]) * 1000 - 2 * GONE_MS
        for field in client.hgetall(keys.PROCESSES):
            seen = json.dumps({"queues": [], "seenMs": long_ago})
            client.hset(keys.PROCESSES, field, seen)
        client.execute_command(*command)
    return word


@pytest.mark.parametrize("how", REFUSALS)
def test_doctor_names_the_refusal_and_calls_no_process_dead(
    call: Call, url: str, how: str
) -> None:
    word = refuse(url, how)

    called = call("--json", "doctor", HEARTBEAT_REDIS_URL=url)

    found = called.data["findings"]
    assert isinstance(found, list)
    first = next(one for one in found if one["subject"] == "Redis")
    assert first["level"] == "fail"
    assert "refuses writes" in first["message"]
    assert word in first["message"]
    processes = [
        one for one in found if one["subject"] in ("gateway", "beat", "worker")
    ]
    assert [one["level"] for one in processes] == ["warn"] * 3
    assert called.code != 0


@pytest.mark.parametrize("how", REFUSALS)
def test_a_health_check_cannot_know(call: Call, url: str, how: str) -> None:
    word = refuse(url, how)

    called = call("alive", "worker", HEARTBEAT_REDIS_URL=url)

    assert called.code == 3
    assert "reports are refused" in called.out
    assert word in called.out


def test_a_server_that_takes_writes_is_not_said_to_refuse(call: Call, url: str) -> None:
    found = call("--json", "doctor", HEARTBEAT_REDIS_URL=url).data["findings"]

    assert isinstance(found, list)
    assert next(one for one in found if one["subject"] == "Redis")["level"] == "ok"
