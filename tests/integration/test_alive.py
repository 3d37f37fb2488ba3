"""The health check of containers, against the roll of processes in a real store."""

import json
import socket
from pathlib import Path

import pytest
import redis

from heartbeat.cli.main import main
from heartbeat.cli.running import Place, announce, only_one
from heartbeat.store import keys
from heartbeat.store.processes import Processes
from heartbeat.store.server import Server
from tests.conftest import free_port

HERE = socket.gethostname()


@pytest.fixture(autouse=True)
def _no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def alive(kind: str, url: str) -> int:
    return main(["alive", kind], {"HEARTBEAT_REDIS_URL": url})


def report(url: str, host: str) -> None:
    server = Server.connect(url, name="test")
    Processes(server).report("beat", host=host, pid=7)
    server.close()


def test_a_process_that_reported_here_is_alive(
    server_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report(server_url, HERE)
    assert alive("beat", server_url) == 0
    assert capsys.readouterr().out.startswith("beat 7 on")


def test_another_kind_is_not(server_url: str) -> None:
    report(server_url, HERE)
    assert alive("worker", server_url) == 1


def test_another_host_does_not_count(
    server_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report(server_url, "elsewhere")
    assert alive("beat", server_url) == 1
    assert capsys.readouterr().out.startswith("expected a beat on")


def test_an_old_report_does_not_count(
    server_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report(server_url, HERE)
    with redis.Redis.from_url(server_url) as client:
        seconds, _ = client.time()
        old = json.dumps({"queues": [], "seenMs": (int(seconds) - 30) * 1000})
        client.hset(keys.PROCESSES, f"beat {HERE} 7", old)
    assert alive("beat", server_url) == 1
    assert "s ago, expected a report within 20 s" in capsys.readouterr().out


def test_a_store_that_is_away_vouches_for_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert alive("beat", f"redis://127.0.0.1:{free_port()}/0") == 3
    assert capsys.readouterr().out.startswith("cannot be known: Redis is away")


def test_the_store_of_the_up_that_runs_here_is_asked(
    server_url: str, tmp_path: Path
) -> None:
    report(server_url, HERE)
    with only_one(tmp_path) as state:
        announce(state, Place(url="ws://127.0.0.1:1/ws", store_url=server_url))
        assert main(["alive", "beat"], {}) == 0
