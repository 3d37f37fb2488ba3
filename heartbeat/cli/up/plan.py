"""What `up` runs: programs, arguments and environments. Pure."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from heartbeat.settings import Settings

#: Seconds beyond a process's own grace before it is killed.
_MARGIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process; `grace_seconds` is what it gets between SIGTERM and SIGKILL."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    grace_seconds: float = _MARGIN_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Ports that are free now; `store` is that of the embedded server, if any."""

    gateway: int
    flower: int
    store: int | None = None


def embedded_store(
    binary: Path, *, folder: Path, port: int, environ: Mapping[str, str]
) -> Child:
    """Plan the embedded server: everything on disk within a second, nothing evicted."""
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Child(
        name="valkey",
        command=(str(binary), *words),
        environ=environ,
        grace_seconds=2 * _MARGIN_SECONDS,
    )


def services(
    settings: Settings, ports: Ports, environ: Mapping[str, str]
) -> list[Child]:
    """Plan gateway, beat, worker and Flower, all by this interpreter."""
    given = service_environ(environ, ports)

    def child(name: str, *words: str, grace_seconds: float = _MARGIN_SECONDS) -> Child:
        return Child(
            name=name,
            command=(sys.executable, "-m", *words),
            environ=given,
            grace_seconds=grace_seconds,
        )

    return [
        child("gateway", "gateway"),
        child("beat", "celery", "-A", "beat_schedule.app", "beat", "--loglevel=INFO"),
        child(
            "worker", "celery", "-A", "worker.app", "worker", "--loglevel=INFO",
            grace_seconds=settings.shutdown_seconds + _MARGIN_SECONDS,
        ),
        child(
            "flower", "celery", "-A", "worker.app", "flower",
            "--address=127.0.0.1", f"--port={ports.flower}",
        ),
    ]  # fmt: skip


def service_environ(environ: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """Return what the services are told: found ports, the embedded store, no drain.

    At Ctrl-C nobody wants to wait until the gateway has sent its clients away one by
    one; who set the drain time means it.
    """
    given = {"HEARTBEAT_DRAIN_SECONDS": "0", "PYTHONUNBUFFERED": "1", **environ}
    given["HEARTBEAT_PORT"] = str(ports.gateway)
    if ports.store is not None:
        given["HEARTBEAT_REDIS_URL"] = f"redis://127.0.0.1:{ports.store}/0"
    return given
