"""The checklist behind a config: its file under the owner's root, or its content."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.files import Files
from heartbeat.checklist import Checklist
from heartbeat.checklist_file import (
    READ_SECONDS,
    not_in_time,
    read_checklist,
    relative_path,
)
from heartbeat.config import HeartbeatConfig
from heartbeat.jobs import queue_for
from heartbeat.owners import root_of
from heartbeat.store.processes import ProcessSeen
from heartbeat.tool_calls import is_host_bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A checklist as it was read, and the one spelling of its path, or its label."""

    path: str
    text: str | bytes


class Checklists:
    """Reads checklists for one root; owners other than `local` have a folder in it."""

    def __init__(self, root: Path) -> None:
        self._root, self._files = root, Files()

    async def read(self, owner: str, path: str, content: str | None) -> Source:
        """Return inline content, or what the file has; raises ChecklistUnavailable.

        Only here files are looked at, and never in a thread that the store is asked
        in: a mount that hangs must not keep anybody from the store.
        """
        if content is not None:
            return Source(path=path, text=content)
        try:
            return await self._files.call(
                owner, lambda: self._read(owner, path), seconds=READ_SECONDS
            )
        except TimeoutError:
            raise not_in_time(path) from None

    def _read(self, owner: str, path: str) -> Source:
        root = root_of(owner, self._root)
        relative = relative_path(path, root)
        return Source(
            path=relative, text=read_checklist(relative, root=root).text_bytes
        )


def unread_lines(checklist: Checklist) -> tuple[str, ...]:
    """Warn of lines that look like items and are not read as such."""
    return tuple(
        f"line {warning.line}: {warning.message}" for warning in checklist.warnings
    )


def placement_warnings(
    config: HeartbeatConfig, checklist: Checklist, processes: Iterable[ProcessSeen]
) -> tuple[str, ...]:
    """Warn where the machine that runs it matters and nobody chose one."""
    workers = [one for one in processes if one.kind == "worker" and one.is_alive]
    if config.run_on is not None:
        return _unserved(config.run_on, workers)
    hosts = sorted({worker.host for worker in workers})
    lines = sorted(
        probe.line
        for item in checklist.items
        for probe in item.probes
        if is_host_bound(probe.call)
    )
    if len(hosts) < 2 or not lines:
        return ()
    return (
        f"line {lines[0]}: this probe depends on the machine that runs it, and"
        f" {len(hosts)} hosts have workers ({', '.join(hosts)}); choose with runOn",
    )


def _unserved(label: str, workers: list[ProcessSeen]) -> tuple[str, ...]:
    queue = queue_for(label)
    if not workers or any(queue in worker.queues for worker in workers):
        return ()
    return (f"runOn: no worker serves {queue!r} now; start one with `-Q {queue}`",)
