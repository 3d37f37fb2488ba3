"""How heartbeats, runs and incidents look to a client."""

from typing import Literal

from pydantic import Field

from heartbeat.config import Source
from heartbeat.wire import Wire

#: Why a heartbeat has slots or not.
State = Literal["active", "paused", "disabled"]


class CompilationView(Wire):
    """How an item's compiled rule stands, or why it has none."""

    why: str = Field(description="the model's words")
    made_at: str
    until: str = Field(description="then the model is asked again")
    runs_to_full_check: int | None = Field(
        default=None,
        description="1: a model looks beside the rule in the next run; absent: no rule",
    )
    suffices: bool = Field(
        default=True,
        description="false: a model saw trouble beside the rule, and looks each time",
    )


class ItemView(Wire):
    """One item of a checklist, as it was read."""

    item_key: str
    description: str
    line: int
    group: str | None = None
    severity: str
    probes: tuple[str, ...] = ()
    needs_model: bool
    compiled: tuple[str, ...] = Field(
        default=(), description="probes that a model has made of it, which judge it"
    )
    compilation: CompilationView | None = Field(
        default=None, description="absent: no model was asked for a rule"
    )
    every: float | None = Field(
        default=None, description="minutes between judgements; absent: every run"
    )
    next_runs: tuple[str, ...] = Field(
        default=(),
        description="with `every`: the slots that judge it next, if none is missed",
    )
    model: str | None = Field(
        default=None, description="absent: the heartbeat's, or the worker's own"
    )


class RunItemView(Wire):
    """One item judged in one run."""

    item_key: str
    description: str
    status: str
    details: str
    by: str
    severity: str
    cause: str | None = None


class UsageView(Wire):
    """What the model was called for, in one run or in more."""

    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    dollars: float | None = Field(
        default=None, description="list price; absent: no model here has a known one"
    )
    unpriced_calls: int = Field(default=0, description="calls that dollars leave out")


class UsageOfDay(UsageView):
    """What one heartbeat has used in a UTC day, or all of the owner's."""

    day: str = Field(description="YYYY-MM-DD")
    schedule_id: str | None = Field(
        default=None, description="absent: all; `?`: those beyond the first 2,000"
    )


class BudgetView(Wire):
    """How far one budget is used up; in tokens or dollars, as its name says."""

    setting: str
    state: Literal["normal", "cheaper", "critical", "stopped"] | None = Field(
        default=None, description="absent: each run or heartbeat has its own"
    )
    limit: float | None = Field(default=None, description="absent: of the whole fleet")
    spent: float | None = None
    left: float | None = None


class _RunFacts(Wire):
    run_id: str
    slot: str
    status: str
    reason: str | None = None
    problem: str | None = Field(
        default=None, description="why the checklist could not be used"
    )
    count: int | None = None
    from_: str | None = Field(default=None, alias="from")
    to: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    late_by: float | None = Field(default=None, description="seconds")
    host: str | None = None


class RunView(_RunFacts):
    """What became of one slot, or of several that shared a fate."""

    items: tuple[RunItemView, ...] = ()
    usage: UsageView | None = None


class LastRunView(_RunFacts):
    """The newest run of a heartbeat in a list; `heartbeat.history` has its items."""

    counts: dict[str, int] = Field(
        default_factory=dict, description="status to how many items have it"
    )


class EffectiveConfig(Wire):
    """What holds for a heartbeat, and whether message, file or default said so."""

    interval: float | None = Field(default=None, description="minutes")
    cron_expression: str | None = None
    timezone: str
    active_hours: tuple[dict[str, object], ...] = ()
    align: str
    enabled: bool
    model: str | None = Field(default=None, description="absent: the worker's own")
    notify: str
    repeat_minutes: float
    run_on: str | None = None
    sources: dict[str, Source]


class PauseView(Wire):
    """Since when a heartbeat is paused, and why, as whoever paused it noted."""

    at: str
    note: str | None = None


class _HeartbeatFacts(Wire):
    schedule_id: str
    name: str
    path: str
    state: State
    paused: PauseView | None = Field(default=None, description="absent: it is not")
    next_run: str | None = None
    running: bool = False
    open_incidents: int = Field(
        default=0, description="of every kind, as `heartbeat.incidents` shows them"
    )


class ListedHeartbeat(_HeartbeatFacts):
    """One heartbeat in a list."""

    last_run: LastRunView | None = None


class HeartbeatView(_HeartbeatFacts):
    """One heartbeat whole."""

    last_run: RunView | None = None


class IncidentView(Wire):
    """Trouble that was told and is not over: of one item, or of the whole heartbeat."""

    schedule_id: str
    name: str
    kind: Literal["action", "degraded", "config", "overdue"] = Field(
        default="action", description="only `action` can be acknowledged or snoozed"
    )
    item_key: str | None = Field(
        default=None, description="absent: it concerns the whole heartbeat"
    )
    description: str
    details: str
    severity: str
    state: str
    since: str = Field(
        description="when it was first told; of other kinds than `action`: last told"
    )
    snoozed_until: str | None = None


class OldSchedule(Wire):
    """One heartbeat in the older form."""

    id: str
    name: str
    cron_expression: str
    timezone: str
    enabled: bool
    next_run: str | None = None
    workflow_id: str | None = None
