"""How busy the processors of this host are."""

import os

from worker.tools.measured import CannotTell, Measured


def measure_load() -> Measured:
    """Ask the kernel for its load averages.

    They count the whole host, so they are divided by all its processors, not by those
    that this process may use.
    """
    try:
        load1, load5, load15 = os.getloadavg()
    except OSError as error:
        raise CannotTell("this host does not tell its load") from error
    processors = os.cpu_count() or 1
    return Measured(
        fields={
            "load1": load1,
            "load5": load5,
            "load15": load15,
            "per_cpu": load1 / processors,
        },
        text=(
            f"load {load1:.2f} {load5:.2f} {load15:.2f} over 1, 5 and 15 minutes;"
            f" {processors} processors"
        ),
    )
