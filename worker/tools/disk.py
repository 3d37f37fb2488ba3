"""How full the file system that holds a path is."""

import psutil

from worker.tools.measured import CannotTell, Measured
from worker.tools.sizes import in_words


def measure_disk(path: str) -> Measured:
    """Ask the file system; blocks for as long as a dead mount does.

    The share is of what ordinary users can have, as `df` counts it: the part that is
    kept for root is in neither.
    """
    if not path.startswith("/"):
        raise CannotTell(f"expected an absolute path, got {path!r}")
    try:
        usage = psutil.disk_usage(path)
    except (FileNotFoundError, NotADirectoryError):
        return Measured(fields={}, text=f"there is no {path!r} on this host")
    except OSError as error:
        raise CannotTell(f"cannot ask about {path!r}: {error.strerror}") from error
    return Measured(
        fields={
            "used_percent": usage.percent,
            "free_bytes": usage.free,
            "total_bytes": usage.total,
        },
        text=(
            f"{path!r}: {usage.percent}% in use,"
            f" {in_words(usage.free)} of {in_words(usage.total)} free"
        ),
    )
