"""How a model is asked about one item of a run, and what the run's items share."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from heartbeat.checklist import Item
from heartbeat.probes import Probe
from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, ItemResult, Verdict
from worker.by_rule import Means
from worker.compiling import Proposal, compile_request, read_proposal
from worker.judge import Judged, Limits, MayCall, Spent, judge_item
from worker.model import Failure, Model, Reply

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

    async def close(self) -> None:
        """Close what is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """How a run asks whether it may call the model, and says what it has cost."""

    may_call: MayCall
    spent: Spent


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
    """How a model is asked about one item.

    One that hangs must not keep a rule from being measured and told in time.
    """

    item: Item
    model: Model
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
        if not await self.spend.may_call():
            why = "the budget for model calls is used up"
            return Failure(cause=Cause.BUDGET, why=why), Usage()
        try:
            async with self.turn.in_time(PROPOSAL_SHARE), self.turn.asking:
                reply = await self.model.reply(compile_request(self.item))
        except TimeoutError:
            why = "the model did not propose a rule in time"
            return Failure(cause=Cause.DEADLINE, why=why), Usage()
        if not isinstance(reply, Reply):
            return reply, Usage()
        await asyncio.shield(self.spend.spent(reply.usage))
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

    async def _ask(
        self, seen: Sequence[Observation], *, second_reading: bool
    ) -> Judged:
        of_item = await asyncio.gather(
            *(self.tools.observe(probe.call) for probe in self.item.probes)
        )
        shown = [one for one in (*seen, *of_item) if isinstance(one, Observation)]
        async with self.turn.asking:
            return await judge_item(
                self.item,
                evidence=shown,
                model=self.model,
                observe=partial(self.tools.observe, chosen_by_model=True),
                limits=self.limits,
                may_call=self.spend.may_call,
                spent=self.spend.spent,
                second_reading=second_reading,
            )


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
