"""Watches from outside: tells of slots that beat and workers did not see through.

One gateway watches for the whole fleet. It only believes its own eyes after it has
watched as long as a slot's grace without a stall: whoever was frozen, or has just
lost sight of Redis, must not take its own absence for that of the others.
"""

import logging
from collections import defaultdict
from datetime import datetime, timedelta

from gateway.overdue import Finding, decide, listed, settlings, words, words_of_end
from heartbeat.notices import Ending
from heartbeat.outages import LateSlots
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.watch import START, Silent, Together, Watch

logger = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_SECONDS = 5.0
#: How long a watch holds without a look, in milliseconds.
WATCH_LEASE_MS = 15_000
#: A gap between looks that is longer was a stall, in seconds.
STALL_SECONDS = 3 * LOOK_SECONDS
#: Slots looked at in one look, and heartbeats settled in one step; the next look goes
#: on behind them, so that a fleet that stands still is told in several.
MOST = 1_000
#: Ids that a line of the log names; `heartbeat incidents` has them all.
MOST_LOGGED = 5


class Watcher:
    """The watch of one gateway; `look` runs in a thread, with the loop's clock."""

    def __init__(self, watch: Watch, heartbeats: Heartbeats, *, holder: str) -> None:
        self._watch = watch
        self._heartbeats = heartbeats
        self._holder = holder
        self._steady_since: float | None = None
        self._last_look = float("-inf")
        self._place = START

    def look(self, clock: float) -> int:
        """Look once; return how many heartbeats were found overdue."""
        was_stalled = clock - self._last_look > STALL_SECONDS
        since = clock if was_stalled else self._steady_since
        # Who does not watch, or cannot ask whether it does, begins anew.
        self._last_look, self._steady_since = clock, None
        if not self._watch.take(self._holder, lease_ms=WATCH_LEASE_MS):
            return 0
        self._steady_since = clock if since is None else since
        self._watch.tell_unreadable()
        self._tell_ends()
        steady = timedelta(seconds=clock - self._steady_since)
        by_owner: dict[str, list[Finding]] = defaultdict(list)
        for finding in self._find(steady):
            by_owner[finding.uid.partition(":")[0]].append(finding)
        now = self._watch.now()
        return sum(
            self._tell_owner(owner, found[first : first + MOST], now)
            for owner, found in by_owner.items()
            for first in range(0, len(found), MOST)
        )

    def _find(self, steady: timedelta) -> list[Finding]:
        """Find what is noted and what is silent, one finding a heartbeat."""
        noted = [
            Finding(uid=one.uid, slots=tuple(one.slots()), note=one.text)
            for one in self._watch.untold()
        ]
        uids = {finding.uid for finding in noted}
        silent: dict[str, tuple[LateSlots, ...]] = defaultdict(tuple)
        found, self._place = self._watch.silent(most=MOST, place=self._place)
        for one in found:
            if one.grace <= steady and one.uid not in uids:
                silent[one.uid] += (_late(one),)
        return [*noted, *(Finding(uid=uid, slots=late) for uid, late in silent.items())]

    def _tell_owner(self, owner: str, findings: list[Finding], now: datetime) -> int:
        """Settle all of an owner's in one step, but what changes meanwhile.

        That is found again at the next look, if it still is to be told.
        """
        read = self._heartbeats.outlines([finding.uid for finding in findings])
        decided = [
            decide(finding, read[finding.uid], now)
            for finding in findings
            if finding.uid in read
        ]
        left = [one for one in decided if one.is_news]
        while left:
            changed = self._watch.settle(owner, settlings(left), words(left, now))
            if not changed:
                break
            left = [one for one in left if one.finding.uid not in changed]
        told = [one.heartbeat.schedule_id for one in left if one.is_told]
        if told:
            logger.error(
                "overdue of the owner %s, %d in all: %s",
                owner,
                len(told),
                listed(told, most=MOST_LOGGED),
                extra={"action": "overdue"},
            )
        return len(told)

    def _tell_ends(self) -> None:
        """Tell what was told together and is over: one message an owner."""
        by_owner: dict[str, list[Together]] = defaultdict(list)
        for one in self._watch.together():
            by_owner[one.uid.partition(":")[0]].append(one)
        for owner, known in by_owner.items():
            over = [one for one in known if one.is_over]
            if over:
                self._tell_end(owner, over[:MOST], left=len(known) - len(over))

    def _tell_end(self, owner: str, over: list[Together], *, left: int) -> None:
        outlines = self._heartbeats.outlines(
            [one.uid for one in over if not one.is_gone]
        )
        names: dict[Ending, list[str]] = {Ending.RECOVERED: [], Ending.REMOVED: []}
        for one in over:
            reason = Ending.REMOVED if one.is_gone else Ending.RECOVERED
            known = outlines.get(one.uid)
            schedule_id = one.uid.partition(":")[2]
            names[reason].append(known.name if known else schedule_id)
        message = words_of_end(names, left=left, now=self._watch.now())
        self._watch.settle_over(owner, [one.uid for one in over], message)


def _late(silent: Silent) -> LateSlots:
    return LateSlots(why=silent.why, first=silent.slot, last=silent.slot, is_open=True)
