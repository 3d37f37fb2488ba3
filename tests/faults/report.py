"""The table of a chaos: what was done, what came of it, what does not add up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.account import Account
from tests.faults.supervised import OwnEnd

#: Lines of each kind of problem that are shown.
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One chaos from the first fault to the last word."""

    seed: int
    injected: Counter[str]
    lasted: float
    drained: float
    account: Account
    own_ends: Sequence[OwnEnd]

    @property
    def problems(self) -> list[str]:
        """Return all that must not be."""
        account = self.account
        ends = [f"{end.name} {end.why}:\n{end.output}" for end in self.own_ends]
        return [*account.lost, *account.doubled, *account.unexplained, *ends]

    def __str__(self) -> str:
        account = self.account
        faults = ", ".join(f"{n} {kind}" for kind, n in sorted(self.injected.items()))
        fates = ", ".join(f"{n} {fate}" for fate, n in sorted(account.fates.items()))
        rows = {
            "seed": self.seed,
            "faults": f"{sum(self.injected.values())} in {self.lasted:.0f} s: {faults}",
            "slots": f"{account.slots}: {fates}",
            "finished runs": account.runs,
            "alerts": f"{account.alerts}, delivered {account.deliveries} messages",
            "overdue": f"{account.overdue} slots told",
            "configured meanwhile": f"{account.acknowledged} acknowledged",
            "lost": len(account.lost),
            "doubled": len(account.doubled),
            "unexplained": len(account.unexplained),
            "ends nobody asked for": len(self.own_ends),
            "slowest recovery": f"{account.slowest_recovery.total_seconds():.1f} s"
            f" ({account.slowest})",
            "drained in": f"{self.drained:.1f} s",
        }
        table = "\n".join(f"{name:<22} {value}" for name, value in rows.items())
        return "\n".join([table, *self.problems[:SHOWN]])
