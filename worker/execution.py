"""Runs one slot from a thread: takes the right to, has it judged, and settles."""

import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from heartbeat.errors import StoreError
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.runs import Begun, Fenced, Known, Lease, Refused, Runs
from worker.evaluation import Evaluation, Unusable
from worker.judging import Judging
from worker.lease import STORE_RETRY_SECONDS, HeldLease
from worker.settling import Run, settle, summary

logger = logging.getLogger(__name__)

#: How long a store that is away is waited for before a slot has begun, in seconds. The
#: slot is safe without: beat sends it again. It saves that half a minute.
BEGIN_SECONDS = 10.0
#: The same before a slot is handed back, by a worker that is expected to end.
HAND_BACK_SECONDS = 2.0

_T = TypeVar("_T")


class Submit(Protocol):
    """Starts a coroutine on the event loop of the process, from any thread."""

    def __call__(self, coroutine: Coroutine[Any, Any, _T], /) -> Future[_T]:
        """Return its future."""


@dataclass(slots=True, kw_only=True)
class Execution:
    """Runs slots from the threads of a pool.

    A thread speaks to the store itself, since it has to wait anyway; only judging, and
    keeping the lease meanwhile, is done on the event loop. `storing` bounds the store
    calls of all threads, and with them the connections.
    """

    runs: Runs
    heartbeats: Heartbeats
    judging: Judging
    submit: Submit
    storing: AbstractContextManager[object]
    host: str
    begin_seconds: float = BEGIN_SECONDS
    hand_back_seconds: float = HAND_BACK_SECONDS
    retry_seconds: float = STORE_RETRY_SECONDS

    def run(self, uid: str, run_id: str, *, queue: str = "") -> str:
        """Run the open slot of a heartbeat and say in a few words what came of it.

        `run_id` is the slot that the message was sent for: another may be open now.

        1. Begin: the ledger says which slot may be run, if any.
        2. Evaluate, while the lease is renewed. Losing it ends the run: another may
           have begun. The run's limit ends it too, and what is not judged is unknown.
        3. Settle in one step, again when something changed meanwhile.
        4. Apply the schedule that changed front matter asks for.
        """
        asked = time.monotonic()
        try:
            begun = self._begin(uid, run_id, queue)
        except StoreError as error:
            if not error.retryable:
                raise
            logger.warning("%s not begun: %s", run_id, error, extra=_about(run_id))
            return f"not begun, to be sent again: {error}"
        if isinstance(begun, Refused):
            logger.info("%s not run: %s", run_id, begun.value, extra=_about(run_id))
            return begun.value
        run_id = begun.lease.run_id
        summary = self._run(begun, HeldLease(self.runs, begun.lease, asked=asked))
        seconds = time.monotonic() - asked
        logger.info("%s %s, %.1f s", run_id, summary, seconds, extra=_about(run_id))
        return summary

    def hand_back_all(self) -> None:
        """Give all slots back, those that begin later too, to be run elsewhere.

        Call it on the event loop.
        """
        self.judging.cancel_all()

    def _begin(self, uid: str, run_id: str, queue: str) -> Begun | Refused:
        # A reply may be lost: asking again with the same nonce gets the same answer.
        begin = partial(self.runs.begin, host=self.host, nonce=secrets.token_hex(8))
        until = time.monotonic() + self.begin_seconds
        return self._persist(
            partial(begin, uid, run_id, queue=queue),
            gives_up=lambda: time.monotonic() >= until,
        )

    def _run(self, begun: Begun, held: HeldLease) -> str:
        began = time.monotonic()
        try:
            evaluation = self.submit(self.judging.judge(begun, held)).result()
        except CancelledError:
            return self._hand_back(begun.lease)
        if evaluation is None:
            return _LOST
        elapsed = timedelta(seconds=round(time.monotonic() - began, 3))
        run = Run(
            run_id=begun.lease.run_id,
            slot=begun.slot,
            started=begun.started,
            finished=begun.started + elapsed,
            host=self.host,
            config=begun.known.config,
        )
        return self._settle(held, run, evaluation, begun.known)

    def _hand_back(self, lease: Lease) -> str:
        until = time.monotonic() + self.hand_back_seconds
        try:
            is_ours = self._persist(
                partial(self.runs.hand_back, lease),
                gives_up=lambda: time.monotonic() >= until,
            )
        except StoreError as error:
            return f"given up, to be run again when its lease ends: {error}"
        return "handed back" if is_ours else "settled while it was to be handed back"

    def _settle(
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
            try:
                answer = self._persist(
                    partial(self.runs.finish, held.lease, outcome, against=known),
                    gives_up=lambda: self.judging.is_over or time.monotonic() >= until,
                )
            except StoreError as error:
                if not error.retryable:
                    raise
                if self.judging.is_over:
                    return self._hand_back(held.lease)
                return f"{_LOST}: {error}"
            if isinstance(answer, Fenced):
                return _LOST
            if answer is None:
                self._apply_front_matter(evaluation, known)
                return summary(outcome, evaluation)
            known = answer

    def _apply_front_matter(
        self, evaluation: Evaluation | Unusable, known: Known
    ) -> None:
        """Let the next slot follow the file; a newer message keeps its word."""
        if isinstance(evaluation, Unusable) or evaluation.config == known.config:
            return
        if not known.is_config_read:  # what it asks for is not known
            return
        if evaluation.config.asked != known.config.asked:
            return
        try:
            with self.storing:
                self.heartbeats.replace(evaluation.config, version=known.version)
        except StoreError as error:  # the next run finds the same difference
            logger.warning("%s: front matter not applied: %s", known.config.uid, error)

    def _persist(self, call: Callable[[], _T], *, gives_up: Callable[[], bool]) -> _T:
        """Call the store, again while it is away and time is left."""
        while True:
            try:
                with self.storing:
                    return call()
            except StoreError as error:
                if not error.retryable or gives_up():
                    raise
            time.sleep(self.retry_seconds)


_LOST = "lease lost: the ledger decides who runs it"


def _about(run_id: str) -> dict[str, str]:
    return {"action": "run", "run_id": run_id}
