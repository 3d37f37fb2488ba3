"""The one place that opens a checklist file, for gateway, worker and command line.

Nothing outside the root is read, and no message tells whether it exists.
"""

import errno
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

from heartbeat.checklist import MAX_CHECKLIST_BYTES
from heartbeat.containment import OpenFile, is_within, opened, would_be
from heartbeat.errors import ChecklistUnavailable

#: Time that a file system gets to hand over a checklist, in seconds.
READ_SECONDS = 10.0


class FileTrouble(StrEnum):
    """Why a checklist file cannot be used: the `reason` of ChecklistUnavailable."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    OUTSIDE_ROOT = "outside_root"
    TOO_LARGE = "too_large"
    NOT_A_FILE = "not_a_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistFile:
    """A checklist as it was read.

    `folder` is where the file was asked for, not where a link led: relative paths in
    the checklist start there.
    """

    text_bytes: bytes
    real_path: Path
    folder: Path


def read_checklist(path: str, *, root: Path) -> ChecklistFile:
    """Read the checklist at a path inside the root, which may itself be a link.

    1. Open the root, then the path relative to it: a root that is switched to another
       folder meanwhile is either the old or the new one throughout.
    2. Check that what is opened lies in the root, before and after, and is a regular
       file.
    3. Read it, and no more than one byte beyond the limit.
    """
    relative = relative_path(path, root)
    try:
        with opened(root, flags=os.O_RDONLY | os.O_DIRECTORY) as folder:
            return _read_in(folder, relative)
    except OSError as error:
        raise _unavailable(relative, error) from error


def not_in_time(path: str) -> ChecklistUnavailable:
    """Return the error of a file that was not read within READ_SECONDS."""
    return ChecklistUnavailable(
        f"expected to read {path!r} within {READ_SECONDS:g} s,"
        " got no answer from its file system",
        reason=FileTrouble.UNREADABLE,
    )


def relative_path(path: str, root: Path) -> str:
    """Return the one spelling of a path inside the root: relative, with slashes.

    Links below the root are left alone, so the spelling does not change with them.
    """
    name = PurePath(path)
    if "\0" in path or not _is_text(path):
        raise ChecklistUnavailable(
            f"expected the name of a file, got {path!r}", reason=FileTrouble.MISSING
        )
    if ".." in name.parts:
        raise _outside(path)
    if name.is_absolute():
        name = _below(name, root)
    if not name.parts:
        raise _not_a_file(path)
    return name.as_posix()


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can carry
        return False
    return True


def _below(name: PurePath, root: Path) -> PurePath:
    for base in (root.absolute(), would_be(root)):
        if name.is_relative_to(base):
            return name.relative_to(base)
    raise _outside(str(name))


def _read_in(folder: OpenFile, relative: str) -> ChecklistFile:
    asked = folder.real_path / relative
    if not is_within(would_be(asked), [folder.real_path]):
        raise _led_outside(relative)
    with opened(relative, folder=folder.descriptor) as file:
        if not is_within(file.real_path, [folder.real_path]):
            raise _led_outside(relative)
        if not stat.S_ISREG(file.facts.st_mode):
            raise _not_a_file(relative)
        text_bytes = _read_bounded(file.descriptor, relative)
        return ChecklistFile(
            text_bytes=text_bytes, real_path=file.real_path, folder=asked.parent
        )


def _read_bounded(descriptor: int, relative: str) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        data = stream.read(MAX_CHECKLIST_BYTES + 1)
    if len(data) > MAX_CHECKLIST_BYTES:
        raise ChecklistUnavailable(
            f"expected at most {MAX_CHECKLIST_BYTES} bytes, got more in {relative!r}",
            reason=FileTrouble.TOO_LARGE,
        )
    return data


def _unavailable(relative: str, error: OSError) -> ChecklistUnavailable:
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return ChecklistUnavailable(
            f"expected a checklist, found no file {relative!r}",
            reason=FileTrouble.MISSING,
        )
    if error.errno == errno.ENXIO:  # a socket has a name and cannot be opened
        return _not_a_file(relative)
    return ChecklistUnavailable(
        f"expected a readable file, got {error.strerror!r} for {relative!r}",
        reason=FileTrouble.UNREADABLE,
    )


def _outside(path: str) -> ChecklistUnavailable:
    return ChecklistUnavailable(
        f"expected a path inside the root, got {path!r}",
        reason=FileTrouble.OUTSIDE_ROOT,
    )


def _led_outside(path: str) -> ChecklistUnavailable:
    """Say it in the same words whatever is there, and whether anything is."""
    return ChecklistUnavailable(
        f"expected a path inside the root, got {path!r}, which a symlink leads out of"
        " it",
        reason=FileTrouble.OUTSIDE_ROOT,
    )


def _not_a_file(path: str) -> ChecklistUnavailable:
    return ChecklistUnavailable(
        f"expected a regular file, got {path!r}", reason=FileTrouble.NOT_A_FILE
    )
