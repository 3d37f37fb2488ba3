"""Which processes of the fleet are alive, as they say themselves."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from heartbeat.errors import StoreError
from heartbeat.store import keys
from heartbeat.store.records import fields_of, ms_of
from heartbeat.store.server import Server

#: How often a process says that it is alive, in seconds.
REPORT_SECONDS = 5.0
#: Silent for longer is taken for gone, in milliseconds: three reports missed.
GONE_MS = 20_000
#: Records of processes that are gone are dropped after an hour.
FORGOTTEN_MS = 3_600_000

ProcessKind = Literal["gateway", "beat", "worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSeen:
    """What a process last said of itself."""

    kind: ProcessKind
    host: str
    pid: int
    queues: tuple[str, ...] = ()
    last_seen_ms: int
    is_alive: bool


class Processes:
    """The roll of the fleet."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def report(
        self, kind: ProcessKind, *, host: str, pid: int, queues: tuple[str, ...] = ()
    ) -> None:
        """Say that this process is alive."""
        seen = json.dumps({"queues": queues, "seenMs": self._server.now_ms()})
        field = f"{kind} {host} {pid}"
        self._server.ask(lambda client: client.hset(keys.PROCESSES, field, seen))

    def leave(self, kind: ProcessKind, *, host: str, pid: int) -> None:
        """Say that this process ends."""
        field = f"{kind} {host} {pid}"
        self._server.ask(lambda client: client.hdel(keys.PROCESSES, field))

    def seen(self) -> list[ProcessSeen]:
        """Return all that were seen within the hour, and drop older records."""
        found = self._server.ask(lambda client: client.hgetall(keys.PROCESSES))
        now_ms = self._server.now_ms()
        seen: list[ProcessSeen] = []
        forgotten: list[str] = []
        for field, text in sorted(found.items()):
            process = _seen(str(field), str(text), now_ms)
            if process is None or now_ms - process.last_seen_ms > FORGOTTEN_MS:
                forgotten.append(str(field))
            else:
                seen.append(process)
        if forgotten:
            with suppress(StoreError):  # what refuses writes can still be read
                self._server.ask(lambda client: client.hdel(keys.PROCESSES, *forgotten))
        return seen


def _seen(field: str, text: str, now_ms: int) -> ProcessSeen | None:
    """Return what a process said of itself, or None where it cannot be read."""
    kind, _, place = field.partition(" ")
    host, _, pid = place.rpartition(" ")
    said = fields_of(text)
    seen_ms, queues = ms_of(said.get("seenMs")), said.get("queues")
    if not pid.isdecimal() or seen_ms is None or not isinstance(queues, list):
        return None
    return ProcessSeen(
        kind=kind,  # type: ignore[arg-type]  # only `report` writes here
        host=host,
        pid=int(pid),
        queues=tuple(str(queue) for queue in queues),
        last_seen_ms=seen_ms,
        is_alive=now_ms - seen_ms <= GONE_MS,
    )
