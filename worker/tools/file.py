"""Whether a file is there, how large and how old; its content is never read."""

import os
import stat
import time

from heartbeat.tools import FieldValue
from worker.tools.measured import Measured
from worker.tools.paths import NotThere, looking_at
from worker.tools.policy import ToolPolicy
from worker.tools.sizes import in_words

#: Clocks of file servers differ a little; a file from further ahead has no known age.
_CLOCK_SLACK_SECONDS = 60.0

#: Where there is O_PATH, looking wakes no device or FIFO and needs no read permission.
_LOOK_ONLY: int = getattr(os, "O_PATH", os.O_RDONLY)


def measure_file(path: str, *, policy: ToolPolicy) -> Measured:
    """Look at a path under the root or the read paths."""
    try:
        with looking_at(path, policy=policy, flags=_LOOK_ONLY) as file:
            return _describe(path, file.facts)
    except NotThere as error:
        return Measured(fields={"exists": False}, text=str(error))


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
