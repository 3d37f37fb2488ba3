"""Every message the gateway sends: replies, and what it says of itself."""

from typing import Literal

from pydantic import Field

from heartbeat.told import Alert, Lost, LostMessage, Resolved, Status
from heartbeat.views import (
    BudgetView,
    EffectiveConfig,
    HeartbeatView,
    IncidentView,
    ItemView,
    ListedHeartbeat,
    OldSchedule,
    RunView,
    State,
    UsageOfDay,
)
from heartbeat.wire import Wire


class Reply(Wire):
    """The answer to a request, with its id."""

    id: str
    warnings: tuple[str, ...] = Field(default=(), description="accepted, looks wrong")


class ErrorReply(Wire):
    """A request failed; nothing was changed, and the socket stays open."""

    type: Literal["error"] = "error"
    request_id: str | None = Field(
        default=None, description="absent: the frame had no id that could be read"
    )
    code: str = Field(description="stable; see the table of errors")
    message: str = Field(description="what was expected and what came")
    retryable: bool = False


class Configured(Reply):
    """The heartbeat is stored and scheduled."""

    type: Literal["heartbeat.configured"] = "heartbeat.configured"
    schedule_id: str
    outcome: Literal["created", "updated", "unchanged"]
    config: EffectiveConfig
    next_runs: tuple[str, ...]
    items: tuple[ItemView, ...]
    paused: bool = False
    run_id: str | None = Field(None, description="of the run asked for by runNow")


class Page(Reply):
    """A part of a long list."""

    next: str | None = Field(
        default=None, description="ask again with it as `after`; absent: that was all"
    )


class ListResult(Page):
    """The owner's heartbeats."""

    type: Literal["heartbeat.list.result"] = "heartbeat.list.result"
    heartbeats: tuple[ListedHeartbeat, ...]


class GetResult(Reply):
    """One heartbeat whole."""

    type: Literal["heartbeat.get.result"] = "heartbeat.get.result"
    heartbeat: HeartbeatView
    config: EffectiveConfig
    next_runs: tuple[str, ...]
    items: tuple[ItemView, ...] = ()
    incidents: tuple[IncidentView, ...] = ()
    problem: str | None = Field(None, description="why it cannot be read or run now")


class DeleteResult(Reply):
    """The heartbeat is gone."""

    type: Literal["heartbeat.delete.result"] = "heartbeat.delete.result"
    schedule_id: str


class PauseResult(Reply):
    """The heartbeat is paused."""

    type: Literal["heartbeat.pause.result"] = "heartbeat.pause.result"
    schedule_id: str
    changed: bool


class ResumeResult(Reply):
    """The heartbeat goes on."""

    type: Literal["heartbeat.resume.result"] = "heartbeat.resume.result"
    schedule_id: str
    changed: bool
    next_runs: tuple[str, ...] = ()
    run_id: str | None = Field(default=None, description="of a run that looks again")
    state: State | None = None


class RunResult(Reply):
    """A run was asked for; its outcome comes as history, and as an alert if need be."""

    type: Literal["heartbeat.run.result"] = "heartbeat.run.result"
    schedule_id: str
    run_id: str


class HistoryResult(Page):
    """The newest runs, newest first."""

    type: Literal["heartbeat.history.result"] = "heartbeat.history.result"
    schedule_id: str
    runs: tuple[RunView, ...]


class IncidentsResult(Page):
    """What is open."""

    type: Literal["heartbeat.incidents.result"] = "heartbeat.incidents.result"
    incidents: tuple[IncidentView, ...]


class AcknowledgeResult(Reply):
    """The incident is acknowledged."""

    type: Literal["heartbeat.acknowledge.result"] = "heartbeat.acknowledge.result"
    schedule_id: str
    item_key: str


class SnoozeResult(Reply):
    """The incident is silent until then."""

    type: Literal["heartbeat.snooze.result"] = "heartbeat.snooze.result"
    schedule_id: str
    item_key: str
    until: str


class UnsnoozeResult(Reply):
    """The snooze is over."""

    type: Literal["heartbeat.unsnooze.result"] = "heartbeat.unsnooze.result"
    schedule_id: str
    item_key: str
    changed: bool = True


class UsageReport(Reply):
    """What the model has cost, newest day first and in a day the dearest first."""

    type: Literal["usage.report"] = "usage.report"
    owner: str
    days: tuple[UsageOfDay, ...] = Field(description="by heartbeat and day")
    totals: tuple[UsageOfDay, ...] = Field(description="of all heartbeats by day")
    budgets: tuple[BudgetView, ...] = Field(description="of today")
    prices_of: str = Field(description="the day on which the prices were true")


class ScheduleListResult(Reply):
    """The owner's heartbeats in the older form."""

    type: Literal["schedule.list.result"] = "schedule.list.result"
    schedules: tuple[OldSchedule, ...]


class ScheduleUpdated(Reply):
    """A heartbeat was changed or deleted, in the older form."""

    type: Literal["schedule.updated"] = "schedule.updated"
    schedule_id: str


class Ready(Reply):
    """The connection is live; alerts after the cursor follow."""

    type: Literal["ready"] = "ready"
    owner: str
    resumed: bool
    lost: Lost | None = None
    head: str | None = Field(default=None, description="newest alertId of the feed")
    incidents: tuple[IncidentView, ...] = Field(
        default=(), description="the severest and newest, 200 at most"
    )
    incidents_total: int | None = Field(
        default=None, description="with those only `heartbeat.incidents` has, if known"
    )
    limits: dict[str, int | float]


class Pong(Reply):
    """The answer to `ping`."""

    type: Literal["pong"] = "pong"


class ServerPing(Wire):
    """Answer with `pong`, or be taken for dead; browsers cannot see protocol pings."""

    type: Literal["ping"] = "ping"


class Closing(Wire):
    """Comes before every close that the gateway decides on.

    Frames that break the WebSocket protocol, are not UTF-8 or are too large close the
    socket by themselves: 1002, 1007 and 1009 come without it.
    """

    type: Literal["closing"] = "closing"
    code: int
    reason: str
    reconnect: bool
    delay_ms: tuple[int, int] = Field(description="wait a random time between these")


ServerMessage = (
    Ready
    | ErrorReply
    | Configured
    | ListResult
    | GetResult
    | DeleteResult
    | PauseResult
    | ResumeResult
    | RunResult
    | HistoryResult
    | IncidentsResult
    | AcknowledgeResult
    | SnoozeResult
    | UnsnoozeResult
    | UsageReport
    | ScheduleListResult
    | ScheduleUpdated
    | LostMessage
    | Pong
    | ServerPing
    | Status
    | Closing
    | Alert
    | Resolved
)
