"""How far money may go: what is spent of each budget, and what follows from it.

The ladder is here and nowhere else. A budget is checked before a call is made, so it is
overshot by the calls that are under way.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from heartbeat.models import ModelId
from heartbeat.prices import MICRO_DOLLARS, is_dearer
from heartbeat.setting_names import variable_of
from heartbeat.settings import Settings
from heartbeat.usage import Usage
from heartbeat.verdict import Severity

#: From which percentage of a budget on a step of the ladder is taken.
CHEAPER_PERCENT, CRITICAL_PERCENT = 80, 90


class Rung(StrEnum):
    """How the model may be used, from free to not at all."""

    NORMAL = "normal"
    CHEAPER = "cheaper"
    CRITICAL = "critical"
    STOPPED = "stopped"


class Allowance(StrEnum):
    """By which model an item may be judged."""

    AS_ASKED = "as_asked"
    CHEAPER = "cheaper"
    NONE = "none"


class Scope(StrEnum):
    """What a budget covers; the value is the name of its setting."""

    TOKENS_OF_RUN = "max_tokens_per_run"
    DOLLARS_OF_RUN = "max_dollars_per_run"
    DOLLARS_OF_HEARTBEAT = "max_dollars_per_heartbeat_day"
    DOLLARS_OF_OWNER = "max_dollars_per_owner_day"
    TOKENS_OF_FLEET = "max_tokens_per_day"

    @property
    def is_money(self) -> bool:
        """Say whether it is counted in micro-dollars, else in tokens."""
        return "dollars" in self

    def measure(self, usage: Usage) -> int:
        """Return what a usage takes of it."""
        return usage.micro_dollars if self.is_money else usage.tokens

    @property
    def is_of_a_day(self) -> bool:
        """Say whether it is whole again at 00:00 UTC."""
        return self.endswith("_day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is spent of one budget, in micro-dollars or tokens."""

    scope: Scope
    spent: int
    limit: int

    @property
    def rung(self) -> Rung:
        """Return where on the ladder this is; a limit of nothing allows nothing."""
        if self.spent >= self.limit:
            return Rung.STOPPED
        if self.spent * 100 >= self.limit * CRITICAL_PERCENT:
            return Rung.CRITICAL
        if self.spent * 100 >= self.limit * CHEAPER_PERCENT:
            return Rung.CHEAPER
        return Rung.NORMAL

    @property
    def share(self) -> float:
        """Return the part of it that is spent."""
        return self.spent / self.limit if self.limit else float("inf")

    def told(self) -> str:
        """Say what of it is spent, and which setting it is."""
        of_what = "UTC day" if self.scope.is_of_a_day else "run"
        return (
            f"{self._shown(self.spent)} of {self._shown(self.limit)} for this {of_what}"
            f" are spent ({variable_of(self.scope.value)})"
        )

    def _shown(self, amount: int) -> str:
        if self.scope.is_money:
            return f"${amount / MICRO_DOLLARS:,.2f}"
        return f"{amount:,} tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingLimits:
    """The limit of every scope, in micro-dollars or tokens."""

    of: Mapping[Scope, int]

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the limits that the operator has set."""
        return cls(
            of={
                Scope.TOKENS_OF_RUN: settings.max_tokens_per_run,
                Scope.DOLLARS_OF_RUN: _micro(settings.max_dollars_per_run),
                Scope.DOLLARS_OF_HEARTBEAT: _micro(
                    settings.max_dollars_per_heartbeat_day
                ),
                Scope.DOLLARS_OF_OWNER: _micro(settings.max_dollars_per_owner_day),
                Scope.TOKENS_OF_FLEET: settings.max_tokens_per_day,
            }
        )

    def budget(self, scope: Scope, spent: int) -> Budget:
        """Return one budget of which so much is spent."""
        return Budget(scope=scope, spent=spent, limit=self.of[scope])


def tightest(budgets: Iterable[Budget]) -> Budget:
    """Return the budget that decides: the one of which most is spent."""
    return max(budgets, key=lambda budget: budget.share)


def allowance(rung: Rung, severity: Severity) -> Allowance:
    """Say by which model an item may begin to be judged. What has begun goes on."""
    if rung is Rung.NORMAL:
        return Allowance.AS_ASKED
    if rung is Rung.CHEAPER:
        return Allowance.CHEAPER
    if rung is Rung.CRITICAL and severity is Severity.CRITICAL:
        return Allowance.CHEAPER
    return Allowance.NONE


def thrifty(model: ModelId, cheap: ModelId) -> ModelId:
    """Return the cheap model instead of a dearer one."""
    return cheap if is_dearer(model.name, cheap.name) else model


def _micro(dollars: float) -> int:
    return round(dollars * MICRO_DOLLARS)
