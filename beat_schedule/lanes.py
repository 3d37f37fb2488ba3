"""Dispatchers side by side, for the moments in which more is due than one batch."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Protocol

from beat_schedule.dispatch import BATCH, Pass

#: Passes of each lane before beat looks up again: a tick stays under a second or two.
PASSES = 8


class Lane(Protocol):
    """One dispatcher over connections of its own."""

    def run_pass(self) -> Pass:
        """Act on what is due now, up to one batch."""


class Lanes:
    """Works in one lane, and in all of them while full batches come.

    They need no more agreement than two beats do: claims are leased. One computes
    while Redis works for another, so that both processors are used.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._first, *self._others = lanes
        self._threads = ThreadPoolExecutor(max(1, len(self._others)), "lane")

    def run(self) -> bool:
        """Act on what is due; say whether there may be more.

        A failure in any lane is raised once all have ended: a lane is for
        one thread, and the next call must find none in it.
        """
        if self._first.run_pass().taken < BATCH:
            return False
        helping = [self._threads.submit(_drain, lane) for lane in self._others]
        try:
            _drain(self._first)
        finally:
            wait(helping)
        for lane in helping:
            lane.result()
        return True


def _drain(lane: Lane) -> None:
    for _ in range(PASSES):
        if lane.run_pass().taken < BATCH:
            return
