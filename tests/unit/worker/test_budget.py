"""The fleet's tokens of a day, as one process sees them."""

import asyncio
from datetime import datetime

import pytest

from heartbeat.errors import StoreUnavailable
from heartbeat.store.server import Server
from heartbeat.store.spending import Spending
from heartbeat.usage import Usage
from tests.unit.worker.runs import NOW
from worker.budget import Budget


def a_budget(server: Server, *, most: int) -> Budget:
    return Budget(Spending(server), now=lambda: NOW, most=most)


def tokens(count: int) -> Usage:
    return Usage(calls=1, input_tokens=count)


async def until_written(server: Server, expected: int) -> None:
    async with asyncio.timeout(5):
        while await asyncio.to_thread(Spending(server).add, 0, NOW) != expected:
            await asyncio.sleep(0)


def test_calls_are_allowed_until_the_tokens_are_spent(server: Server) -> None:
    async def run() -> list[bool]:
        budget = a_budget(server, most=100)
        answers = [await budget.may_call()]
        for count in (99, 1):
            await budget.spent(tokens(count))
            answers.append(await budget.may_call())
        return answers

    assert asyncio.run(run()) == [True, True, False]


def test_a_budget_of_nothing_allows_no_call(server: Server) -> None:
    assert asyncio.run(a_budget(server, most=0).may_call()) is False


def test_what_others_spent_counts(server: Server) -> None:
    Spending(server).add(100, NOW)
    assert asyncio.run(a_budget(server, most=100).may_call()) is False


def test_the_count_of_yesterday_does_not(server: Server) -> None:
    Spending(server).add(100, datetime.fromisoformat("2026-11-23T23:59:59+00:00"))
    assert asyncio.run(a_budget(server, most=100).may_call()) is True


def test_many_at_once_are_all_counted(server: Server) -> None:
    async def run() -> None:
        budget = a_budget(server, most=10**9)
        await asyncio.gather(*(budget.spent(tokens(3)) for _ in range(500)))
        await until_written(server, 1500)

    asyncio.run(run())


class Interrupted(Spending):
    """Is away for the first calls."""

    def __init__(self, server: Server, *, away: int) -> None:
        super().__init__(server)
        self.away = away

    def add(self, tokens: int, now: datetime) -> int:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        return super().add(tokens, now)


def test_a_store_that_is_away_stops_no_call_and_loses_no_count(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> bool:
        spending = Interrupted(server, away=1)
        budget = Budget(spending, now=lambda: NOW, most=1000)
        await budget.spent(tokens(7))
        answer = await budget.may_call()
        await budget.spent(tokens(5))
        await until_written(server, 12)
        return answer

    assert asyncio.run(run()) is True
    assert "not counted yet" in caplog.text
