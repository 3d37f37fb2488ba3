"""What a run found in a checklist: a result for each item, and what else it says."""

from dataclasses import dataclass

from heartbeat.checklist import Checklist
from heartbeat.config import HeartbeatConfig
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, ItemResult, Severity, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """The checklist cannot be used: no item was judged, no model called."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a run found. `config` is what the file's front matter now makes of it.

    `present`, `paced` and `disabled` are keys of items: those that are on, those of
    them with a cadence of their own, and those that are off.
    """

    results: tuple[ItemResult, ...]
    present: frozenset[str]
    disabled: frozenset[str]
    paced: frozenset[str]
    usage: Usage
    config: HeartbeatConfig


def unread(checklist: Checklist) -> tuple[ItemResult, ...]:
    """Return a result for each line that looks like an item and is not read as one.

    An edit may make one of an item. Silence would then be a check that somebody
    believes in and nobody makes.
    """
    by_key = {
        warning.key: ItemResult(
            item_key=warning.key,
            description=f"line {warning.line} of the checklist",
            verdict=Verdict.UNKNOWN,
            details=warning.message,
            by=By.RULE,
            severity=_severity(warning.message),
            cause=Cause.NOT_READ,
        )
        for warning in checklist.warnings
    }
    return tuple(by_key.values())


def _severity(line: str) -> Severity:
    """Return how grave it is not to check a line: as grave as it says itself."""
    said = [one for one in Severity if f"severity={one.value}" in line]
    return said[0] if said else Severity.WARNING


def keys_of(checklist: Checklist) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of the items that are on and of those that are off.

    What only looks like an item is on.
    """
    items = frozenset(item.key for item in checklist.items)
    unread_lines = frozenset(warning.key for warning in checklist.warnings)
    return items | unread_lines, frozenset(item.key for item in checklist.disabled)
