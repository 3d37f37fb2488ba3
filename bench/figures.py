"""What a bench says: one line a figure, beside its rival's and its goal."""

from collections.abc import Sequence
from dataclasses import dataclass

import psutil

_WIDTHS = (46, 14, 34, 9, 14)


def _row(*cells: str) -> str:
    return " ".join(
        f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)
    )


HEAD = f"{_row('what', 'here', 'rival', 'ratio', 'goal')} met"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure; `ratio` is the better one's over the other's."""

    what: str
    here: str
    rival: str = "-"
    ratio: float | None = None
    goal: str = "-"
    is_met: bool | None = None

    def line(self) -> str:
        """Return its line of the table."""
        ratio = "-" if self.ratio is None else f"{self.ratio:.2f}x"
        met = {None: "-", True: "yes", False: "NO"}[self.is_met]
        return f"{_row(self.what, self.here, self.rival, ratio, self.goal)} {met}"


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time that a process has taken so far."""
    spent = process.cpu_times()
    return float(spent.user + spent.system)
