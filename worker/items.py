"""Judges the items of one run: by their rules, or else by the model."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace

from heartbeat.checklist import Item
from heartbeat.errors import InvalidModel
from heartbeat.probes import judge_by_probes
from heartbeat.usage import Usage
from heartbeat.verdict import Cause, ItemResult
from worker.asking import Asking, Spend, Tools, Turn, not_judged
from worker.by_rule import Rules
from worker.judge import Judged, Limits
from worker.model import Model

__all__ = ["FindModel", "ItemJudge", "OnResult", "Spend", "Tools"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemJudge:
    """Judges with the tools and the model of one run; None where there is no model.

    An item that names its own model is judged by what `find_model` gives for it;
    `find_cheaper` gives what takes its place when money runs short. With `rules` the
    model makes rules of items, which then are judged without it.
    """

    tools: Tools
    model: Model | None
    find_model: FindModel
    find_cheaper: FindModel
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
        turn = Turn(
            measuring=asyncio.Semaphore(PARALLEL_PROBES),
            asking=asyncio.Semaphore(self.parallel_items),
            ends=ends,
        )
        first = {item.model: item for item in reversed(items) if self._asks(item)}
        first_done = {model: asyncio.Event() for model in first}

        async def in_turn(item: Item) -> Judged:
            if not self._asks(item):
                return await self._judge(item, turn)
            if item is not first[item.model]:
                done = first_done[item.model]
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.head_start_seconds):
                        await done.wait()
            async with turn.asking:
                return await self._judge(item, replace(turn, asking=nullcontext()))

        async def one(item: Item) -> Judged:
            try:
                async with asyncio.timeout_at(ends):
                    judged = await in_turn(item)
            except TimeoutError:
                judged = not_judged(item, Cause.DEADLINE, "the run's time was over")
            finally:
                if item is first.get(item.model):
                    first_done[item.model].set()
            on_result(judged.result)
            return judged

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
        return [task.result() for task in tasks]

    def _asks(self, item: Item) -> bool:
        """Say whether only a model can judge it, so that its turn is all it needs."""
        has_rule = self.rules is not None and self.rules.has_rule(item)
        return item.needs_model and not has_rule

    async def _judge(self, item: Item, turn: Turn) -> Judged:
        try:
            if not item.needs_model:
                return await self._by_probes(item, turn)
            model = self.model if item.model is None else self.find_model(item.model)
            if model is None:
                return not_judged(item, Cause.NO_MODEL, "no model configured")
            asking = Asking(
                item=item,
                model=model,
                cheaper=self.find_cheaper(item.model),
                tools=self.tools,
                spend=self.spend,
                limits=self.limits,
                second_reading=self.second_reading,
                turn=turn,
            )
            if self.rules is None:
                return await asking.read(())
            return await self.rules.judge(item, asking.means())
        except InvalidModel as error:  # it was fine when it was configured
            return not_judged(item, Cause.MODEL_REJECTED, str(error))
        except Exception:  # one item must not take the others with it
            logger.exception("judging %s failed", item.key, extra={"action": "judge"})
            why = "judging failed; the worker's log says how"
            return not_judged(item, Cause.INTERNAL, why)

    async def _by_probes(self, item: Item, turn: Turn) -> Judged:
        async with turn.measuring:
            outcomes = await asyncio.gather(
                *(self.tools.observe(probe.call) for probe in item.probes)
            )
        result = judge_by_probes(item, outcomes)
        assert result is not None  # it has a probe with a condition
        return Judged(result=result, usage=Usage(), steps=0)
