"""What a client may ask of a heartbeat; only fields that were set were asked for."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from heartbeat.wire import Wire


class Notify(StrEnum):
    """When an item in trouble is told: when it changes, or at every run."""

    CHANGES = "changes"
    EVERY_RUN = "every-run"


class Window(Wire, extra="forbid"):
    """One span of active hours as it is written.

    A field that it does not have is an error: left out, a misspelt `daysOfWeek` would
    mean every day.
    """

    start: str = Field(description="`HH:MM`, included", examples=["08:00"])
    end: str = Field(description="`HH:MM` up to `24:00`, excluded", examples=["22:00"])
    days_of_week: tuple[int, ...] | None = Field(
        default=None, description="ISO days, Monday=1 to Sunday=7; absent: all"
    )
    interval: float | None = Field(
        default=None,
        description="minutes between slots inside it; absent: the heartbeat's",
    )


class Asked(Wire):
    """The configurable fields of `heartbeat.configure`; only those set were asked."""

    heartbeat_path: str = Field(
        min_length=1, max_length=1024, description="path of the checklist under ROOT"
    )
    interval: float | None = Field(default=None, description="minutes between slots")
    cron_expression: str | None = Field(default=None, description="five cron fields")
    timezone: str | None = Field(default=None, description="IANA name")
    active_hours: Window | tuple[Window, ...] | None = Field(
        default=None, description="only slots inside these hours"
    )
    enabled: bool = True
    name: str | None = Field(default=None, min_length=1, max_length=100)
    align: Literal["clock", "spread"] | None = Field(
        default=None, description="`clock`: on full multiples of the interval"
    )
    model: str | None = Field(default=None, description="`provider:model`")
    notify: Notify | None = None
    repeat_minutes: float | None = Field(
        default=None,
        gt=0,
        le=43_200,
        description="until an open incident is told again",
    )
    run_on: str | None = Field(
        default=None, description="label of the workers that may run it"
    )
    content: str | None = Field(
        default=None, description="the checklist inline; the path is then a label"
    )
