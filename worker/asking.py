"""How a model is asked about one item of a run, and what the run's items share."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from heartbeat.budgets import Allowance, Budget, Rung, allowance
from heartbeat.checklist import Item
from heartbeat.probes import Probe
from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, ItemResult, Verdict
from worker.by_rule import Means
from worker.compiling import Proposal, compile_request, read_proposal
from worker.judge import Judged, Limits, Spent, judge_item
from worker.model import Failure, Model, Reply

logger = logging.getLogger(__name__)

#: Of the time that is left to a run: what a proposed rule may take before the old one
#: is measured, and what a look beside a rule may take before the rule is told alone.
PROPOSAL_SHARE, CHECK_SHARE = 0.3, 0.8

#: Held while a model is called, or while tools measure.
Gate = AbstractAsyncContextManager[object]


class Tools(Protocol):
    """What observes for one heartbeat."""

    async def observe(
        self, call: ToolCall, *, chosen_by_model: bool = False
    ) -> Observation | Unobserved:
        """Execute a call; nothing but cancellation is raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """How a run asks what it may still spend, and says what a call has cost.

    `tightest` gives the budget that decides.
    """

    tightest: Callable[[], Awaitable[Budget]]
    spent: Spent

    async def may_call(self) -> bool:
        """Say whether an item that has begun may go on."""
        budget = await self.tightest()
        return budget.rung is not Rung.STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the items of a run share; `ends` is the run's end by the loop's clock."""

    measuring: Gate
    asking: Gate
    ends: float

    def in_time(self, share: float) -> asyncio.Timeout:
        """Limit what is awaited to that share of the time that is left."""
        now = asyncio.get_running_loop().time()
        return asyncio.timeout((self.ends - now) * share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a model is asked about one item; `cheaper` is for when money runs short.

    One that hangs must not keep a rule from being measured and told in time.
    """

    item: Item
    model: Model
    cheaper: Model | None
    tools: Tools
    spend: Spend
    limits: Limits
    second_reading: bool
    turn: Turn

    def means(self) -> Means:
        """Return how its rule is made, measured and looked at beside."""
        return Means(
            propose=self.propose,
            observe=self.observe,
            ask=self.ask,
            read=self.read,
        )

    async def propose(self) -> tuple[Proposal | Failure, Usage]:
        """Have a rule proposed."""
        model = await self._affordable()
        if isinstance(model, str):
            return Failure(cause=Cause.BUDGET, why=model), Usage()
        try:
            async with self.turn.in_time(PROPOSAL_SHARE), self.turn.asking:
                reply = await model.reply(compile_request(self.item))
        except TimeoutError:
            why = "the model did not propose a rule in time"
            return Failure(cause=Cause.DEADLINE, why=why), Usage()
        if not isinstance(reply, Reply):
            return reply, Usage()
        self.spend.spent(reply.usage)
        return read_proposal(reply, line=self.item.line), reply.usage

    async def observe(self, rule: Sequence[Probe]) -> list[Observation | Unobserved]:
        """Measure a rule; it may reach no further than a model that looks itself."""
        calls = dict.fromkeys(probe.call for probe in rule)
        async with self.turn.measuring:
            seen = await asyncio.gather(
                *(self.tools.observe(call, chosen_by_model=True) for call in calls)
            )
        by_call = dict(zip(calls, seen, strict=True))
        return [by_call[probe.call] for probe in rule]

    async def ask(self, seen: Sequence[Observation]) -> Judged:
        """Judge beside a rule, of which `seen` was measured."""
        try:
            async with self.turn.in_time(CHECK_SHARE):
                return await self._ask(seen, second_reading=False)
        except TimeoutError:
            return not_judged(self.item, Cause.DEADLINE, "the model took too long")

    async def read(self, seen: Sequence[Observation]) -> Judged:
        """Judge without a rule that suffices: a plain ok is read again."""
        return await self._ask(seen, second_reading=self.second_reading)

    async def _affordable(self) -> Model | str:
        """Return the model that the money allows, or why it allows none."""
        budget = await self.spend.tightest()
        if budget.rung is Rung.NORMAL:
            return self.model
        if allowance(budget.rung, self.item.severity) is Allowance.NONE:
            return _refusal(budget)
        if self.cheaper is None:
            return self.model
        logger.info(
            "%s by a cheap model: %s",
            self.item.key,
            budget.told(),
            extra={"action": "judge_cheaper"},
        )
        return self.cheaper

    async def _ask(
        self, seen: Sequence[Observation], *, second_reading: bool
    ) -> Judged:
        model = await self._affordable()
        if isinstance(model, str):
            return not_judged(self.item, Cause.BUDGET, model)
        of_item = await asyncio.gather(
            *(self.tools.observe(probe.call) for probe in self.item.probes)
        )
        shown = [one for one in (*seen, *of_item) if isinstance(one, Observation)]
        async with self.turn.asking:
            return await judge_item(
                self.item,
                evidence=shown,
                model=model,
                observe=partial(self.tools.observe, chosen_by_model=True),
                limits=self.limits,
                may_call=self.spend.may_call,
                spent=self.spend.spent,
                second_reading=second_reading,
            )


def _refusal(budget: Budget) -> str:
    if budget.rung is Rung.STOPPED:
        return budget.told()
    return f"only critical items are judged: {budget.told()}"


def not_judged(item: Item, cause: Cause, why: str) -> Judged:
    """Return that an item is unknown, and why."""
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
