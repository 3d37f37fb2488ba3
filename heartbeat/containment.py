"""Where an open file really lies, and whether that is inside given folders.

Judged twice. Before anything is opened, by where the name leads: opening alone may
have effects, such as on the writer of a FIFO. And after, by what was opened: a name can
be made to lead elsewhere in between, an open descriptor cannot.
"""

import errno
import fcntl
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Times a name is opened again when its file was replaced under our hands.
_ATTEMPTS = 5

#: Never wait for the other end of a FIFO, never become a terminal's process.
_HARMLESS = os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """An open file: its descriptor, the path it really has, and its facts."""

    descriptor: int
    real_path: Path
    facts: os.stat_result


@contextmanager
def opened(
    path: str | Path, *, flags: int = os.O_RDONLY, folder: int | None = None
) -> Iterator[OpenFile]:
    """Open a path (relative to the open folder, if given), and close it at the end.

    Raises OSError. A file that was replaced while it was being opened is opened anew,
    since the real path of a deleted one cannot be told.
    """
    for _ in range(_ATTEMPTS):
        descriptor = os.open(path, flags | _HARMLESS, dir_fd=folder)
        try:
            real = real_path(descriptor)
            facts = os.fstat(descriptor)
            if facts.st_nlink == 0 and real.name.endswith(" (deleted)"):
                continue
            yield OpenFile(descriptor=descriptor, real_path=real, facts=facts)
        finally:
            os.close(descriptor)
        return
    raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))


def real_path(descriptor: int) -> Path:
    """Return the path that an open file has now, all links followed."""
    if sys.platform == "darwin":  # pragma: no cover - no /proc there
        name = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024))
        return Path(os.fsdecode(name.rstrip(b"\0")))
    return Path(os.readlink(f"/proc/self/fd/{descriptor}"))


def would_be(path: str | Path) -> Path:
    """Return where a path leads as far as it exists, and would lead beyond that.

    It names the place without opening it.
    """
    return Path(os.path.realpath(path))


def is_within(path: Path, folders: Iterable[Path]) -> bool:
    """Say whether a real path is one of these real folders or lies below one."""
    return any(path.is_relative_to(folder) for folder in folders)
