"""Every message a client may send."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from heartbeat.asked import Asked, Window
from heartbeat.wire import Wire

#: Runs that `heartbeat.history` gives when nothing is asked, and at the most.
DEFAULT_HISTORY, MAX_HISTORY = 20, 200
#: Entries of one page of a list when nothing is asked, and at the most.
DEFAULT_PAGE, MAX_PAGE = 500, 1_000
#: Days that `usage.query` goes back when nothing is asked, and at the most.
DEFAULT_USAGE_DAYS, MAX_USAGE_DAYS = 7, 35
#: Longest snooze, in minutes: 30 days.
MAX_SNOOZE_MINUTES = 43_200

#: What a `limit` says of itself.
FITTING = "at most; fewer come where they would not fit into 1 MiB"


class Request(Wire, extra="allow"):
    """A message of a client. Unknown fields are ignored, and named in the reply."""

    id: str = Field(min_length=1, max_length=200, description="echoed in the reply")

    @property
    def unknown_fields(self) -> tuple[str, ...]:
        """Return the names of the fields that the protocol does not have."""
        return tuple(sorted(self.model_extra or {}))


class _OfHeartbeat(Request):
    schedule_id: str = Field(min_length=1, max_length=64)


class _OfItem(_OfHeartbeat):
    item_key: str = Field(min_length=1, max_length=64)


class _Paged(Request):
    limit: int = Field(
        default=DEFAULT_PAGE,
        ge=1,
        le=MAX_PAGE,
        description=FITTING,
    )
    after: str | None = Field(
        default=None, max_length=200, description="`next` of the page before"
    )


class Hello(Request):
    """Say who one is and how far one has read; first where tokens are used."""

    type: Literal["hello"]
    id: str = Field(default="hello", min_length=1, max_length=200)
    token: str | None = Field(default=None, max_length=512, repr=False)
    client_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="a stable name; its cursor is kept, for 256 of an owner's names",
    )
    resume: str | None = Field(
        default=None, max_length=64, description="alertId that was read last"
    )
    from_: Literal["head", "all"] = Field(
        default="head", alias="from", description="where a client without cursor begins"
    )


class Ack(Request):
    """Move the named client's stored cursor; cumulative, no reply."""

    type: Literal["ack"]
    id: str = Field(default="ack", max_length=200)
    alert_id: str = Field(min_length=1, max_length=64)


class Ping(Request):
    """Ask for a `pong`; also the answer to the server's own ping."""

    type: Literal["ping", "pong"]
    id: str = Field(default="ping", max_length=200)


class Configure(Request, Asked):
    """Create or update a heartbeat; the same message twice changes nothing."""

    type: Literal["heartbeat.configure"]
    schedule_id: str | None = Field(default=None, min_length=1, max_length=64)
    run_now: bool = Field(default=False, description="add one slot off the grid")

    def asked(self) -> Asked:
        """Return only the configurable fields that were set."""
        names = set(Asked.model_fields) & self.model_fields_set
        return Asked.model_validate({name: getattr(self, name) for name in names})


class ListHeartbeats(_Paged):
    """List the owner's heartbeats by id, with state, next and last run."""

    type: Literal["heartbeat.list"]
    heartbeat_path: str | None = Field(
        default=None, max_length=1024, description="only those of this path, as listed"
    )


class Get(_OfHeartbeat):
    """Give one heartbeat whole: config with sources, items, next slots."""

    type: Literal["heartbeat.get"]


class Delete(_OfHeartbeat):
    """Forget a heartbeat; what is open of it resolves."""

    type: Literal["heartbeat.delete"]


class Pause(_OfHeartbeat):
    """Stop its slots until `heartbeat.resume`; configure does not clear it."""

    type: Literal["heartbeat.pause"]
    note: str | None = Field(default=None, max_length=200)


class Resume(_OfHeartbeat):
    """Let a paused heartbeat go on."""

    type: Literal["heartbeat.resume"]


class Run(_OfHeartbeat):
    """Run once now, off the grid; `busy` while a run is open."""

    type: Literal["heartbeat.run"]


class History(_OfHeartbeat, _Paged):
    """Give the newest runs, newest first; or those before one, by its runId."""

    type: Literal["heartbeat.history"]
    limit: int = Field(
        default=DEFAULT_HISTORY, ge=1, le=MAX_HISTORY, description=FITTING
    )


class Incidents(_Paged):
    """List open incidents, of one heartbeat or of all, by the heartbeat's id."""

    type: Literal["heartbeat.incidents"]
    schedule_id: str | None = Field(default=None, min_length=1, max_length=64)


class Acknowledge(_OfItem):
    """Silence an incident until it resolves or its severity rises."""

    type: Literal["heartbeat.acknowledge"]


class Snooze(_OfItem):
    """Silence an incident for a while, severity or not."""

    type: Literal["heartbeat.snooze"]
    minutes: float = Field(gt=0, le=MAX_SNOOZE_MINUTES)


class Unsnooze(_OfItem):
    """End a snooze."""

    type: Literal["heartbeat.unsnooze"]


class UsageQuery(Request):
    """Give what the model has cost by day, and what is left of the budgets."""

    type: Literal["usage.query"]
    schedule_id: str | None = Field(default=None, min_length=1, max_length=64)
    days: int = Field(
        default=DEFAULT_USAGE_DAYS,
        ge=1,
        le=MAX_USAGE_DAYS,
        description="UTC days, today included",
    )


class ScheduleList(Request):
    """List heartbeats in the older form."""

    type: Literal["schedule.list"]


class ScheduleUpdate(_OfHeartbeat):
    """Change when a heartbeat runs, in the older form."""

    type: Literal["schedule.update"]
    enabled: bool | None = None
    cron_expression: str | None = None
    active_hours: Window | tuple[Window, ...] | None = None


class ScheduleDelete(_OfHeartbeat):
    """Forget a heartbeat, in the older form."""

    type: Literal["schedule.delete"]


ClientMessage = (
    Hello
    | Ack
    | Ping
    | Configure
    | ListHeartbeats
    | Get
    | Delete
    | Pause
    | Resume
    | Run
    | History
    | Incidents
    | Acknowledge
    | Snooze
    | Unsnooze
    | UsageQuery
    | ScheduleList
    | ScheduleUpdate
    | ScheduleDelete
)

CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ClientMessage, Field(discriminator="type")]
)

#: Every type that a client may send.
REQUEST_TYPES: tuple[str, ...] = tuple(
    sorted(
        name
        for model in ClientMessage.__args__
        for name in model.model_fields["type"].annotation.__args__
    )
)
