"""Opening what lies under the root or the read paths, and nothing else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from heartbeat.containment import OpenFile, is_within, opened, would_be
from worker.tools.measured import CannotTell, NotAllowed
from worker.tools.policy import ToolPolicy


class NotThere(Exception):
    """Raised when there is nothing at a path that may be looked at."""


@contextmanager
def looking_at(path: str, *, policy: ToolPolicy, flags: int) -> Iterator[OpenFile]:
    """Open a path, relative to the checklist's folder, while something is done with it.

    Raises NotThere, and CannotTell for what may not or cannot be opened or read. A
    path that leads elsewhere is refused in the same words whatever is there, and
    nothing is opened there: a FIFO's writer would go on, a device could move.
    """
    folders = [would_be(folder) for folder in (policy.root, *policy.read_paths)]
    target = policy.base / path
    _require_within(would_be(target), folders, asked=path)
    try:
        with opened(target, flags=flags) as file:
            _require_within(file.real_path, folders, asked=path)
            yield file
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotThere(f"there is no {path!r}") from error
    except OSError as error:
        raise CannotTell(f"cannot look at {path!r}: {error.strerror}") from error


def _require_within(real: Path, folders: Sequence[Path], *, asked: str) -> None:
    if not is_within(real, folders):
        raise NotAllowed(f"not allowed: {asked!r} is not under the root or a read path")
