"""How many processes of one name run on this host."""

import psutil

from worker.tools.measured import Measured
from worker.tools.sizes import in_words

#: Linux keeps this much of a name, and `ps -e` shows no more.
_SHORT_NAME = 15


def measure_process(name: str) -> Measured:
    """Count the processes of exactly that name, by its full or its short form.

    Zombies have ended: they do not count. None at all is an answer like any other.
    """
    count = 0
    resident = 0
    for process in psutil.process_iter(["name", "status", "memory_info"]):
        facts = process.info
        if facts["status"] == psutil.STATUS_ZOMBIE or not facts["name"]:
            continue
        if name in (facts["name"], facts["name"][:_SHORT_NAME]):
            count += 1
            resident += facts["memory_info"].rss if facts["memory_info"] else 0
    return Measured(
        fields={"count": count, "rss_bytes": resident},
        text=f"{name!r}: {count} running, {in_words(resident)} resident",
    )
