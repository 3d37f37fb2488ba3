"""What can be said of one item: ok, action needed, or unknown with its cause.

`ok` is the hardest to get: every way in which judging can fail is a `Cause`, and a
cause never reads as fine.
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The three states of a judged item."""

    OK = "ok"
    ACTION_NEEDED = "action_needed"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How bad an item's trouble is."""

    WARNING = "warning"
    CRITICAL = "critical"

    def rises_over(self, other: "Severity") -> bool:
        """Say whether this is worse than the other."""
        return self is Severity.CRITICAL and other is Severity.WARNING


class By(StrEnum):
    """Who judged: a rule written in the checklist, a model, or a compiled rule."""

    RULE = "rule"
    MODEL = "model"
    COMPILED = "compiled"


class Cause(StrEnum):
    """Why an item is unknown."""

    NO_MODEL = "no_model"
    NOT_READ = "not_read"
    PROBE_FAILED = "probe_failed"
    NOT_ALLOWED = "not_allowed"
    NO_EVIDENCE = "no_evidence"
    NOT_CONFIRMED = "not_confirmed"
    BAD_VERDICT = "bad_verdict"
    REFUSAL = "refusal"
    TRUNCATED = "truncated"
    STEP_CAP = "step_cap"
    DEADLINE = "deadline"
    MODEL_ERROR = "model_error"
    MODEL_REJECTED = "model_rejected"
    MODEL_LIMITED = "model_limited"
    MODEL_AUTH = "model_auth"
    BUDGET = "budget"
    INTERNAL = "internal"

    @property
    def is_permanent(self) -> bool:
        """Say whether only a person can end it, so that waiting tells nothing more."""
        return self in _PERMANENT


_PERMANENT = frozenset(
    {
        Cause.NO_MODEL,
        Cause.NOT_READ,
        Cause.NOT_ALLOWED,
        Cause.MODEL_REJECTED,
        Cause.MODEL_AUTH,
        Cause.BUDGET,
    }
)

#: Longest text of a verdict; longer is clipped, since a schema cannot enforce it.
MAX_DETAILS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """One item judged in one run.

    `details` is for people (clipped to MAX_DETAILS, untrusted when a model wrote it).
    `cause` is set if and only if the verdict is unknown.
    """

    item_key: str
    description: str
    verdict: Verdict
    details: str
    by: By
    severity: Severity = Severity.WARNING
    cause: Cause | None = None

    def __post_init__(self) -> None:
        if (self.verdict is Verdict.UNKNOWN) is (self.cause is None):
            raise ValueError(
                f"expected a cause exactly for unknown, got {self.verdict!r}"
                f" with cause {self.cause!r}"
            )
        if len(self.details) > MAX_DETAILS:
            object.__setattr__(self, "details", self.details[: MAX_DETAILS - 1] + "…")
