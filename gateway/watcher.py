"""Watches from outside: tells of slots that beat and workers did not see through.

One gateway watches for the whole fleet. It only believes its own eyes after it has
watched as long as a slot's grace without a stall: whoever was frozen, or has just
lost sight of Redis, must not take its own absence for that of the others.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from heartbeat.book import Settled
from heartbeat.errors import BadRecord, NotFound
from heartbeat.instants import to_text
from heartbeat.notices import Policy
from heartbeat.outages import LateSlots, overdue
from heartbeat.store.heartbeats import Heartbeats, Stored
from heartbeat.store.watch import Silent, State, Watch
from heartbeat.telling import About, tell
from heartbeat.told import Alert, CheckView

logger = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_SECONDS = 5.0
#: How long a watch holds without a look, in milliseconds.
WATCH_LEASE_MS = 15_000
#: A gap between looks that is longer was a stall, in seconds.
STALL_SECONDS = 3 * LOOK_SECONDS
#: Silent slots taken in one look; a fleet that stands still is told in several.
MOST = 1_000
#: Heartbeats of one owner that are told one by one; more are one grouped alert.
MOST_SINGLE = 20

_WHY: dict[State, str] = {
    "scheduled": "no beat has claimed it",
    "claimed": "no beat has sent it",
    "published": "no worker has begun it",
    "running": "its worker has not finished it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one heartbeat's owner is to hear, and the note that it settles."""

    uid: str
    slots: tuple[LateSlots, ...]
    note: str = ""


class Watcher:
    """The watch of one gateway; `look` runs in a thread, with the loop's clock."""

    def __init__(self, watch: Watch, heartbeats: Heartbeats, *, holder: str) -> None:
        self._watch = watch
        self._heartbeats = heartbeats
        self._holder = holder
        self._steady_since: float | None = None
        self._last_look = float("-inf")
        self._unreadable: set[str] = set()

    def look(self, clock: float) -> int:
        """Look once; return how many heartbeats were found overdue."""
        if clock - self._last_look > STALL_SECONDS:
            self._steady_since = None
        self._last_look = clock
        if not self._watch.take(self._holder, lease_ms=WATCH_LEASE_MS):
            self._steady_since = None
            return 0
        if self._steady_since is None:
            self._steady_since = clock
        steady = timedelta(seconds=clock - self._steady_since)
        findings = [
            Finding(uid=one.uid, slots=tuple(one.slots()), note=one.text)
            for one in self._watch.untold()
        ]
        noted = {finding.uid for finding in findings}
        findings += [
            Finding(uid=one.uid, slots=(_late(one),))
            for one in self._watch.silent(most=MOST)
            if one.grace <= steady and one.uid not in noted
        ]
        return self._tell(findings)

    def _tell(self, findings: Iterable[Finding]) -> int:
        by_owner: dict[str, list[Finding]] = defaultdict(list)
        for finding in findings:
            by_owner[finding.uid.partition(":")[0]].append(finding)
        now = self._watch.now()
        return sum(
            self._tell_owner(owner, found, now) for owner, found in by_owner.items()
        )

    def _tell_owner(self, owner: str, findings: list[Finding], now: datetime) -> int:
        decided = [
            (finding, stored, settled)
            for finding in findings
            for stored in self._stored(finding)
            for settled in [_decide(finding, stored, now)]
            if finding.note or settled.book != stored.book
        ]
        told = [stored for _, stored, settled in decided if settled.notices]
        is_grouped = len(told) > MOST_SINGLE
        if is_grouped:
            self._watch.tell(owner, _grouped(told, now))
        for finding, stored, settled in decided:
            about = About(
                schedule_id=stored.config.schedule_id, name=stored.config.name, now=now
            )
            self._watch.settle(
                finding.uid,
                settled.book,
                revision=stored.revision,
                untold=finding.note,
                messages=() if is_grouped else tell(settled.notices, about),
            )
        if told:
            logger.error(
                "%d heartbeats of %s are overdue",
                len(told),
                owner,
                extra={"action": "overdue"},
            )
        return len(told)

    def _stored(self, finding: Finding) -> list[Stored]:
        owner, _, schedule_id = finding.uid.partition(":")
        try:
            return [self._heartbeats.get(owner, schedule_id)]
        except NotFound:  # deleted meanwhile
            return []
        except BadRecord as error:  # the others are watched all the same
            problem = error
        if finding.uid not in self._unreadable:
            self._unreadable.add(finding.uid)
            logger.error("not watched: %s", problem, extra={"action": "bad_record"})
        return []


def _decide(finding: Finding, stored: Stored, now: datetime) -> Settled:
    policy = Policy(
        notify=stored.config.notify,
        repeat=timedelta(minutes=stored.config.repeat_minutes),
    )
    settled = Settled(stored.book)
    for slots in finding.slots:
        settled = settled.then(overdue(settled.book, slots, policy=policy, now=now))
    return settled


def _late(silent: Silent) -> LateSlots:
    return LateSlots(
        why=_WHY[silent.state], first=silent.slot, last=silent.slot, is_open=True
    )


def _grouped(told: list[Stored], now: datetime) -> str:
    """Word one alert for many: an outage of the fleet is one trouble."""
    names = ", ".join(stored.config.name for stored in told[:MOST_SINGLE])
    return Alert(
        timestamp=to_text(now),
        kind="overdue",
        checks=(
            CheckView(
                description=f"{len(told)} heartbeats have slots without a finished run",
                details=f"{names} and {len(told) - MOST_SINGLE} more",
                severity="critical",
                state="new",
            ),
        ),
    ).model_dump_json(by_alias=True, exclude_none=True)
