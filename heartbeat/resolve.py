"""From what was asked and what the file says to the one config that holds.

An explicit field of the message outranks the checklist's front matter, which outranks
the default. An absent field is not its default, so what was asked is kept as it came
and resolved again whenever the file's front matter changes.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel

from heartbeat.asked import Asked, Notify, Window
from heartbeat.cadence import Cadence, check_fires, parse_interval_minutes
from heartbeat.config import (
    DEFAULT_REPEAT,
    HeartbeatConfig,
    Source,
    Timing,
    unique_id,
)
from heartbeat.errors import InvalidConfig, InvalidSchedule
from heartbeat.front_matter import FrontMatter
from heartbeat.grid import HORIZON_MS
from heartbeat.hours import parse_zone
from heartbeat.models import check_model_id
from heartbeat.wire import explain

#: Minutes between slots when neither message nor file says otherwise.
DEFAULT_INTERVAL = 30.0
#: Pairs of slots held against the operator's floor; a cron's pattern shows in an hour.
_GAPS_LOOKED_AT = 60
_FAR = timedelta(milliseconds=HORIZON_MS)

_T = TypeVar("_T")
_LABEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the operator allows and what holds where nothing is said."""

    timezone: str = "UTC"
    min_interval: timedelta = timedelta(seconds=60)
    custom_base_url: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """An effective config and what its reader should know."""

    config: HeartbeatConfig
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose heartbeat it is and what it is called; `path` is relative to ROOT."""

    owner: str
    schedule_id: str
    path: str


def resolve(
    asked: Asked,
    front_matter: FrontMatter,
    *,
    identity: Identity,
    bounds: Bounds,
    now: datetime,
    accepted: Timing | None = None,
) -> Resolved:
    """Decide every effective value and where it came from.

    `accepted` is a timing that goes on as it is, however far away its next slot is.

    Raises InvalidConfig (or its kinds InvalidSchedule, InvalidModel) with the field's
    name. Changing nothing gives an equal config, so configuring is idempotent.
    """
    choice = _Choice(asked, front_matter)
    timing = _timing(choice, identity=identity, bounds=bounds)
    cadence = timing.cadence()
    if timing != accepted:
        check_fires(cadence, now)
    _check_floor(timing, cadence, bounds.min_interval, now)
    model = choice.pick("model", None)
    warnings = _check_model(model, now.date(), custom=bounds.custom_base_url)
    if asked.run_on is not None and not _LABEL.fullmatch(asked.run_on):
        raise InvalidConfig(
            "runOn: expected a label of 1 to 32 small letters, digits, '_' or '-',"
            f" got {asked.run_on[:80]!r}"
        )
    config = HeartbeatConfig(
        owner=identity.owner,
        schedule_id=identity.schedule_id,
        name=asked.name or identity.path,
        path=identity.path,
        content=asked.content,
        timing=timing,
        enabled=asked.enabled,
        model=model,
        notify=Notify(choice.pick("notify", Notify.CHANGES)),
        repeat_minutes=choice.pick("repeat_minutes", DEFAULT_REPEAT),
        run_on=asked.run_on,
        sources=choice.sources,
        asked=asked.model_dump(mode="json", by_alias=True, exclude_unset=True),
    )
    return Resolved(config=config, warnings=warnings)


@lru_cache
def _camel(field: str) -> str:
    """Return a field's name as clients know it: each run asks for the same few."""
    return to_camel(field)


class _Choice:
    """Picks each field from message, file or default, and remembers from which."""

    def __init__(self, asked: Asked, front_matter: FrontMatter) -> None:
        self._levels: tuple[tuple[Source, BaseModel], ...] = (
            (Source.MESSAGE, asked),
            (Source.FILE, front_matter),
        )
        self.sources: dict[str, Source] = {}

    def pick(self, field: str, default: _T) -> _T:
        """Return the value of the highest level that gives one."""
        for source, level in self._levels:
            value = getattr(level, field, None)
            if value is not None:
                self.sources[_camel(field)] = source
                return cast(_T, value)  # both models declare the field alike
        self.sources[_camel(field)] = Source.DEFAULT
        return default

    def pace(self) -> tuple[float | None, str | None]:
        """Return minutes or a cron expression: one replaces the other's lower level."""
        for source, level in self._levels:
            interval = getattr(level, "interval", None)
            cron = getattr(level, "cron_expression", None)
            if interval is not None and cron is not None:
                raise InvalidSchedule(
                    f"expected interval or cronExpression, got both in the {source}:"
                    f" {interval!r} and {cron!r}"
                )
            if interval is not None or cron is not None:
                name = "interval" if cron is None else "cronExpression"
                self.sources[name] = source
                return interval, cron
        self.sources["interval"] = Source.DEFAULT
        return DEFAULT_INTERVAL, None


def _timing(choice: _Choice, *, identity: Identity, bounds: Bounds) -> Timing:
    interval, cron = choice.pace()
    timezone = choice.pick("timezone", bounds.timezone)
    parse_zone(timezone)
    every = None if interval is None else parse_interval_minutes(interval)
    return Timing(
        heartbeat_id=unique_id(identity.owner, identity.schedule_id),
        interval_ms=None if every is None else every // timedelta(milliseconds=1),
        cron=cron,
        timezone=timezone,
        hours=_windows(choice.pick("active_hours", None)),
        align=choice.pick("align", "spread"),
    )


def _windows(raw: object) -> tuple[Window, ...]:
    """Accept one window or several, as models or as the file's mappings."""
    if raw is None:
        return ()
    several = raw if isinstance(raw, (list, tuple)) else [raw]
    try:
        return tuple(
            window if isinstance(window, Window) else Window.model_validate(window)
            for window in several
        )
    except ValidationError as error:
        raise InvalidSchedule(f"activeHours: {explain(error)}") from error


def _check_floor(
    timing: Timing, cadence: Cadence, floor: timedelta, now: datetime
) -> None:
    """Refuse what fires more often than the operator allows."""
    intervals_ms = timing.intervals_ms
    if intervals_ms:
        gap = timedelta(milliseconds=min(intervals_ms))
    else:
        gap = _shortest_gap(cadence, now)
    if gap < floor:
        raise InvalidSchedule(
            f"expected at least {floor.total_seconds():g} s between slots"
            f" (HEARTBEAT_MIN_INTERVAL_SECONDS), got {gap.total_seconds():g} s"
        )


def _shortest_gap(cadence: Cadence, now: datetime) -> timedelta:
    """Look at the next slots: a cron's minutes repeat within an hour."""
    shortest, slot = timedelta.max, cadence.next_slot(now)
    for _ in range(_GAPS_LOOKED_AT):
        following = None if slot is None else cadence.next_slot(slot)
        # Slots that are years apart are not looked for again and again.
        if slot is None or following is None or following - slot > _FAR:
            break
        shortest, slot = min(shortest, following - slot), following
    return shortest


def _check_model(model: str | None, today: date, *, custom: bool) -> tuple[str, ...]:
    if model is None:
        return ()
    _, warning = check_model_id(model, today=today, custom_base_url=custom)
    return () if warning is None else (warning,)
