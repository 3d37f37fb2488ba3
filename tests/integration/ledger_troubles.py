"""The life of an item's trouble by a table of this test's own, and what is told of it.

Nothing here is taken from the code that it is compared with, apart from its values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from heartbeat.book import Book
from heartbeat.verdict import By, Cause, ItemResult, Severity, Verdict

KEYS = ("x", "y")

#: An incident that goes on is told again after four hours.
REPEAT_MS = 4 * 3_600_000
#: A clock this far behind shows that it was set back.
SET_BACK_MS = 60_000

#: What is told of one item, or of a whole heartbeat (key None): kind, key, what.
Told = tuple[str, str | None, str]

#: State and happening, to state and what is told. `again`: bad, and told long ago.
TABLE: dict[tuple[str, str], tuple[str, str | None]] = {
    ("none", "bad"): ("open", "new"),
    ("none", "fine"): ("none", None),
    ("open", "bad"): ("open", None),
    ("open", "again"): ("open", "ongoing"),
    ("open", "worse"): ("open", "ongoing"),
    ("open", "fine"): ("none", "recovered"),
    ("open", "removed"): ("none", "removed"),
    ("open", "disabled"): ("none", "disabled"),
    ("open", "acknowledge"): ("acknowledged", None),
    ("open", "snooze"): ("snoozed", None),
    ("open", "unsnooze"): ("open", None),
    ("acknowledged", "bad"): ("acknowledged", None),
    ("acknowledged", "again"): ("acknowledged", None),
    ("acknowledged", "worse"): ("open", "ongoing"),
    ("acknowledged", "fine"): ("none", "recovered"),
    ("acknowledged", "removed"): ("none", "removed"),
    ("acknowledged", "disabled"): ("none", "disabled"),
    ("acknowledged", "acknowledge"): ("acknowledged", None),
    ("acknowledged", "snooze"): ("snoozed", None),
    ("acknowledged", "unsnooze"): ("acknowledged", None),
    ("snoozed", "bad"): ("snoozed", None),
    ("snoozed", "again"): ("snoozed", None),
    ("snoozed", "worse"): ("snoozed", None),
    ("snoozed", "awake"): ("open", "ongoing"),
    ("snoozed", "fine"): ("none", "recovered"),
    ("snoozed", "removed"): ("none", "removed"),
    ("snoozed", "disabled"): ("none", "disabled"),
    ("snoozed", "acknowledge"): ("acknowledged", None),
    ("snoozed", "snooze"): ("snoozed", None),
    ("snoozed", "unsnooze"): ("open", None),
}

#: What a run may find of an item, by the word that a story uses for it.
FOUND: Mapping[str, tuple[Verdict, Severity]] = {
    "bad": (Verdict.ACTION_NEEDED, Severity.WARNING),
    "critical": (Verdict.ACTION_NEEDED, Severity.CRITICAL),
    "fine": (Verdict.OK, Severity.WARNING),
    "unknown": (Verdict.UNKNOWN, Severity.WARNING),
}


def a_result(key: str, found: str) -> ItemResult:
    """Return what a run found of an item."""
    verdict, severity = FOUND[found]
    return ItemResult(
        item_key=key,
        description=f"item {key}",
        verdict=verdict,
        details=found,
        by=By.RULE,
        severity=severity,
        cause=Cause.PROBE_FAILED if verdict is Verdict.UNKNOWN else None,
    )


@dataclass
class Trouble:
    """One item's: what its owner knows of it, and has said to it."""

    state: str = "none"
    severity: str = ""
    known: str = ""
    told_ms: int = 0
    asleep: tuple[int, int] | None = None
    was_acknowledged: bool = False

    def happen(self, what: str) -> str | None:
        """Go on by the table; return what is told."""
        before, (self.state, told) = self.state, TABLE[self.state, what]
        if what == "unsnooze" and before == "snoozed" and self.was_acknowledged:
            self.state = "acknowledged"
        if self.state != "snoozed":
            self.asleep, self.was_acknowledged = None, False
        return told

    def be_found(self, found: str, now_ms: int) -> str | None:
        """Take what a run found; return what is told."""
        if found in {"unknown", "not judged"}:
            return None
        if found in {"removed", "disabled"}:
            return None if self.state == "none" else self.happen(found)
        if found == "fine":
            return self.happen("fine")
        told = self.happen(self._how_bad(found, now_ms))
        self.severity = found
        if told:
            self.told_ms, self.known = now_ms, found
        return told

    def acknowledge(self) -> None:
        self.happen("acknowledge")
        self.known = self.severity

    def snooze(self, now_ms: int, until_ms: int) -> None:
        was_acknowledged = self.state == "acknowledged" or self.was_acknowledged
        self.happen("snooze")
        self.asleep, self.was_acknowledged = (now_ms, until_ms), was_acknowledged

    def _how_bad(self, found: str, now_ms: int) -> str:
        if self.state == "none":
            return "bad"
        if self.asleep and not (
            self.asleep[0] - SET_BACK_MS <= now_ms < self.asleep[1]
        ):
            return "awake"
        if (self.known, found) == ("bad", "critical"):
            return "worse"
        return "again" if abs(now_ms - self.told_ms) >= REPEAT_MS else "bad"


@dataclass
class Troubles:
    """All of one heartbeat, and its slots that nobody saw through."""

    of: dict[str, Trouble] = field(
        default_factory=lambda: {key: Trouble() for key in KEYS}
    )
    overdue: int = 0
    overdue_told_ms: int = 0

    def run(self, found: Mapping[str, str], now_ms: int) -> list[Told]:
        """Take what a run found; return what is told."""
        told = [
            ("action", key, words)
            for key, what in found.items()
            if (words := self.of[key].be_found(what, now_ms))
        ]
        return [*told, *self._end_overdue("recovered")]

    def end(self) -> list[Told]:
        """Be deleted."""
        told = [
            ("action", key, words)
            for key, one in self.of.items()
            if (words := one.be_found("removed", 0))
        ]
        return [*told, *self._end_overdue("removed")]

    def miss(self, count: int, now_ms: int) -> list[Told]:
        """Let the watcher find so many slots without a finished run."""
        is_first, self.overdue = not self.overdue, self.overdue + count
        if not is_first and abs(now_ms - self.overdue_told_ms) < REPEAT_MS:
            return []
        self.overdue_told_ms = now_ms
        return [("overdue", None, "new" if is_first else "ongoing")]

    def open_keys(self) -> list[str]:
        return [key for key, one in self.of.items() if one.state != "none"]

    def states(self) -> dict[str, str]:
        return {key: self.of[key].state for key in self.open_keys()}

    def _end_overdue(self, how: str) -> list[Told]:
        count, self.overdue = self.overdue, 0
        return [("overdue", None, how)] if count else []


def states_of(book: Book) -> dict[str, str]:
    """Return the states of a book's incidents, as the table names them."""
    return {key: one.state.value for key, one in book.incidents.items()}
