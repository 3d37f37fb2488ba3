"""What Celery beat drives: a scheduler without entries, over the ledger in Redis."""

import logging
import time
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from celery.beat import Scheduler

from beat_schedule.lanes import Lanes
from heartbeat.errors import HeartbeatError
from heartbeat.store.processes import REPORT_SECONDS, Processes
from heartbeat.store.slots import Slots
from heartbeat.store.wakeup import WakeUp

logger = logging.getLogger(__name__)

#: Longest wait between two passes, in seconds: bounds what a lost wake-up costs.
LONGEST_WAIT = 1.0
#: Wait after an error, in seconds.
WAIT_AFTER_ERROR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaborators:
    """What a scheduler works with; `app` makes them."""

    lanes: Lanes
    slots: Slots
    wake_up: WakeUp
    processes: Processes
    host: str
    pid: int


class LedgerScheduler(Scheduler):
    """Fires slots from the ledger.

    Celery builds a scheduler once only to print its banner, so constructing it does
    nothing, and the first tick makes the collaborators. An exception in a tick would
    end beat, so none leaves it.
    """

    _with: Collaborators | None = None
    _reported = float("-inf")
    _is_out = False

    @abstractmethod
    def collaborators(self) -> Collaborators:
        """Make what this process works with."""

    def setup_schedule(self) -> None:
        """Leave Celery's own schedule empty."""

    @property
    def info(self) -> str:
        """Return what the banner says of the schedule."""
        return "    . schedule -> the ledger of slots in Redis"

    def tick(self, *_: Any, **__: Any) -> float:
        """Act on what is due, then wait for what comes; return 0: do not sleep."""
        try:
            if self._with is None:
                self._with = self.collaborators()
            self._beat(self._with)
        except HeartbeatError as error:
            self._say_once(error)
            time.sleep(WAIT_AFTER_ERROR)
        except Exception:  # the outermost loop of this process
            logger.exception("a tick failed", extra={"action": "tick_failed"})
            time.sleep(WAIT_AFTER_ERROR)
        return 0.0

    def close(self) -> None:
        """End; Celery may call this from a signal handler, in the middle of a tick.

        Nothing has to be given back: what is claimed and not noted is taken over by
        any other beat when the claim's lease ends.
        """

    def _beat(self, using: Collaborators) -> None:
        may_be_more = using.lanes.run()
        self._report(using)
        if self._is_out:
            self._is_out = False
            logger.info("beat goes on", extra={"action": "recovered"})
        if not may_be_more:
            using.wake_up.wait(self._pause(using))

    def _pause(self, using: Collaborators) -> float:
        due_ms = using.slots.next_due_ms()
        if due_ms is None:
            return LONGEST_WAIT
        return min(LONGEST_WAIT, max(0.0, (due_ms - using.slots.now_ms()) / 1000))

    def _report(self, using: Collaborators) -> None:
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            using.processes.report("beat", host=using.host, pid=using.pid)
            self._reported = time.monotonic()
            self._look_ahead(using)

    def _look_ahead(self, using: Collaborators) -> None:
        """Let no heartbeat wait for a clock that was set back to get there again."""
        found = using.slots.ahead.look_on()
        if found:
            logger.warning(
                "Redis' clock was set back: %d heartbeats go on from now",
                found,
                extra={"action": "set_back"},
            )

    def _say_once(self, error: HeartbeatError) -> None:
        """Log an outage when it begins; the same line twice a second helps nobody."""
        if not self._is_out:
            logger.warning("beat waits: %s", error, extra={"action": "waiting"})
        self._is_out = True
