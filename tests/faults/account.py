"""Accounts for every slot, every run and every alert; says what does not add up."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from heartbeat.feed import Entry, compare
from heartbeat.runs import Reason, RunRecord, RunStatus

#: What a run that was seen through ends as.
FINISHED = frozenset({RunStatus.OK, RunStatus.ALERT, RunStatus.UNKNOWN})
#: What a slot ends as that should have run: its owner hears of it.
NOT_RUN = frozenset({RunStatus.MISSED, RunStatus.LOST})


@dataclass(slots=True, kw_only=True)
class Account:
    """Figures, and in words all that is wrong."""

    slots: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    alerts: int = 0
    deliveries: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    slowest_recovery: timedelta = timedelta()
    slowest: str = ""
    overdue: int = 0
    acknowledged: int = 0
    counted: dict[str, int] = field(default_factory=dict)

    def runs_of(
        self, uid: str, records: Sequence[RunRecord], *, interval_ms: int
    ) -> None:
        """Account for a heartbeat's slots: each in exactly one record, none between."""
        covered = Counter(slot for one in records for slot in _slots(one, interval_ms))
        if not covered:
            self.unexplained.append(f"{uid}: no record at all")
            return
        first, last = min(covered), max(covered)
        grid = range(first, last + 1, interval_ms)
        self.slots += len(grid)
        self.unexplained += [
            f"{uid}: no record of {s}" for s in grid if s not in covered
        ]
        self.unexplained += [
            f"{uid}: {s} is off the grid" for s in covered if s not in grid
        ]
        self.doubled += [
            f"{uid}: {n} records of {s}" for s, n in covered.items() if n > 1
        ]
        for one in records:
            reason = f" ({one.reason})" if one.reason else ""
            self.fates[f"{one.status}{reason}"] += one.count or 1
            if one.count not in (None, len(list(_slots(one, interval_ms)))):
                self.unexplained.append(f"{uid}: a wrong count in {one}")
        self._intervals_of(uid, records, interval_ms)

    def feed_of(
        self, owner: str, entries: Sequence[Entry], runs: Sequence[RunRecord]
    ) -> None:
        """Account for a feed: one alert of each failed run, in an unbroken chain."""
        last = ""
        for entry in entries:
            if entry.prev != last:
                self.unexplained.append(f"{owner}: {entry.alert_id} after {entry.prev}")
            last = entry.alert_id
        told = Counter(_run_told(entry) for entry in entries)
        del told[None]
        expected = {one.run_id for one in runs if one.status is RunStatus.ALERT}
        self.runs += sum(one.status in FINISHED for one in runs)
        self.alerts += sum(told.values())
        self.lost += [f"{owner}: no alert of {run}" for run in expected - set(told)]
        self.doubled += [
            f"{owner}: {n} alerts of {r}" for r, n in told.items() if n > 1
        ]
        self.unexplained += [
            f"{owner}: an alert of {run}, which is no failed run"
            for run in set(told) - expected
        ]

    def overdue_of(
        self,
        uid: str,
        entries: Sequence[Entry],
        records: Sequence[RunRecord],
        *,
        still: int,
        grace_ms: int,
    ) -> None:
        """Account for what was told of slots without a run: each, and each once.

        `still`: how many were told and are not over. A slot that took longer than its
        grace may have been told while it was open, and have ended well all the same.
        """
        told = [json.loads(one.payload) for one in entries]
        mine = [
            one
            for one in told
            if (one["kind"], one.get("scheduleId"))
            == ("overdue", uid.partition(":")[2])
        ]
        ends = [
            _counted(item["description"])
            for one in mine
            for item in one.get("items", ())
        ]
        begins = [
            check
            for one in mine
            for check in one.get("checks", ())
            if check["state"] == "new"
        ]
        count, episodes = sum(ends) + still, len(ends) + (still > 0)
        badly = sum(one.count or 1 for one in records if one.status in NOT_RUN)
        late = sum(_is_late(one, grace_ms) for one in records)
        self.overdue += count
        if count < badly:
            self.lost.append(f"{uid}: {badly} missed or lost, {count} told as overdue")
        if count > badly + late:
            self.doubled.append(
                f"{uid}: {count} told as overdue of {badly}, {late} late"
            )
        if len(begins) != episodes:
            self.unexplained.append(
                f"{uid}: overdue was told {len(begins)} times as new, of {episodes}"
            )

    def client_of(
        self, who: str, told: Sequence[str], entries: Sequence[Entry]
    ) -> None:
        """Account for what a client was told: the whole feed, once, in its order."""
        expected = {entry.alert_id for entry in entries}
        self.deliveries += len(told)
        self.lost += [f"{who}: not told {one}" for one in expected - set(told)]
        self.unexplained += [f"{who}: told {one}" for one in set(told) - expected]
        for before, after in pairwise(told):
            if compare(before, after) >= 0:
                self.unexplained.append(f"{who}: {after} came after {before}")

    def _intervals_of(
        self, uid: str, records: Sequence[RunRecord], interval_ms: int
    ) -> None:
        finished = sorted(
            (one.started_ms or 0, one.finished_ms or 0, one.run_id)
            for one in records
            if one.status in FINISHED
        )
        for (_, ended, one), (begun, at, other) in pairwise(finished):
            if begun < ended:
                self.unexplained.append(f"{uid}: {one} and {other} overlap")
            waited = timedelta(milliseconds=at - ended - interval_ms)
            if waited > self.slowest_recovery:
                self.slowest_recovery, self.slowest = waited, f"{one} to {other}"


def _slots(record: RunRecord, interval_ms: int) -> Iterator[int]:
    if record.from_ms is None or record.to_ms is None:
        yield record.slot_ms
    else:
        yield from range(record.from_ms, record.to_ms + 1, interval_ms)


def _counted(text: str) -> int:
    """Read how many slots a message tells of: `…: 3, <first> to <last>`."""
    return int(text.partition(": ")[2].partition(",")[0])


def _is_late(record: RunRecord, grace_ms: int) -> bool:
    if record.status in FINISHED:
        return (record.finished_ms or 0) > record.slot_ms + grace_ms
    return record.reason is Reason.RECONFIGURED


def _run_told(entry: Entry) -> str | None:
    """Return the run whose failure this entry tells, if it tells one."""
    told = json.loads(entry.payload)
    if told["type"] == "heartbeat.alert" and told["kind"] == "action":
        return str(told["runId"])
    return None
