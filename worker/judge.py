"""Judge one item by a model: drive its conversation within time, steps and budget."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import assert_never

from heartbeat.checklist import Item
from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, ItemResult, Verdict
from worker.answer import Finish, GiveUp
from worker.conversation import CallTools, Conversation, GoOn, Repair
from worker.model import Failure, Model, ModelRequest, Reply
from worker.reading import confirm, second_request

logger = logging.getLogger(__name__)

#: Carries out one tool call.
Observe = Callable[[ToolCall], Awaitable[Observation | Unobserved]]
#: Says whether the budget allows one more model call.
MayCall = Callable[[], Awaitable[bool]]
#: Is told what one reply cost, whatever becomes of the item; waits for nothing.
Spent = Callable[[Usage], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far judging one item may go."""

    max_steps: int = 5
    deadline: timedelta = timedelta(seconds=90)
    parallel_tools: int = 4
    #: A tool has its own, shorter timeouts; this one is for a tool that hangs.
    tool_timeout: timedelta = timedelta(seconds=20)

    def __post_init__(self) -> None:
        if not 1 <= self.max_steps <= 10:
            raise ValueError(f"expected 1 to 10 steps, got {self.max_steps!r}")
        if not 1 <= self.parallel_tools <= 8:
            raise ValueError(f"expected 1 to 8 tools, got {self.parallel_tools!r}")
        if not timedelta(0) < self.deadline <= timedelta(seconds=300):
            raise ValueError(f"expected up to 300 s to judge, got {self.deadline!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The result, what it cost, and how many times the model was asked."""

    result: ItemResult
    usage: Usage
    steps: int


async def always() -> bool:
    """Allow every call: the budget of those who set none."""
    return True


def unrecorded(_: Usage) -> None:
    """Record no cost."""


async def judge_item(
    item: Item,
    *,
    evidence: Sequence[Observation],
    model: Model,
    observe: Observe,
    limits: Limits = Limits(),
    may_call: MayCall = always,
    spent: Spent = unrecorded,
    second_reading: bool = False,
) -> Judged:
    """Judge an item; every failure is an unknown with its cause, never an exception.

    Only cancellation is raised. `evidence` counts as observed in this run. With a
    second reading an `ok` counts if the model agrees from the item and its quotes.
    """
    conversation = Conversation(item, evidence=evidence, max_steps=limits.max_steps)
    judging = _Judging(conversation, model, observe, limits, may_call, spent)
    seconds = limits.deadline.total_seconds()
    end: Finish | GiveUp
    try:
        async with asyncio.timeout(seconds):
            end = await judging.run()
            if second_reading and isinstance(end, Finish) and end.verdict is Verdict.OK:
                end = await judging.read_again(item, end)
    except TimeoutError:
        end = GiveUp(cause=Cause.DEADLINE, why=f"not judged within {seconds:g} s")
    except Exception:
        logger.exception(
            "judging failed", extra={"action": "judge_item", "item_key": item.key}
        )
        end = GiveUp(cause=Cause.INTERNAL, why="judging failed; the log says how")
    return Judged(
        result=_result(item, end), usage=judging.usage, steps=conversation.steps
    )


@dataclass(slots=True)
class _Judging:
    conversation: Conversation
    model: Model
    observe: Observe
    limits: Limits
    may_call: MayCall
    spent: Spent
    usage: Usage = field(default_factory=Usage)

    async def run(self) -> Finish | GiveUp:
        while await self.may_call():
            decision = self.conversation.next(
                await self._ask(self.conversation.request())
            )
            match decision:
                case CallTools(calls=calls):
                    self.conversation.take(await self._observe_all(calls))
                case Repair() | GoOn():
                    pass
                case Finish() | GiveUp():
                    return decision
                case _:
                    assert_never(decision)
        return _NO_BUDGET

    async def read_again(self, item: Item, first: Finish) -> Finish | GiveUp:
        """Have an ok confirmed by its quotes alone."""
        if not await self.may_call():
            return _NO_BUDGET
        return confirm(first, await self._ask(second_request(item, first.quotes)))

    async def _ask(self, request: ModelRequest) -> Reply | Failure:
        reply = await self.model.reply(request)
        if isinstance(reply, Reply):
            self.usage += reply.usage
            self.spent(reply.usage)
        return reply

    async def _observe_all(
        self, calls: Sequence[ToolCall]
    ) -> list[Observation | Unobserved]:
        gate = asyncio.Semaphore(self.limits.parallel_tools)

        async def one(call: ToolCall) -> Observation | Unobserved:
            async with gate:
                return await self._observe(call)

        return await asyncio.gather(*(one(call) for call in calls))

    async def _observe(self, call: ToolCall) -> Observation | Unobserved:
        seconds = self.limits.tool_timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                return await self.observe(call)
        except TimeoutError:
            return Unobserved(call=call, why=f"no answer within {seconds:g} s")
        except Exception as error:
            # The text of the exception may hold what the model must not see.
            logger.exception("tool %s crashed", call.tool, extra={"action": "observe"})
            return Unobserved(call=call, why=f"failed: {type(error).__name__}")


_NO_BUDGET = GiveUp(cause=Cause.BUDGET, why="the budget for model calls is used up")


def _result(item: Item, end: Finish | GiveUp) -> ItemResult:
    """Word the end of a conversation as the item's result."""
    if isinstance(end, GiveUp):
        return ItemResult(
            item_key=item.key,
            description=item.text,
            verdict=Verdict.UNKNOWN,
            details=end.why,
            by=By.MODEL,
            severity=item.severity,
            cause=end.cause,
        )
    is_raised = end.verdict is Verdict.ACTION_NEEDED and end.severity.rises_over(
        item.severity
    )
    return ItemResult(
        item_key=item.key,
        description=item.text,
        verdict=end.verdict,
        details=end.details,
        by=By.MODEL,
        severity=end.severity if is_raised else item.severity,
    )
