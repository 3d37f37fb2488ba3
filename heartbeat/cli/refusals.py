"""What the fleet would refuse of a file that this command reads all the same.

Judged as gateway and workers do, with the root and the read paths that are known here;
of a gateway elsewhere neither is.
"""

from collections.abc import Iterator
from pathlib import Path

from heartbeat.checklist import Checklist
from heartbeat.checklist_file import read_checklist
from heartbeat.cli.below_root import below_root, root_for
from heartbeat.cli.context import Context
from heartbeat.containment import is_within, would_be
from heartbeat.errors import ChecklistUnavailable
from heartbeat.tool_calls import contained_path


def refusals(
    context: Context, file: str, checklist: Checklist, *, owner: str
) -> Iterator[str]:
    """Yield what an owner's heartbeat of the file would not get; nothing elsewhere."""
    root, below = root_for(context, owner), below_root(context, file, owner)
    if root is None or below is None:
        return
    try:
        read_checklist(below, root=root)
    except ChecklistUnavailable as error:
        yield f"the fleet would refuse this file: {error}"
        return
    folders = [would_be(one) for one in (root, *_read_paths(context))]
    base = (root / below).parent
    for item in checklist.items:
        for probe in item.probes:
            path = contained_path(probe.call)
            if path is not None and not is_within(would_be(base / path), folders):
                yield (
                    f"line {probe.line}: the fleet would not look at {path!r}: it is"
                    f" not under the root {str(root)!r} or a read path"
                )


def _read_paths(context: Context) -> Iterator[Path]:
    for path in context.settings.read_paths:
        yield Path(context.folder, path)
