"""How full the memory of this host is."""

import psutil

from worker.tools.measured import Measured
from worker.tools.sizes import in_words


def measure_memory() -> Measured:
    """Ask the kernel. What it could free at once (caches) counts as available."""
    memory = psutil.virtual_memory()
    swap = psutil.swap_memory()
    return Measured(
        fields={
            "used_percent": memory.percent,
            "available_bytes": memory.available,
            "swap_used_percent": swap.percent,
        },
        text=(
            f"memory {memory.percent}% in use, {in_words(memory.available)} of"
            f" {in_words(memory.total)} available; swap {swap.percent}% in use"
        ),
    )
