"""What an HTTP error of the Messages API means: its cause, and whether to try again.

Pure; nothing said here holds what could be a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import mktime_tz, parsedate_tz
from http import HTTPStatus

from heartbeat.verdict import Cause
from worker.model import Failure

#: Longest wait that a server may ask for; a run does not sleep on more.
MAX_RETRY_AFTER = timedelta(seconds=20)

#: A wait that nobody would sit out is cut to this: then somebody asks again.
MAX_PAUSE = timedelta(hours=1)

#: Shorter waits are over before the others have heard of them.
MIN_PAUSE = timedelta(seconds=1)

#: How long a key that is refused, or has no money left, is left alone.
REFUSED_PAUSE = timedelta(seconds=60)

#: Characters of an address that a server sends to, as it is told.
MAX_PLACE = 100

_AUTH = frozenset({401, 402, 403})
_BUSY = frozenset({429, 529})
_TROUBLED = frozenset({408, 409})
#: 429s that no waiting heals: the money is spent.
_SPENT = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """How long nobody should ask: this model, or with this key at all."""

    seconds: float
    is_of_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFailure:
    """An answer with an error status; `body` is its JSON, None if it is none."""

    status: int
    headers: Mapping[str, str]
    body: object
    now_seconds: float

    @property
    def is_hopeless(self) -> bool:
        """Say whether another attempt could not help in time."""
        return self._is_spent or self._waits_too_long

    @property
    def cause(self) -> Cause:
        """Return the cause as which an item is unknown."""
        if self.status in _AUTH or self._is_spent:
            return Cause.MODEL_AUTH
        if self.status in _BUSY or self._waits_too_long:
            return Cause.MODEL_LIMITED
        if self.status in _TROUBLED or self.status >= 500:
            return Cause.MODEL_ERROR
        return Cause.MODEL_REJECTED

    @property
    def pause(self) -> Pause | None:
        """Return what this asks of all workers, if anything.

        A 403 may be meant for one model only; what is refused otherwise is the key.
        """
        if self.cause is Cause.MODEL_AUTH:
            seconds = REFUSED_PAUSE.total_seconds()
            return Pause(seconds=seconds, is_of_key=self.status != 403)
        wait = self._retry_after_seconds
        if self.cause is not Cause.MODEL_LIMITED or wait is None:
            return None
        if not wait >= MIN_PAUSE.total_seconds():  # nor is NaN
            return None
        return Pause(seconds=min(wait, MAX_PAUSE.total_seconds()), is_of_key=False)

    def told(self) -> Failure:
        """Return it as the loop's failure."""
        if self._is_elsewhere:
            place = self.headers.get("location", "a place that it does not name")
            why = (
                f"expected an answer, got {self.status}: the model's server sends to"
                f" {place[:MAX_PLACE]!r}, which is not followed; see ANTHROPIC_BASE_URL"
            )
            return Failure(cause=self.cause, why=why)
        kind = self._code or self._error.get("type") or "error"
        request_id = self.headers.get("request-id", "-")
        wait = self._retry_after_seconds
        later = f", asks to wait for {wait:.0f} s" if self._waits_too_long else ""
        why = (
            f"the model's server answered {self.status} {kind}"
            f" (request {request_id}){later}"
        )
        return Failure(cause=self.cause, why=why)

    @property
    def _is_elsewhere(self) -> bool:
        return HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST

    @property
    def _is_spent(self) -> bool:
        return self.status == 429 and self._code in _SPENT

    @property
    def _waits_too_long(self) -> bool:
        seconds = self._retry_after_seconds
        return seconds is not None and seconds > MAX_RETRY_AFTER.total_seconds()

    @property
    def _retry_after_seconds(self) -> float | None:
        """Read the wait a server asks for, in the SDK's order of the three forms."""
        for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
            try:
                return float(self.headers[name]) * unit
            except (KeyError, ValueError):
                continue
        date = parsedate_tz(self.headers.get("retry-after", ""))
        return mktime_tz(date) - self.now_seconds if date is not None else None

    @property
    def _error(self) -> Mapping[str, object]:
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return error if isinstance(error, dict) else {}

    @property
    def _code(self) -> str | None:
        details = self._error.get("details")
        code = details.get("error_code") if isinstance(details, dict) else None
        return code if isinstance(code, str) else None
