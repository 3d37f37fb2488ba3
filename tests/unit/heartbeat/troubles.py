"""One heartbeat's troubles as a story: runs and a person's words, and what was told.

What is told is written in words, `kind key state`, so that a test reads as one.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from heartbeat.asked import Notify
from heartbeat.book import Book, Settled, load_book
from heartbeat.cadence import Cadence
from heartbeat.hours import ActiveHours
from heartbeat.incidents import acknowledge, remove_all, settle_run, snooze, unsnooze
from heartbeat.notices import Notice, Policy, Resolved
from heartbeat.outages import LateSlots, config_trouble, overdue
from heartbeat.verdict import By, Cause, ItemResult, Severity, Verdict

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

#: In the hours only where clocks skip 00:30, which they did there until 2018.
IN_GAPS_ONLY = Cadence.cron(
    "30 0 * * *",
    timezone="America/Sao_Paulo",
    hours=ActiveHours.parse(
        {"start": "01:00", "end": "01:15"}, timezone="America/Sao_Paulo"
    ),
)


def bad(
    key: str = "disk", severity: Severity = Severity.WARNING, details: str = "97 %"
) -> ItemResult:
    return ItemResult(
        item_key=key,
        description=f"The {key}",
        verdict=Verdict.ACTION_NEEDED,
        details=details,
        by=By.RULE,
        severity=severity,
    )


def fine(key: str = "disk") -> ItemResult:
    return ItemResult(
        item_key=key,
        description=f"The {key}",
        verdict=Verdict.OK,
        details="12 %",
        by=By.RULE,
    )


def unknown(
    key: str = "disk", cause: Cause = Cause.PROBE_FAILED, details: str = "cannot tell"
) -> ItemResult:
    return ItemResult(
        item_key=key,
        description=f"The {key}",
        verdict=Verdict.UNKNOWN,
        details=details,
        by=By.MODEL,
        cause=cause,
    )


def in_words(notices: Iterable[Notice]) -> list[str]:
    words: list[str] = []
    for notice in notices:
        if isinstance(notice, Resolved):
            words += [f"{notice.kind} {i.item_key} {i.reason}" for i in notice.items]
        else:
            words += [f"{notice.kind} {c.item_key} {c.state}" for c in notice.checks]
    return words


class Story:
    """A book that is stored and read again at each step, and a clock moved by hand."""

    def __init__(
        self,
        notify: Notify = Notify.CHANGES,
        repeat: timedelta = 4 * HOUR,
        next_slot_far: bool = False,
    ) -> None:
        self.policy = Policy(notify=notify, repeat=repeat, next_slot_far=next_slot_far)
        self.now = NOON
        self.book = Book()
        self.notices: tuple[Notice, ...] = ()

    def wait(self, time: timedelta) -> None:
        self.now += time

    def run(
        self,
        *results: ItemResult,
        present: Collection[str] | None = None,
        disabled: Collection[str] = (),
    ) -> list[str]:
        if present is None:
            known = {*self.book.incidents, *self.book.unknowns}
            present = known | {result.item_key for result in results}
        return self._after(
            settle_run(
                self.book,
                results,
                present=present,
                disabled=disabled,
                policy=self.policy,
                now=self.now,
            )
        )

    def acknowledge(self, key: str = "disk") -> list[str]:
        return self._after(acknowledge(self.book, key))

    def snooze(self, time: timedelta, key: str = "disk") -> list[str]:
        return self._after(snooze(self.book, key, self.now + time, self.now))

    def unsnooze(self, key: str = "disk") -> list[str]:
        return self._after(unsnooze(self.book, key))

    def delete(self) -> list[str]:
        return self._after(remove_all(self.book))

    def config_trouble(self, reason: str, message: str = "on web-1: no") -> list[str]:
        return self._after(
            config_trouble(self.book, reason, message, self.now, self.policy)
        )

    def overdue(self, *late: LateSlots) -> list[str]:
        return self._after(overdue(self.book, *late, policy=self.policy, now=self.now))

    def _after(self, settled: Settled) -> list[str]:
        self.book = load_book(settled.book.dump())
        self.notices = settled.notices
        return in_words(settled.notices)
