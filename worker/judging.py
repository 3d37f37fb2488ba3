"""Judges slots that have begun, on the event loop, while their leases are kept."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from heartbeat.config import HeartbeatConfig
from heartbeat.item_cadence import due_items
from heartbeat.runs import is_manual
from heartbeat.store.runs import Begun
from worker.evaluation import Evaluation, Unusable
from worker.items import Spend
from worker.lease import HeldLease, LeaseLost
from worker.runner import Due

logger = logging.getLogger(__name__)

#: What evaluating may take beyond the run's limit, in seconds. Whatever hangs in it is
#: ended by itself before; else its lease would be renewed for ever.
OVERTIME_SECONDS = 10.0


class Runner(Protocol):
    """What evaluates a heartbeat: `HeartbeatRunner`."""

    async def evaluate(
        self,
        config: HeartbeatConfig,
        *,
        now: datetime,
        limit: timedelta,
        spend: Spend,
        due: Due,
    ) -> Evaluation | Unusable:
        """Judge the items of its checklist that are due."""


@dataclass(slots=True, kw_only=True)
class Judging:
    """All that is being judged in this process; used on its one event loop."""

    runner: Runner
    spend_of: Callable[[str, str], Spend]  # by owner and scheduleId
    overtime_seconds: float = OVERTIME_SECONDS
    _going: set[asyncio.Task[Any]] = field(default_factory=set)
    is_over: bool = field(default=False, init=False)

    async def judge(
        self, begun: Begun, held: HeldLease
    ) -> Evaluation | Unusable | None:
        """Evaluate while the lease is renewed; None when it was lost meanwhile.

        Raises CancelledError once all was cancelled.
        """
        task = asyncio.current_task()
        assert task is not None  # a coroutine that runs has one
        if self.is_over:
            raise asyncio.CancelledError
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        evaluation: Evaluation | Unusable | None = None
        is_lost = False
        try:
            async with asyncio.TaskGroup() as group:
                stop_keeping = _keep_later(held, group)
                try:
                    evaluation = await self._evaluate(begun)
                finally:
                    stop_keeping()
        except* LeaseLost:
            is_lost = True
        return None if is_lost else evaluation

    def cancel_all(self) -> None:
        """End all that is being judged, and whatever begins later."""
        self.is_over = True
        logger.info("handing back %s runs", len(self._going))
        for task in self._going:
            task.cancel()

    async def _evaluate(self, begun: Begun) -> Evaluation | Unusable:
        config = begun.known.config
        due = partial(
            due_items,
            slot=begun.slot,
            manual=is_manual(begun.lease.run_id),
            book=begun.known.book,
            align_clock=config.timing.align == "clock",
        )
        try:
            async with asyncio.timeout(
                begun.run_limit.total_seconds() + self.overtime_seconds
            ):
                return await self.runner.evaluate(
                    config,
                    now=begun.started,
                    limit=begun.run_limit,
                    spend=self.spend_of(config.owner, config.schedule_id),
                    due=due,
                )
        except Exception:  # the owner must hear of it, whatever it was
            run_id = begun.lease.run_id
            extra = {"action": "run", "run_id": run_id}
            logger.exception("%s failed", run_id, extra=extra)
            why = "evaluating it failed; the worker's log says how"
            return Unusable(reason="internal", message=why)


def _keep_later(held: HeldLease, group: asyncio.TaskGroup) -> Callable[[], None]:
    """Keep a lease once that is due, which most runs do not live to see.

    Call what is returned, before the group ends, to keep it no longer.
    """
    keeping: list[asyncio.Task[None]] = []
    due = asyncio.get_running_loop().call_later(
        held.pause, lambda: keeping.append(group.create_task(held.keep()))
    )

    def stop() -> None:
        due.cancel()
        for task in keeping:
            task.cancel()

    return stop
