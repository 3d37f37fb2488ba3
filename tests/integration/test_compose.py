"""The deployment as it is written, without Docker: commands, health checks, image.

Each service's command runs here with its environment; only host names, the folder of
checklists and ports are those of this machine.
"""

import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from tests.acceptance.processes import RunningProcess, eventually
from tests.conftest import free_port, valkey_binary

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("gateway", "beat", "worker", "flower")
DOCKERFILE = (ROOT / "Dockerfile").read_text().splitlines()

#: Ports that are published; each is a setting, so that a test can take a free one.
PORTS = {"8765": "HEARTBEAT_PORT", "5555": "HEARTBEAT_FLOWER_PORT"}


class Local:
    """What stands here for the names that hold inside of compose."""

    def __init__(self, redis_url: str, folder: Path) -> None:
        self.folder = folder
        self._ports = {port: str(free_port()) for port in PORTS}
        self._names = {
            "redis://valkey:6379/0": redis_url,
            "/checklists": str(folder),
        }

    def environ(self, service: str) -> dict[str, str]:
        """Return the service's environment, with Docker's own variables unset."""
        written = {
            name: self._names.get(value, value)
            for name, value in SERVICES[service]["environment"].items()
            if not value.startswith("${")
        }
        ports = {PORTS[port]: here for port, here in self._ports.items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.folder), **ports, **written}

    def health_check(self, service: str) -> list[str]:
        """Return the words of the health check, with the ports of this machine."""
        words: list[str]
        kind, *words = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD"
        for port, here in self._ports.items():
            words = [word.replace(f":{port}/", f":{here}/") for word in words]
        return words


@pytest.fixture
def local(server_url: str, tmp_path: Path) -> Local:
    """A folder like the image's, beside which nothing is needed."""
    shutil.copy(ROOT / "flowerconfig.py", tmp_path)
    return Local(server_url, tmp_path)


@pytest.mark.parametrize("service", OURS)
def test_a_service_gets_healthy_and_ends_when_asked(local: Local, service: str) -> None:
    environ = local.environ(service)
    command = list(SERVICES[service]["command"])
    command[0] = shutil.which(command[0], path=environ["PATH"]) or command[0]
    process = RunningProcess(service, command, environ, local.folder)

    def is_healthy() -> bool:
        asked = subprocess.run(
            local.health_check(service),
            env=environ,
            cwd=local.folder,
            capture_output=True,
            timeout=30,
            check=False,
        )
        return asked.returncode == 0

    try:
        process.until(is_healthy, "a healthy service")
        process.send(signal.SIGTERM)
        assert process.wait() == 0
    finally:
        process.kill()
    left = {path.name for path in local.folder.iterdir()} - {process.log.name}
    assert left <= {"flowerconfig.py", "__pycache__"}  # the image's folder is not ours


@pytest.mark.parametrize("service", ["beat", "worker"])
def test_a_service_that_is_not_there_is_not_healthy(local: Local, service: str) -> None:
    asked = subprocess.run(
        local.health_check(service),
        env=local.environ(service),
        cwd=local.folder,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert asked.returncode == 1


def test_the_store_starts_as_written_and_never_evicts(tmp_path: Path) -> None:
    service, port = SERVICES["valkey"], free_port()
    assert service["healthcheck"]["test"] == ["CMD", "valkey-cli", "ping"]
    program, *arguments = service["command"]
    assert program == "valkey-server"
    here = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    process = RunningProcess(
        "valkey", [valkey_binary(), *arguments, *here], {}, tmp_path
    )
    try:
        with redis.Redis(port=port, decode_responses=True) as client:
            eventually(lambda: _answers(client), "an answer to PING")
            found = client.config_get("maxmemory-policy", "appendonly", "appendfsync")
            assert found == {
                "maxmemory-policy": "noeviction",
                "appendonly": "yes",
                "appendfsync": "everysec",
            }
    finally:
        process.kill()


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def test_there_is_one_service_of_each_kind_from_one_image() -> None:
    assert set(SERVICES) == {"valkey", *OURS}
    assert {SERVICES[name]["image"] for name in OURS} == {"heartbeat"}
    assert all("healthcheck" in service for service in SERVICES.values())
    assert all("restart" in service for service in SERVICES.values())


def test_only_loopback_is_published() -> None:
    published = [port for one in SERVICES.values() for port in one.get("ports", ())]
    assert sorted(published) == ["127.0.0.1:5555:5555", "127.0.0.1:8765:8765"]


def test_the_store_outlives_its_container() -> None:
    assert SERVICES["valkey"]["volumes"] == ["valkey:/data"]
    assert "valkey" in COMPOSE["volumes"]


def test_beats_and_workers_can_be_many() -> None:
    assert SERVICES["beat"]["deploy"]["replicas"] == 2
    for service in (SERVICES["beat"], SERVICES["worker"]):
        assert not {"container_name", "ports", "hostname"} & set(service)


def test_everybody_waits_for_the_store_and_reads_the_checklists() -> None:
    for name in OURS:
        waits = SERVICES[name]["depends_on"]
        assert waits == {"valkey": {"condition": "service_healthy"}}
        assert SERVICES[name]["volumes"][0].endswith(":/checklists:ro")


def test_the_image_copies_what_is_there_and_runs_without_root() -> None:
    copied = [
        source
        for line in DOCKERFILE
        if line.startswith("COPY") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    assert copied
    assert all((ROOT / source).exists() for source in copied)
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert not set(copied) & set(ignored)
    users = [line.split()[1] for line in DOCKERFILE if line.startswith("USER")]
    assert users == ["heartbeat"]


@pytest.mark.skipif(find_spec("setuptools") is None, reason="needs setuptools")
def test_an_installed_package_has_its_scripts_and_its_types(
    tmp_path: Path, python: str
) -> None:
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    packages = ("heartbeat", "gateway", "beat_schedule", "worker")
    for name in packages:
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    subprocess.run(
        [python, "-c", "import setuptools; setuptools.setup()", "-q", "build"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=60,
    )
    for name in packages:
        built = tmp_path / "build" / "lib" / name
        assert _files(built) == _files(tmp_path / name)
    assert (tmp_path / "build/lib/heartbeat/py.typed").exists()


def _files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
