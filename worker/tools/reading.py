"""Reading the end, or all, of an open file within bounds; blocks."""

import os
import stat

from heartbeat.containment import OpenFile
from worker.tools.measured import CannotTell


def require_regular(file: OpenFile, *, asked: str) -> None:
    """Refuse what has no end to read to: folders, devices, pipes."""
    if not stat.S_ISREG(file.facts.st_mode):
        raise CannotTell(f"expected a file, got something else at {asked!r}")


def read_end(file: OpenFile, length: int) -> bytes:
    """Return up to that many bytes before the size that the file had when opened."""
    start = max(file.facts.st_size - length, 0)
    data = bytearray()
    while len(data) < file.facts.st_size - start:
        wanted = file.facts.st_size - start - len(data)
        piece = os.pread(file.descriptor, wanted, start + len(data))
        if not piece:  # it was cut meanwhile
            break
        data += piece
    return bytes(data)
