"""Judges the items of one run: by their rules, or else by the model."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from heartbeat.budgets import Allowance, Budget, Rung, allowance
from heartbeat.checklist import Item
from heartbeat.errors import InvalidModel
from heartbeat.probes import judge_by_probes
from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, ItemResult, Verdict
from worker.judge import Judged, Limits, Spent, judge_item, unrecorded
from worker.model import Model

logger = logging.getLogger(__name__)

#: Probes under way at once in one run.
PARALLEL_PROBES = 16
#: How long the model's first item is waited for, in seconds: what it leaves in the
#: provider's cache serves the others, but it must not use up their time.
HEAD_START_SECONDS = 10.0

#: Gives the model of an id (None: the default), or None where none is configured.
FindModel = Callable[[str | None], Model | None]
#: Told each result as it comes.
OnResult = Callable[[ItemResult], None]


class Tools(Protocol):
    """What observes for one heartbeat."""

    async def observe(
        self, call: ToolCall, *, chosen_by_model: bool = False
    ) -> Observation | Unobserved:
        """Execute a call; nothing but cancellation is raised."""

    async def close(self) -> None:
        """Close what is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """How a run asks what it may still spend, and says what a call has cost.

    `tightest` gives the budget that decides; None: nothing is limited.
    """

    tightest: Callable[[], Awaitable[Budget | None]]
    spent: Spent

    async def may_call(self) -> bool:
        """Say whether an item that has begun may go on."""
        budget = await self.tightest()
        return budget is None or budget.rung is not Rung.STOPPED


async def _unlimited() -> None:
    """Limit nothing."""


#: The budget of those who have none.
FREE = Spend(tightest=_unlimited, spent=unrecorded)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemJudge:
    """Judges with the tools and the model of one run; None where there is no model.

    An item that names its own model is judged by what `find_model` gives for it;
    `find_cheaper` gives what takes its place when money runs short.
    """

    tools: Tools
    model: Model | None
    find_model: FindModel
    find_cheaper: FindModel
    spend: Spend
    limits: Limits
    parallel_items: int
    head_start_seconds: float = HEAD_START_SECONDS

    async def judge_all(
        self, items: Sequence[Item], *, ends: float, on_result: OnResult
    ) -> list[Judged]:
        """Judge every item until the loop's clock shows `ends`; the rest is unknown.

        Rules go at once; of the items for a model the first has a head start.
        """
        probing = asyncio.Semaphore(PARALLEL_PROBES)
        asking = asyncio.Semaphore(self.parallel_items)
        first = {item.model: item for item in reversed(items) if item.needs_model}
        first_done = {model: asyncio.Event() for model in first}

        async def in_turn(item: Item) -> Judged:
            if item.needs_model and item is not first[item.model]:
                done = first_done[item.model]
                with suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), self.head_start_seconds)
            async with asking if item.needs_model else probing:
                return await self._judge(item)

        async def one(item: Item) -> Judged:
            try:
                async with asyncio.timeout_at(ends):
                    judged = await in_turn(item)
            except TimeoutError:
                judged = _not_judged(item, Cause.DEADLINE, "the run's time was over")
            finally:
                if item is first.get(item.model):
                    first_done[item.model].set()
            on_result(judged.result)
            return judged

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
        return [task.result() for task in tasks]

    async def _judge(self, item: Item) -> Judged:
        try:
            outcomes = await asyncio.gather(
                *(self.tools.observe(probe.call) for probe in item.probes)
            )
            result = judge_by_probes(item, outcomes)
            if result is not None:
                return Judged(result=result, usage=Usage(), steps=0)
            return await self._ask(
                item, [one for one in outcomes if isinstance(one, Observation)]
            )
        except InvalidModel as error:  # it was fine when it was configured
            return _not_judged(item, Cause.MODEL_REJECTED, str(error))
        except Exception:  # one item must not take the others with it
            logger.exception("judging %s failed", item.key, extra={"action": "judge"})
            why = "judging failed; the worker's log says how"
            return _not_judged(item, Cause.INTERNAL, why)

    async def _ask(self, item: Item, evidence: Sequence[Observation]) -> Judged:
        """Let a model judge, as far as the money goes."""
        model = self.model if item.model is None else self.find_model(item.model)
        if model is None:
            return _not_judged(item, Cause.NO_MODEL, "no model configured")
        budget = await self.spend.tightest()
        if budget is not None and budget.rung is not Rung.NORMAL:
            if allowance(budget.rung, item.severity) is Allowance.NONE:
                return _not_judged(item, Cause.BUDGET, _refusal(budget))
            model = self.find_cheaper(item.model) or model
            extra = {"action": "judge_cheaper"}
            logger.info("%s by a cheap model: %s", item.key, budget.told(), extra=extra)
        return await judge_item(
            item,
            evidence=evidence,
            model=model,
            observe=partial(self.tools.observe, chosen_by_model=True),
            limits=self.limits,
            may_call=self.spend.may_call,
            spent=self.spend.spent,
        )


def _refusal(budget: Budget) -> str:
    if budget.rung is Rung.STOPPED:
        return budget.told()
    return f"only critical items are judged: {budget.told()}"


def _not_judged(item: Item, cause: Cause, why: str) -> Judged:
    result = ItemResult(
        item_key=item.key,
        description=item.text,
        verdict=Verdict.UNKNOWN,
        details=why,
        by=By.MODEL if item.needs_model else By.RULE,
        severity=item.severity,
        cause=cause,
    )
    return Judged(result=result, usage=Usage(), steps=0)
