"""Runs one slot: takes the right to, keeps it while the runner works, and settles."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from heartbeat.config import HeartbeatConfig
from heartbeat.errors import StoreError
from heartbeat.item_cadence import due_items
from heartbeat.runs import is_manual
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.runs import Begun, Fenced, Known, Lease, Refused, Runs
from worker.evaluation import Evaluation, Unusable
from worker.items import Spend
from worker.lease import STORE_RETRY_SECONDS, HeldLease, LeaseLost
from worker.runner import Due
from worker.settling import Run, settle, summary

logger = logging.getLogger(__name__)

#: How long a store that is away is waited for before a slot has begun, in seconds. The
#: slot is safe without: beat sends it again. It saves that half a minute.
BEGIN_SECONDS = 10.0
#: The same before a slot is handed back, by a worker that is expected to end.
HAND_BACK_SECONDS = 2.0

_T = TypeVar("_T")


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
class Execution:
    """Runs slots on one event loop; the synchronous store is called in its threads."""

    runs: Runs
    heartbeats: Heartbeats
    runner: Runner
    spend_of: Callable[[str, str], Spend]  # by owner and scheduleId
    host: str
    begin_seconds: float = BEGIN_SECONDS
    hand_back_seconds: float = HAND_BACK_SECONDS
    retry_seconds: float = STORE_RETRY_SECONDS
    _going: set[asyncio.Task[str]] = field(default_factory=set)
    _is_over: bool = False

    async def run(self, uid: str, run_id: str, *, queue: str = "") -> str:
        """Run the open slot of a heartbeat and say in a few words what came of it.

        `run_id` is the slot that the message was sent for: another may be open now.

        1. Begin: the ledger says which slot may be run, if any.
        2. Evaluate, while the lease is renewed. Losing it ends the run: another may
           have begun. The run's limit ends it too, and what is not judged is unknown.
        3. Settle in one step, again when something changed meanwhile.
        4. Apply the schedule that changed front matter asks for.
        """
        asked = _now()
        try:
            begun = await self._begin(uid, run_id, queue)
        except StoreError as error:
            if not error.retryable:
                raise
            logger.warning("%s not begun: %s", run_id, error, extra=_about(run_id))
            return f"not begun, to be sent again: {error}"
        if isinstance(begun, Refused):
            logger.info("%s not run: %s", run_id, begun.value, extra=_about(run_id))
            return begun.value
        run_id = begun.lease.run_id
        summary = await self._run_or_hand_back(begun, asked)
        seconds = _now() - asked
        logger.info("%s %s, %.1f s", run_id, summary, seconds, extra=_about(run_id))
        return summary

    def hand_back_all(self) -> None:
        """Give all slots back, those that begin later too, to be run elsewhere."""
        self._is_over = True
        logger.info("handing back %s runs", len(self._going))
        for task in self._going:
            task.cancel()

    async def _begin(self, uid: str, run_id: str, queue: str) -> Begun | Refused:
        # A reply may be lost: asking again with the same nonce gets the same answer.
        begin = partial(self.runs.begin, host=self.host, nonce=secrets.token_hex(8))
        ask = partial(begin, uid, run_id, queue=queue)
        return await self._persist(ask, until=_now() + self.begin_seconds)

    async def _run_or_hand_back(self, begun: Begun, asked: float) -> str:
        task = asyncio.create_task(self._run(begun, asked))
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        if self._is_over:
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            return await self._hand_back(begun.lease)

    async def _hand_back(self, lease: Lease) -> str:
        try:
            is_ours = await self._persist(
                partial(self.runs.hand_back, lease),
                until=_now() + self.hand_back_seconds,
            )
        except StoreError as error:
            return f"given up, to be run again when its lease ends: {error}"
        return "handed back" if is_ours else "settled while it was to be handed back"

    async def _run(self, begun: Begun, asked: float) -> str:
        held = HeldLease(self.runs, begun.lease, asked=asked)
        began = _now()
        evaluation: Evaluation | Unusable | None = None
        try:
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(held.keep())
                evaluation = await self._evaluate(begun)
                keeping.cancel()
        except* LeaseLost:
            evaluation = None
        if evaluation is None:
            return _LOST
        elapsed = timedelta(seconds=round(_now() - began, 3))
        run = Run(
            run_id=begun.lease.run_id,
            slot=begun.slot,
            started=begun.started,
            finished=begun.started + elapsed,
            host=self.host,
            config=begun.known.config,
        )
        return await self._settle(held, run, evaluation, begun.known)

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
            return await self.runner.evaluate(
                config,
                now=begun.started,
                limit=begun.run_limit,
                spend=self.spend_of(config.owner, config.schedule_id),
                due=due,
            )
        except Exception:  # the owner must hear of it, whatever it was
            run_id = begun.lease.run_id
            logger.exception("%s failed", run_id, extra=_about(run_id))
            why = "evaluating it failed; the worker's log says how"
            return Unusable(reason="internal", message=why)

    async def _settle(
        self,
        held: HeldLease,
        run: Run,
        evaluation: Evaluation | Unusable,
        known: Known,
    ) -> str:
        """Finish as soon as the store can be reached, and against what it then holds.

        A server that comes back after the lease has ended may still take it, if no
        other worker has begun; after that long again it is given up.
        """
        until = held.good_until + held.seconds
        while True:
            outcome = settle(run, evaluation, known=known)
            finish = partial(self.runs.finish, held.lease, outcome, against=known)
            try:
                answer = await self._persist(finish, until=until)
            except StoreError as error:
                if not error.retryable:
                    raise
                return f"{_LOST}: {error}"
            if isinstance(answer, Fenced):
                return _LOST
            if answer is None:
                await self._apply_front_matter(evaluation, known)
                return summary(outcome, evaluation)
            known = answer

    async def _apply_front_matter(
        self, evaluation: Evaluation | Unusable, known: Known
    ) -> None:
        """Let the next slot follow the file; a newer message keeps its word."""
        if isinstance(evaluation, Unusable) or evaluation.config == known.config:
            return
        if evaluation.config.asked != known.config.asked:
            return
        replace = partial(
            self.heartbeats.replace, evaluation.config, version=known.version
        )
        try:
            await asyncio.to_thread(replace)
        except StoreError as error:  # the next run finds the same difference
            logger.warning("%s: front matter not applied: %s", known.config.uid, error)

    async def _persist(self, call: Callable[[], _T], *, until: float) -> _T:
        """Call the store in a thread, again while it is away and time is left."""
        while True:
            try:
                return await asyncio.to_thread(call)
            except StoreError as error:
                if not error.retryable or _now() >= until:
                    raise
            await asyncio.sleep(self.retry_seconds)


_LOST = "lease lost: the ledger decides who runs it"


def _now() -> float:
    return asyncio.get_running_loop().time()


def _about(run_id: str) -> dict[str, str]:
    return {"action": "run", "run_id": run_id}
