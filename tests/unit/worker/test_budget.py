"""What may still be spent, as one process sees it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import pytest

from heartbeat.budgets import Rung, Scope, SpendingLimits
from heartbeat.errors import StoreUnavailable
from heartbeat.settings import Settings
from heartbeat.store.server import Server
from heartbeat.store.spending import Account, Spending, Spent
from heartbeat.usage import Usage
from tests.unit.worker.runs import NOW
from worker.budget import GATHER_SECONDS, Budgets
from worker.items import Spend

HERE, BESIDE, ELSEWHERE = (
    Account("ann", "hb-1"),
    Account("ann", "hb-2"),
    Account("bob", "hb-1"),
)


def some_budgets(server: Server, **limits: float) -> Budgets:
    settings = Settings.model_validate(limits)
    return Budgets(
        Spending(server),
        now=lambda: NOW,
        limits=SpendingLimits.from_settings(settings),
    )


def tokens(count: int) -> Usage:
    return Usage(calls=1, input_tokens=count)


def dollars(count: float) -> Usage:
    return Usage(calls=1, micro_dollars=round(count * 1_000_000))


async def rung_of(spend: Spend) -> Rung:
    budget = await spend.tightest()
    assert budget is not None
    return budget.rung


async def until_written(server: Server, tokens: int) -> None:
    async with asyncio.timeout(5):
        while await asyncio.to_thread(_tokens, server) != tokens:
            await asyncio.sleep(0)


def _tokens(server: Server) -> int:
    return Spending(server).of_fleet(NOW).tokens


def test_calls_are_allowed_until_the_tokens_are_spent(server: Server) -> None:
    async def run() -> list[Rung]:
        run = some_budgets(server, max_tokens_per_day=100).of_run(*HERE)
        rungs = [await rung_of(run)]
        for count in (80, 10, 10):
            run.spent(tokens(count))
            rungs.append(await rung_of(run))
        return rungs

    assert asyncio.run(run()) == list(Rung)


def test_a_budget_of_nothing_allows_no_call(server: Server) -> None:
    run = some_budgets(server, max_tokens_per_day=0).of_run(*HERE)
    assert asyncio.run(run.may_call()) is False


@pytest.mark.parametrize(
    ("limit", "payer", "is_stopped"),
    [
        pytest.param({"max_tokens_per_day": 9}, HERE, True, id="the same"),
        pytest.param({"max_tokens_per_day": 9}, ELSEWHERE, True, id="the fleet"),
        pytest.param({"max_dollars_per_owner_day": 2}, BESIDE, True, id="the owner"),
        pytest.param(
            {"max_dollars_per_owner_day": 2}, ELSEWHERE, False, id="another owner"
        ),
        pytest.param({"max_dollars_per_heartbeat_day": 2}, HERE, True, id="itself"),
        pytest.param(
            {"max_dollars_per_heartbeat_day": 2}, BESIDE, False, id="one beside it"
        ),
        pytest.param({"max_dollars_per_run": 2}, HERE, False, id="another run"),
        pytest.param({"max_tokens_per_run": 9}, HERE, False, id="its tokens"),
    ],
)
def test_what_others_spent_counts_where_the_budget_is_shared(
    server: Server, limit: dict[str, float], payer: Account, is_stopped: bool
) -> None:
    usage = Usage(calls=1, input_tokens=10, micro_dollars=2_000_000)
    Spending(server).add({payer: usage}, NOW)
    run = some_budgets(server, **limit).of_run(*HERE)
    assert asyncio.run(run.may_call()) is not is_stopped


@pytest.mark.parametrize("limit", ["max_dollars_per_run", "max_tokens_per_run"])
def test_a_run_has_a_budget_of_its_own(server: Server, limit: str) -> None:
    async def run() -> tuple[Rung, Rung]:
        budgets = some_budgets(server, **{limit: 1})
        first, second = budgets.of_run(*HERE), budgets.of_run(*HERE)
        first.spent(tokens(1) + dollars(1))
        return await rung_of(first), await rung_of(second)

    assert asyncio.run(run()) == (Rung.STOPPED, Rung.NORMAL)


def test_the_sums_of_yesterday_do_not_count(server: Server) -> None:
    yesterday = datetime.fromisoformat("2026-11-23T23:59:59+00:00")
    Spending(server).add({HERE: tokens(100)}, yesterday)
    run = some_budgets(server, max_tokens_per_day=100).of_run(*HERE)
    assert asyncio.run(run.may_call()) is True


def test_many_at_once_are_all_counted(server: Server) -> None:
    async def run() -> None:
        budgets = some_budgets(server, max_tokens_per_day=10**9)
        runs = [budgets.of_run("ann", f"hb-{number}") for number in range(50)]
        for run in runs * 10:
            run.spent(tokens(3))
        await asyncio.gather(*(run.tightest() for run in runs))
        await until_written(server, 1500)

    asyncio.run(run())


class Interrupted(Spending):
    """Is away for the first calls."""

    def __init__(self, server: Server, *, away: int) -> None:
        super().__init__(server)
        self.away = away

    def add(self, usages: Mapping[Account, Usage], now: datetime) -> Spent:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        return super().add(usages, now)


def test_a_store_that_is_away_stops_no_call_and_loses_no_count(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> bool:
        budgets = some_budgets(server, max_tokens_per_day=1000)
        budgets.spending = Interrupted(server, away=1)
        run = budgets.of_run(*HERE)
        run.spent(tokens(7))
        answer = await run.may_call()
        run.spent(tokens(5))
        await until_written(server, 12)
        return answer

    assert asyncio.run(run()) is True
    assert "not counted yet" in caplog.text


def test_the_budget_that_decides_is_named(server: Server) -> None:
    async def run() -> str:
        run = some_budgets(
            server, max_dollars_per_owner_day=1, max_dollars_per_run=9
        ).of_run(*HERE)
        run.spent(dollars(0.9))
        budget = await run.tightest()
        assert budget is not None
        assert budget.scope is Scope.DOLLARS_OF_OWNER
        return budget.told()

    assert asyncio.run(run()) == (
        "$0.90 of $1.00 for this UTC day are spent"
        " (HEARTBEAT_MAX_DOLLARS_PER_OWNER_DAY)"
    )


class Counted(Spending):
    """Counts how often it is asked."""

    calls = 0

    def add(self, usages: Mapping[Account, Usage], now: datetime) -> Spent:
        self.calls += 1
        return super().add(usages, now)


def test_what_is_spent_within_moments_is_written_together(server: Server) -> None:
    async def run() -> int:
        budgets = some_budgets(server)
        budgets.spending = counted = Counted(server)
        run = budgets.of_run(*HERE)
        for number in range(40):
            run.spent(tokens(1))
            await asyncio.sleep(GATHER_SECONDS / 20 if number else 0)
        await budgets.stored()
        assert await asyncio.to_thread(_tokens, server) == 40
        return counted.calls

    assert asyncio.run(run()) <= 20


def test_a_worker_that_rests_writes_at_once(server: Server) -> None:
    async def run() -> float:
        budgets = some_budgets(server)
        budgets.gather_seconds = 60.0
        began = asyncio.get_running_loop().time()
        await budgets.of_run(*HERE).tightest()
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(run()) < 30


def test_all_that_was_spent_is_stored_at_the_end(server: Server) -> None:
    async def run() -> int:
        budgets = some_budgets(server)
        run = budgets.of_run(*HERE)
        run.spent(tokens(3))
        await asyncio.sleep(0)  # the first write has begun
        run.spent(tokens(4))
        await budgets.stored()
        return await asyncio.to_thread(_tokens, server)

    assert asyncio.run(run()) == 7


def test_the_end_does_not_wait_for_a_store_that_is_away(server: Server) -> None:
    async def run() -> None:
        budgets = some_budgets(server)
        budgets.spending = Interrupted(server, away=100)
        budgets.of_run(*HERE).spent(tokens(3))
        async with asyncio.timeout(5):
            await budgets.stored()

    asyncio.run(run())
