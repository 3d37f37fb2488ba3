"""What may still be spent on the model, as one worker process sees it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from heartbeat.budgets import Budget, Scope, SpendingLimits, tightest
from heartbeat.errors import StoreError
from heartbeat.store.spending import Account, Spending, Spent
from heartbeat.usage import Usage
from worker.items import Spend
from worker.pending import Pending

logger = logging.getLogger(__name__)

#: How long the fleet's sums are believed, in seconds. Calls under way overshoot a
#: budget anyway, by more than the whole fleet begins within this time.
FRESH_SECONDS = 1.0

#: Time between two writes that begin, in seconds: a busy worker's calls of that time go
#: together, and one that rests waits for nothing.
GATHER_SECONDS = 0.02

#: Sums of a heartbeat that nobody has asked for so long are dropped, in seconds.
FORGOTTEN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What a heartbeat had spent when that was last read."""

    usage: Usage
    fresh_until: float


@dataclass(slots=True)
class Budgets:
    """What the fleet has spent in a UTC day; used on one event loop.

    Whatever is spent while the sums are being written goes with the next write, whose
    answer has the fleet's sums: a busy worker asks nothing beside it. A store that is
    away stops no call; it soon stops the runs, whose leases end.
    """

    spending: Spending
    now: Callable[[], datetime]
    limits: SpendingLimits
    fresh_seconds: float = FRESH_SECONDS
    gather_seconds: float = GATHER_SECONDS
    _fleet: Usage = field(default_factory=Usage)
    _owners: dict[str, Usage] = field(default_factory=dict)
    _seen: dict[Account, _Seen] = field(default_factory=dict)
    #: Not stored yet: what waits for the next write, and what is being written.
    _unwritten: Pending = field(default_factory=Pending)
    _under_way: Pending = field(default_factory=Pending)
    _writing: asyncio.Task[None] | None = None
    _write_at: float = float("-inf")
    _forget_at: float = float("-inf")

    def of_run(self, owner: str, schedule_id: str) -> Spend:
        """Return how one run of a heartbeat asks and pays."""
        run = _Run(self, Account(owner, schedule_id), RunBudget(self.limits))
        return Spend(tightest=run.tightest, spent=run.spent)

    async def of_day(self, account: Account) -> list[Budget]:
        """Return the budgets of today that a heartbeat draws on."""
        for _ in range(2):  # a write that is going on may have begun without it
            if self._is_fresh(account):
                break
            self._unwritten.want(account)
            # A caller that is cancelled must not take the others' sums with it.
            await asyncio.shield(self._written())
        of_owner = self._owners.get(account.owner, Usage())
        return [
            self._budget(
                Scope.DOLLARS_OF_HEARTBEAT, self._seen[account].usage, account
            ),
            self._budget(Scope.DOLLARS_OF_OWNER, of_owner, account),
            self._budget(Scope.TOKENS_OF_FLEET, self._fleet, account),
        ]

    def spent(self, account: Account, usage: Usage) -> None:
        """Count what a call has cost; does not wait for the store."""
        self._unwritten.add(account, usage)
        self._written()

    async def stored(self) -> None:
        """Return when all that was spent until now is stored, or the store is away."""
        for _ in range(2):  # a write that is going on may have begun without it
            if self._unwritten or self._under_way:
                await self._written()

    def _budget(self, scope: Scope, stored: Usage, account: Account) -> Budget:
        """Return a budget of which what is stored and what is not is spent."""
        return self.limits.budget(
            scope,
            scope.measure(stored)
            + self._unwritten.of(scope, account)
            + self._under_way.of(scope, account),
        )

    def _is_fresh(self, account: Account) -> bool:
        seen = self._seen.get(account)
        return seen is not None and _now() < seen.fresh_until

    def _written(self) -> asyncio.Task[None]:
        """Return the write that is going on, or begin one."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return self._writing

    async def _write(self) -> None:
        """Write what waits. What has come meanwhile is written next."""
        if (wait := self._write_at - _now()) > 0:
            await asyncio.sleep(wait)
        self._write_at = _now() + self.gather_seconds
        self._under_way, self._unwritten = self._unwritten, Pending()
        usages = self._under_way.usages
        try:
            self._take(await asyncio.to_thread(self._add, usages))
        except StoreError as error:
            extra = {"action": "spending"}
            logger.warning("spending not counted yet: %s", error, extra=extra)
            for account, usage in usages.items():
                self._unwritten.add(account, usage)
                known = self._seen.get(account)
                self._see(account, Usage() if known is None else known.usage)
            self._under_way = Pending()
            return
        self._under_way = Pending()
        if self._unwritten:
            self._writing = asyncio.create_task(self._write())

    def _add(self, usages: dict[Account, Usage]) -> Spent:
        return self.spending.add(usages, self.now())

    def _take(self, spent: Spent) -> None:
        """Believe the store's sums for a while."""
        self._fleet = spent.fleet
        self._owners.update(spent.owners)
        for account, usage in spent.heartbeats.items():
            self._see(account, usage)
        if _now() >= self._forget_at:
            self._forget(_now() - FORGOTTEN_SECONDS)

    def _forget(self, oldest: float) -> None:
        """Drop what nobody asks for; not at each write, which would look at all."""
        self._forget_at = oldest + 2 * FORGOTTEN_SECONDS
        self._seen = {
            account: seen
            for account, seen in self._seen.items()
            if seen.fresh_until > oldest
        }
        owners = {account.owner for account in self._seen}
        self._owners = {
            owner: self._owners[owner] for owner in owners & self._owners.keys()
        }

    def _see(self, account: Account, usage: Usage) -> None:
        fresh_until = _now() + self.fresh_seconds
        self._seen[account] = _Seen(usage=usage, fresh_until=fresh_until)


@dataclass(slots=True)
class RunBudget:
    """What a run may spend by itself, and what it has used: all there is to a run by
    hand, of which nothing is stored.
    """

    limits: SpendingLimits
    usage: Usage = field(default_factory=Usage)

    @property
    def spend(self) -> Spend:
        """Return how a run asks and pays that has no other budget."""
        return Spend(tightest=self.tightest, spent=self.spent)

    def budgets(self) -> list[Budget]:
        """Return the budgets of a run."""
        return [
            self.limits.budget(scope, scope.measure(self.usage))
            for scope in (Scope.TOKENS_OF_RUN, Scope.DOLLARS_OF_RUN)
        ]

    async def tightest(self) -> Budget:
        """Return the one that decides."""
        return tightest(self.budgets())

    def spent(self, usage: Usage) -> None:
        """Add what a call has cost."""
        self.usage += usage


@dataclass(slots=True)
class _Run:
    """One run's own usage, beside what its heartbeat, owner and fleet have spent."""

    budgets: Budgets
    account: Account
    own: RunBudget

    async def tightest(self) -> Budget:
        of_day = await self.budgets.of_day(self.account)
        return tightest([*self.own.budgets(), *of_day])

    def spent(self, usage: Usage) -> None:
        self.own.spent(usage)
        self.budgets.spent(self.account, usage)


def _now() -> float:
    return asyncio.get_running_loop().time()
