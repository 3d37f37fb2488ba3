"""Say what the model has cost an owner, and what is left of the budgets."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from heartbeat.budgets import Scope, SpendingLimits
from heartbeat.owners import LOCAL_OWNER
from heartbeat.prices import MICRO_DOLLARS, PRICES_DATE
from heartbeat.replies import UsageReport
from heartbeat.requests import UsageQuery
from heartbeat.setting_names import variable_of
from heartbeat.store.spending import TOTAL, Spending, day_of
from heartbeat.usage import Usage
from heartbeat.views import BudgetView, UsageOfDay

#: Most rows of a report: about 100 KB, less than a client takes at once.
MAX_ROWS = 500


class UsageReports:
    """Reports of what is kept of an owner's usage."""

    def __init__(self, spending: Spending, limits: SpendingLimits) -> None:
        self._spending, self._limits = spending, limits

    def usage(self, owner: str, request: UsageQuery, now: datetime) -> UsageReport:
        """Report on the newest days, of one heartbeat or of all."""
        instants = [now - timedelta(days=back) for back in range(request.days)]
        found = self._spending.of_owner(
            owner, instants, schedule_id=request.schedule_id
        )
        days = {
            day_of(instant): usages
            for instant, usages in zip(instants, found, strict=True)
        }
        count = sum(len(usages.keys() - {TOTAL}) for usages in days.values())
        is_cut = count > MAX_ROWS
        said = f"{count} rows: the {MAX_ROWS} newest are shown; ask for fewer days"
        return UsageReport(
            id=request.id,
            warnings=(said,) if is_cut else (),
            owner=owner,
            days=tuple(islice(_rows(days), MAX_ROWS)),
            totals=tuple(
                _row(day, usages[TOTAL])
                for day, usages in days.items()
                if TOTAL in usages
            ),
            budgets=tuple(self._budgets(owner, request.schedule_id, found[0], now)),
            prices_of=str(PRICES_DATE),
        )

    def _budgets(
        self,
        owner: str,
        schedule_id: str | None,
        today: Mapping[str, Usage],
        now: datetime,
    ) -> Iterator[BudgetView]:
        yield self._of_each(Scope.TOKENS_OF_RUN)
        yield self._of_each(Scope.DOLLARS_OF_RUN)
        if schedule_id is None:
            yield self._of_each(Scope.DOLLARS_OF_HEARTBEAT)
        else:
            yield self._of_day(Scope.DOLLARS_OF_HEARTBEAT, today.get(schedule_id))
        yield self._of_day(Scope.DOLLARS_OF_OWNER, today.get(TOTAL))
        fleet = self._of_day(Scope.TOKENS_OF_FLEET, self._spending.of_fleet(now))
        if owner == LOCAL_OWNER:
            yield fleet
        else:  # what others have spent is not for this one to know
            yield BudgetView(setting=fleet.setting, state=fleet.state)

    def _of_each(self, scope: Scope) -> BudgetView:
        limit = _shown(scope, self._limits.of[scope])
        return BudgetView(setting=variable_of(scope), limit=limit)

    def _of_day(self, scope: Scope, usage: Usage | None) -> BudgetView:
        spent = scope.measure(usage or Usage())
        budget = self._limits.budget(scope, spent)
        return BudgetView(
            setting=variable_of(scope),
            state=budget.rung.value,
            limit=_shown(scope, budget.limit),
            spent=_shown(scope, budget.spent),
            left=_shown(scope, max(0, budget.limit - budget.spent)),
        )


def _rows(days: Mapping[str, Mapping[str, Usage]]) -> Iterator[UsageOfDay]:
    for day, usages in days.items():
        dearest = sorted(
            (pair for pair in usages.items() if pair[0] != TOTAL),
            key=lambda pair: (-pair[1].micro_dollars, -pair[1].tokens, pair[0]),
        )
        for schedule_id, usage in dearest:
            yield _row(day, usage, schedule_id)


def _row(day: str, usage: Usage, schedule_id: str | None = None) -> UsageOfDay:
    return UsageOfDay.model_validate(
        {**usage.to_wire(), "day": day, "scheduleId": schedule_id}
    )


def _shown(scope: Scope, amount: int) -> float:
    return amount / MICRO_DOLLARS if scope.is_money else float(amount)
