"""Recurring work goes on through every failure, or ends as a whole and aloud."""

import asyncio
import logging
from collections.abc import Callable, Coroutine

import pytest

from gateway.metrics import Metrics
from gateway.recurring import Recurring
from heartbeat.errors import StoreUnavailable

AWAY = StoreUnavailable("Redis is away")


class Work:
    """Work that fails as told, and then holds until the test ends."""

    def __init__(self, *failures: BaseException | None) -> None:
        self._failures = iter(failures)
        self.all_done = asyncio.Event()

    async def __call__(self) -> None:
        for failure in self._failures:
            if failure is not None:
                raise failure
            return
        self.all_done.set()
        await asyncio.Event().wait()


def played(*works: tuple[str, Callable[[], Work]]) -> str:
    """Let works fail until they have no failure left; return the metrics."""
    metrics = Metrics()

    async def story() -> None:
        jobs, made = Recurring(metrics), []
        for name, make in works:
            made.append(make())
            jobs.every(0, name, made[-1])
        running = asyncio.create_task(jobs.run())
        for work in made:
            async with asyncio.timeout(10):
                await work.all_done.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(story())
    return metrics.text().decode()


@pytest.mark.parametrize("failure", [AWAY, ZeroDivisionError()], ids=["store", "bug"])
def test_work_that_fails_is_counted_and_done_again(failure: Exception) -> None:
    counted = played(("watch", lambda: Work(failure, failure)))
    assert 'background_failures_total{work="watch"} 2.0' in counted


def test_the_failure_of_one_leaves_the_others_alone() -> None:
    counted = played(
        ("watch", lambda: Work(ZeroDivisionError())), ("report", lambda: Work(None))
    )
    assert 'work="report"' not in counted


def test_a_bug_is_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    played(("watch", lambda: Work(ZeroDivisionError())))
    [record] = caplog.records
    assert record.getMessage() == "watch failed"
    assert record.exc_info is not None


def test_an_outage_is_logged_when_it_begins_and_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        played(("watch", lambda: Work(AWAY, AWAY, AWAY, None)))
    assert caplog.messages == [
        "watch: Redis is away",
        "watch goes on: the store answers again",
    ]


async def _stopped() -> None:
    """End the way a job must not: as if it had been told to."""
    raise asyncio.CancelledError


async def _returned() -> None:
    """End the way a job must not."""


async def _broken() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("end", [_stopped, _returned, _broken])
def test_a_job_that_ends_is_said_aloud_and_ends_all(
    end: Callable[[], Coroutine[None, None, None]], caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        jobs = Recurring(Metrics())
        jobs.every(0, "report", Work())
        jobs.add("sweep", end)
        async with asyncio.timeout(10):
            await jobs.run()
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(story())
    [record] = caplog.records
    assert record.levelno == logging.CRITICAL
    assert record.getMessage() == "the recurring work 'sweep' has ended"
