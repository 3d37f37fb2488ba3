"""What was spent and is not stored yet, added up by every budget it counts in."""

from collections import Counter
from dataclasses import dataclass, field

from heartbeat.budgets import Scope
from heartbeat.store.spending import Account
from heartbeat.usage import Usage

#: The budgets of a day: those that the store keeps.
_OF_A_DAY = tuple(scope for scope in Scope if scope.is_of_a_day)


@dataclass(slots=True)
class Pending:
    """Usages by account.

    Every item of every run asks for the sums, so they are kept, not added up each time.
    """

    usages: dict[Account, Usage] = field(default_factory=dict)
    _sums: Counter[tuple[Scope, object]] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.usages)

    def want(self, account: Account) -> None:
        """Have an account's sums read with the next write."""
        self.usages.setdefault(account, Usage())

    def add(self, account: Account, usage: Usage) -> None:
        """Count a usage."""
        known = self.usages.get(account)
        self.usages[account] = usage if known is None else known + usage
        for scope in _OF_A_DAY:
            self._sums[scope, _whose(scope, account)] += scope.measure(usage)

    def of(self, scope: Scope, account: Account) -> int:
        """Return what is taken of the budget that an account draws on."""
        return self._sums[scope, _whose(scope, account)]


def _whose(scope: Scope, account: Account) -> object:
    """Return whose budget of this scope an account draws on; all share the fleet's."""
    if scope is Scope.TOKENS_OF_FLEET:
        return None
    return account.owner if scope is Scope.DOLLARS_OF_OWNER else account
