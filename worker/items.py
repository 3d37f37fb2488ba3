"""Judges the items of one run: by their rules, or else by the model."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from heartbeat.checklist import Item
from heartbeat.errors import InvalidModel
from heartbeat.probes import Probe, judge_by_probes
from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, ItemResult, Verdict
from worker.by_rule import Means, Rules
from worker.compiling import Proposal, compile_request, read_proposal
from worker.judge import Judged, Limits, MayCall, Spent, judge_item
from worker.model import Failure, Model, Reply

logger = logging.getLogger(__name__)

#: Probes under way at once in one run.
PARALLEL_PROBES = 16
#: How long the model's first item is waited for, in seconds: what it leaves in the
#: provider's cache serves the others, but it must not use up their time.
HEAD_START_SECONDS = 10.0

#: Gives the model of an id (None: the default), or None where none is configured.
FindModel = Callable[[str | None], Model | None]
#: Held while a model is called.
Gate = AbstractAsyncContextManager[object]
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
    """How a run asks whether it may call the model, and says what it has cost."""

    may_call: MayCall
    spent: Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemJudge:
    """Judges with the tools and the model of one run; None where there is no model.

    An item that names its own model is judged by what `find_model` gives for it. With
    `rules` the model makes rules of items, which then are judged without it.
    """

    tools: Tools
    model: Model | None
    find_model: FindModel
    spend: Spend
    limits: Limits
    parallel_items: int
    head_start_seconds: float = HEAD_START_SECONDS
    second_reading: bool = True
    rules: Rules | None = None

    async def judge_all(
        self, items: Sequence[Item], *, ends: float, on_result: OnResult
    ) -> list[Judged]:
        """Judge every item until the loop's clock shows `ends`; the rest is unknown.

        Rules go at once; of the items for a model the first has a head start.
        """
        probing = asyncio.Semaphore(PARALLEL_PROBES)
        asking = asyncio.Semaphore(self.parallel_items)
        first = {item.model: item for item in reversed(items) if self._asks(item)}
        first_done = {model: asyncio.Event() for model in first}

        async def in_turn(item: Item) -> Judged:
            if not self._asks(item):
                async with probing:
                    return await self._judge(item, asking)
            if item is not first[item.model]:
                done = first_done[item.model]
                with suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), self.head_start_seconds)
            async with asking:
                return await self._judge(item, nullcontext())

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

    def _asks(self, item: Item) -> bool:
        """Say whether judging it begins with a call of a model."""
        if not item.needs_model or self.rules is None:
            return item.needs_model
        return self.rules.asks_model(item)

    async def _judge(self, item: Item, gate: Gate) -> Judged:
        """Judge an item; whatever calls a model goes through the gate."""
        try:
            if not item.needs_model:
                return await self._by_probes(item)
            model = self.model if item.model is None else self.find_model(item.model)
            if model is None:
                return _not_judged(item, Cause.NO_MODEL, "no model configured")
            asking = _Asking(self, item, model, gate)
            if self.rules is None:
                return await asking.read(())
            return await self.rules.judge(item, asking.means())
        except InvalidModel as error:  # it was fine when it was configured
            return _not_judged(item, Cause.MODEL_REJECTED, str(error))
        except Exception:  # one item must not take the others with it
            logger.exception("judging %s failed", item.key, extra={"action": "judge"})
            why = "judging failed; the worker's log says how"
            return _not_judged(item, Cause.INTERNAL, why)

    async def _by_probes(self, item: Item) -> Judged:
        outcomes = await asyncio.gather(
            *(self.tools.observe(probe.call) for probe in item.probes)
        )
        result = judge_by_probes(item, outcomes)
        assert result is not None  # it has a probe with a condition
        return Judged(result=result, usage=Usage(), steps=0)


@dataclass(frozen=True, slots=True)
class _Asking:
    """How a model is asked about one item."""

    judge: ItemJudge
    item: Item
    model: Model
    gate: Gate

    def means(self) -> Means:
        return Means(
            propose=self.propose,
            observe=self.observe,
            ask=self.ask,
            read=self.read,
        )

    async def propose(self) -> tuple[Proposal | Failure, Usage]:
        spend, deadline = self.judge.spend, self.judge.limits.deadline
        if not await spend.may_call():
            why = "the budget for model calls is used up"
            return Failure(cause=Cause.BUDGET, why=why), Usage()
        try:
            async with self.gate, asyncio.timeout(deadline.total_seconds()):
                reply = await self.model.reply(compile_request(self.item))
        except TimeoutError:
            why = "the model did not propose a rule in time"
            return Failure(cause=Cause.DEADLINE, why=why), Usage()
        if not isinstance(reply, Reply):
            return reply, Usage()
        await asyncio.shield(spend.spent(reply.usage))
        return read_proposal(reply, line=self.item.line), reply.usage

    async def observe(self, rule: Sequence[Probe]) -> list[Observation | Unobserved]:
        """Measure a rule; it may reach no further than a model that looks itself."""
        calls = dict.fromkeys(probe.call for probe in rule)
        tools = self.judge.tools
        seen = await asyncio.gather(
            *(tools.observe(call, chosen_by_model=True) for call in calls)
        )
        by_call = dict(zip(calls, seen, strict=True))
        return [by_call[probe.call] for probe in rule]

    async def ask(self, seen: Sequence[Observation]) -> Judged:
        return await self._ask(seen, second_reading=False)

    async def read(self, seen: Sequence[Observation]) -> Judged:
        return await self._ask(seen, second_reading=self.judge.second_reading)

    async def _ask(
        self, seen: Sequence[Observation], *, second_reading: bool
    ) -> Judged:
        tools, spend = self.judge.tools, self.judge.spend
        of_item = await asyncio.gather(
            *(tools.observe(probe.call) for probe in self.item.probes)
        )
        shown = [one for one in (*seen, *of_item) if isinstance(one, Observation)]
        async with self.gate:
            return await judge_item(
                self.item,
                evidence=shown,
                model=self.model,
                observe=partial(tools.observe, chosen_by_model=True),
                limits=self.judge.limits,
                may_call=spend.may_call,
                spent=spend.spent,
                second_reading=second_reading,
            )


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
