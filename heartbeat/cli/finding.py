"""One line of the doctor's: how bad it is, what was found, what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor's; `advice` says what to do where it is not fine."""

    level: Level
    subject: str
    message: str
    advice: str | None = None


def ok(subject: str, message: str) -> Finding:
    """Return what is fine."""
    return Finding(level=Level.OK, subject=subject, message=message)


def warn(subject: str, message: str, advice: str) -> Finding:
    """Return what heals itself, or may be meant so."""
    return Finding(level=Level.WARN, subject=subject, message=message, advice=advice)


def fail(subject: str, message: str, advice: str) -> Finding:
    """Return what breaks the promise until somebody does something."""
    return Finding(level=Level.FAIL, subject=subject, message=message, advice=advice)
