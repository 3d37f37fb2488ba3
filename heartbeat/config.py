"""What one heartbeat is: the stored record, its timing and its names."""

import hashlib
import re
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal, Self

from pydantic import ValidationError, model_validator

from heartbeat.asked import Asked, Notify, Window
from heartbeat.cadence import Cadence, parse_interval_minutes
from heartbeat.errors import BadRecord, InvalidConfig
from heartbeat.hours import ActiveHours
from heartbeat.wire import Record, explain

#: Minutes after which an incident that is still open is told again.
DEFAULT_REPEAT = 240.0

_SCHEDULE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Source(StrEnum):
    """Where an effective value came from."""

    MESSAGE = "message"
    FILE = "file"
    DEFAULT = "default"


class Timing(Record):
    """All that decides when a heartbeat is due; a cadence is made from it alone."""

    heartbeat_id: str
    interval_ms: int | None = None
    cron: str | None = None
    timezone: str
    hours: tuple[Window, ...] = ()
    align: Literal["clock", "spread"] = "spread"

    def cadence(self) -> Cadence:
        """Build the cadence; raises InvalidSchedule."""
        hours = self._active_hours()
        if self.cron is not None:
            return Cadence.cron(self.cron, timezone=self.timezone, hours=hours)
        return Cadence.every(
            timedelta(milliseconds=self.interval_ms or 0),
            heartbeat_id=self.heartbeat_id,
            align_clock=self.align == "clock",
            hours=hours,
        )

    @property
    def intervals_ms(self) -> tuple[int, ...]:
        """Return the intervals between slots, that of each window; none of a cron."""
        if self.interval_ms is None:
            return ()
        if not self.hours:
            return (self.interval_ms,)
        return tuple(
            self.interval_ms
            if window.interval is None
            else parse_interval_minutes(window.interval) // timedelta(milliseconds=1)
            for window in self.hours
        )

    def _active_hours(self) -> ActiveHours | None:
        if not self.hours:
            return None
        raw = [
            window.model_dump(by_alias=True, exclude_none=True) for window in self.hours
        ]
        return ActiveHours.parse(raw, timezone=self.timezone)


@lru_cache(maxsize=50_000)
def cadence_of(timing: str) -> Cadence:
    """Return the cadence of a stored timing; the same text gives the same object."""
    try:
        return Timing.model_validate_json(timing).cadence()
    except ValidationError as error:
        raise BadRecord(
            f"timing {timing[:200]!r}: {error.errors()[0]['msg']}"
        ) from error


class HeartbeatConfig(Record):
    """A configured heartbeat: the effective values, and what they were made from.

    A checklist that came inline is kept beside its record, so that who lists heartbeats
    need not read it: such a record has version 2, and is incomplete until it is read
    with the checklist.
    """

    v: Literal[1, 2] = 1
    owner: str
    schedule_id: str
    name: str
    path: str
    content: str | None = None
    timing: Timing
    enabled: bool = True
    model: str | None = None
    notify: Notify = Notify.CHANGES
    repeat_minutes: float = DEFAULT_REPEAT
    run_on: str | None = None
    sources: dict[str, Source]
    asked: dict[str, object]

    @property
    def uid(self) -> str:
        """Return the id that is unique over all owners."""
        return unique_id(self.owner, self.schedule_id)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, record: object) -> object:
        """Take a record and its checklist in one for the config that it was."""
        match record:
            case {"v": 2, "content": str(content), "asked": dict(asked), **rest}:
                asked["content"] = content
                whole: dict[object, object] = {"v": 1, "content": content, **rest}
                return {**whole, "asked": asked}
        return record

    @classmethod
    def load(cls, text: str, *, key: str) -> Self:
        """Read a stored record; raises BadRecord naming its key."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise BadRecord(f"{key}: {explain(error)}") from error

    def dump(self) -> str:
        """Return all of it as text; equal configs give equal text."""
        assert self.v == 1  # without its checklist it must never be stored
        return self.model_dump_json(by_alias=True, exclude_none=True)

    def dump_apart(self) -> tuple[str, str]:
        """Return the stored record, and the checklist that is kept beside it or ''."""
        content = self.content
        if not content or self.asked.get("content") != content:
            return self.dump(), ""
        asked = {name: one for name, one in self.asked.items() if name != "content"}
        apart = self.model_copy(update={"v": 2, "content": None, "asked": asked})
        return apart.model_dump_json(by_alias=True, exclude_none=True), content

    def with_content(self, content: str | None) -> Self:
        """Return it complete, with the checklist that was kept beside its record."""
        if self.v == 1 or content is None:
            return self
        asked = {**self.asked, "content": content}
        return self.model_copy(update={"v": 1, "content": content, "asked": asked})

    def asked_again(self) -> Asked:
        """Return what the message had asked for, with only those fields set."""
        assert self.v == 1  # what was asked includes the checklist
        return Asked.model_validate(self.asked)


def unique_id(owner: str, schedule_id: str) -> str:
    """Join owner and schedule id; neither can contain the colon."""
    return f"{owner}:{schedule_id}"


def default_schedule_id(owner: str, relative_path: str) -> str:
    """Return the id of the heartbeat that watches this path for this owner."""
    digest = hashlib.sha256(f"{owner}\0{relative_path}".encode()).hexdigest()
    return f"hb-{digest[:16]}"


def check_schedule_id(text: str) -> str:
    """Return the id unchanged, or raise InvalidConfig."""
    if not _SCHEDULE_ID.fullmatch(text):
        raise InvalidConfig(
            "scheduleId: expected 1 to 64 letters, digits, '.', '_' or '-',"
            f" beginning with a letter or digit, got {text[:80]!r}"
        )
    return text
