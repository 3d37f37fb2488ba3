"""Runs one slot: takes the right to, keeps it while the runner works, and settles."""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from heartbeat.errors import HeartbeatError, StoreError
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.runs import Begun, Fenced, Known, Outcome, Refused, Runs
from heartbeat.store.spending import Spending
from heartbeat.usage import Usage
from worker.runner import Evaluation, HeartbeatRunner, Spend, Unusable
from worker.settling import Run, settle

logger = logging.getLogger(__name__)

#: Wait before a call to a store that is away is tried again, in seconds.
STORE_RETRY_SECONDS = 0.5

_T = TypeVar("_T")


class LeaseLost(Exception):
    """Raised when the right to run ended before the run did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The parts of the store that a worker uses."""

    runs: Runs
    heartbeats: Heartbeats
    spending: Spending
    now: Callable[[], datetime]


@dataclass(slots=True, kw_only=True)
class Execution:
    """Runs slots on one event loop; the synchronous store is called in its threads."""

    ledger: Ledger
    runner: HeartbeatRunner
    host: str
    max_tokens_per_day: int
    max_heartbeats_per_owner: int
    is_draining: bool = False
    _going: set[asyncio.Task[str]] = field(default_factory=set)

    async def run(self, uid: str, run_id: str) -> str:
        """Run a slot to its end and say in a few words what came of it.

        1. Begin: the ledger says whether this slot may still run, and here.
        2. Evaluate, while the lease is renewed. Losing it ends the run: another may
           have begun. The run's limit ends it too, and what is not judged is unknown.
        3. Settle in one step, again when something changed meanwhile.
        4. Apply the schedule that changed front matter asks for.
        """
        if self.is_draining:
            return "left to another worker: this one is shutting down"
        begun = await self._in_thread(self._begin, uid, run_id)
        if isinstance(begun, Refused):
            return begun.value
        task = asyncio.create_task(self._run(begun))
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        try:
            return await task
        except asyncio.CancelledError:
            await self._in_thread(self.ledger.runs.hand_back, begun.lease)
            return "handed back: this worker is shutting down"

    def drain(self) -> None:
        """Begin no more runs."""
        self.is_draining = True

    def hand_back_all(self) -> None:
        """End what goes on and give its slots back, to be run elsewhere at once."""
        for task in self._going:
            task.cancel()

    def _begin(self, uid: str, run_id: str) -> Begun | Refused:
        nonce = secrets.token_hex(8)
        return self.ledger.runs.begin(uid, run_id, host=self.host, nonce=nonce)

    async def _run(self, begun: Begun) -> str:
        extra = {"action": "run", "run_id": begun.lease.run_id}
        try:
            async with asyncio.TaskGroup() as group:
                renewing = group.create_task(self._keep(begun))
                evaluation = await self._evaluate(begun)
                summary = await self._settle(begun, evaluation)
                renewing.cancel()
        except* LeaseLost:
            logger.warning("%s: lease lost", begun.lease.run_id, extra=extra)
            summary = "lease lost: the ledger decides who runs it"
        logger.info("%s: %s", begun.lease.run_id, summary, extra=extra)
        return summary

    async def _keep(self, begun: Begun) -> None:
        """Renew the lease from this loop, so that a blocked loop loses it."""
        lease_seconds = self.ledger.runs.lease_ms / 1000
        loop = asyncio.get_running_loop()
        good_until = loop.time() + lease_seconds
        while True:
            await asyncio.sleep(lease_seconds / 3)
            asked = loop.time()
            with suppress(StoreError):
                if not await self._in_thread(self.ledger.runs.renew, begun.lease):
                    raise LeaseLost
                good_until = asked + lease_seconds
            if loop.time() >= good_until:
                raise LeaseLost

    async def _evaluate(self, begun: Begun) -> Evaluation | Unusable:
        return await self.runner.evaluate(
            begun.known.config,
            now=begun.started,
            limit=begun.run_limit,
            spend=Spend(may_call=self._may_call, spent=self._spent),
        )

    async def _may_call(self) -> bool:
        now = await self._in_thread(self.ledger.now)
        spent = await self._in_thread(self.ledger.spending.today, now)
        return spent < self.max_tokens_per_day

    async def _spent(self, usage: Usage) -> None:
        now = await self._in_thread(self.ledger.now)
        await self._in_thread(self.ledger.spending.add, usage.tokens, now)

    async def _settle(self, begun: Begun, evaluation: Evaluation | Unusable) -> str:
        known = begun.known
        while True:
            finished = await self._in_thread(self.ledger.now)
            run = Run(begun=begun, host=self.host, finished=finished)
            outcome = settle(run, evaluation, known=known)
            answer = await self._finish(begun, outcome, known)
            if isinstance(answer, Fenced):
                raise LeaseLost
            if answer is None:
                await self._apply_front_matter(evaluation, known)
                return _summary(outcome)
            known = answer

    async def _finish(
        self, begun: Begun, outcome: Outcome, known: Known
    ) -> Known | Fenced | None:
        """Finish as soon as the store can be reached; the lease bounds the tries."""
        finish = self.ledger.runs.finish
        while True:
            try:
                return await self._in_thread(
                    partial(finish, begun.lease, outcome, against=known)
                )
            except StoreError as error:
                logger.warning("%s: cannot finish: %s", begun.lease.run_id, error)
                await asyncio.sleep(STORE_RETRY_SECONDS)

    async def _apply_front_matter(
        self, evaluation: Evaluation | Unusable, known: Known
    ) -> None:
        """Let the next slot follow the file; a newer message keeps its word."""
        if isinstance(evaluation, Unusable) or evaluation.config == known.config:
            return
        if evaluation.config.asked != known.config.asked:
            return
        try:
            await self._in_thread(
                partial(
                    self.ledger.heartbeats.configure,
                    evaluation.config,
                    max_per_owner=self.max_heartbeats_per_owner,
                )
            )
        except HeartbeatError as error:  # the next run finds the same difference
            logger.warning("%s: front matter not applied: %s", known.config.uid, error)

    async def _in_thread(self, call: Callable[..., _T], *arguments: object) -> _T:
        return await asyncio.to_thread(call, *arguments)


def _summary(outcome: Outcome) -> str:
    record = outcome.record
    if record.reason is not None:
        return f"{record.status.value}: {record.reason.value}"
    counts = Counter(item.status.value for item in record.items)
    told = "; ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return f"{record.status.value} ({told})"
