"""Whether a file is there, how large and how old; its content is never read."""

import os
import stat
import time
from collections.abc import Sequence
from pathlib import Path

from heartbeat.containment import is_within, opened, would_be
from heartbeat.tools import FieldValue
from worker.tools.measured import CannotTell, Measured
from worker.tools.policy import ToolPolicy
from worker.tools.sizes import in_words

#: Clocks of file servers differ a little; a file from further ahead has no known age.
_CLOCK_SLACK_SECONDS = 60.0

#: Where there is O_PATH, looking wakes no device or FIFO and needs no read permission.
_LOOK_ONLY: int = getattr(os, "O_PATH", os.O_RDONLY)


def measure_file(path: str, *, policy: ToolPolicy) -> Measured:
    """Look at a path under the root or the read paths.

    A path that leads elsewhere is refused in the same words whatever is there.
    """
    folders = [would_be(folder) for folder in (policy.root, *policy.read_paths)]
    target = policy.base / path
    try:
        with opened(target, flags=_LOOK_ONLY) as file:
            _require_within(file.real_path, folders, asked=path)
            return _describe(path, file.facts)
    except (FileNotFoundError, NotADirectoryError):
        _require_within(would_be(target), folders, asked=path)
        return Measured(fields={"exists": False}, text=f"there is no {path!r}")
    except OSError as error:
        _require_within(would_be(target), folders, asked=path)
        raise CannotTell(f"cannot look at {path!r}: {error.strerror}") from error


def _require_within(real: Path, folders: Sequence[Path], *, asked: str) -> None:
    if not is_within(real, folders):
        raise CannotTell(f"not allowed: {asked!r} is not under the root or a read path")


def _describe(path: str, facts: os.stat_result) -> Measured:
    fields: dict[str, FieldValue] = {"exists": True}
    text = f"{path!r} is there"
    if stat.S_ISREG(facts.st_mode):
        fields["size_bytes"] = facts.st_size
        text += f", {in_words(facts.st_size)}"
    age = time.time() - facts.st_mtime
    if age >= -_CLOCK_SLACK_SECONDS:
        fields["age"] = max(age, 0.0)
        text += f", changed {fields['age']:.0f} s ago"
    else:
        text += ", changed in the future by its own account"
    return Measured(fields=fields, text=text)
