"""The checklist behind a config: its file under the owner's root, or its content."""

from collections.abc import Iterable
from pathlib import Path

from heartbeat.checklist import Checklist, parse_checklist
from heartbeat.checklist_file import read_checklist, relative_path
from heartbeat.config import HeartbeatConfig
from heartbeat.jobs import queue_for
from heartbeat.owners import root_of
from heartbeat.store.processes import ProcessSeen
from heartbeat.tool_calls import is_host_bound


class Checklists:
    """Reads checklists for one root; owners other than `local` have a folder in it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def relative(self, owner: str, path: str, content: str | None) -> str:
        """Return the one spelling of a path, or the label of inline content."""
        return (
            path
            if content is not None
            else relative_path(path, root_of(owner, self._root))
        )

    def read(self, owner: str, path: str, content: str | None) -> Checklist:
        """Read and parse; raises ChecklistUnavailable, InvalidChecklist."""
        if content is not None:
            return parse_checklist(content)
        return parse_checklist(
            read_checklist(path, root=root_of(owner, self._root)).text_bytes
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
