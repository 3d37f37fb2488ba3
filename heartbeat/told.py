"""What the feed tells an owner: alerts, and the end of what was alerted."""

from typing import Literal

from pydantic import Field

from heartbeat.wire import Wire


class CheckView(Wire):
    """One trouble in an alert; `actionNeeded` is what the oldest clients look at."""

    description: str
    action_needed: Literal[True] = True
    details: str | None = None
    item_key: str | None = None
    severity: str
    state: Literal["new", "ongoing"]
    by: str | None = None


class Told(Wire):
    """What every entry of the feed says of its heartbeat."""

    alert_id: str | None = Field(
        default=None,
        description="its place in the feed: id, cursor and key for doubles",
    )
    schedule_id: str | None = Field(
        default=None, description="absent: it concerns several heartbeats"
    )
    name: str | None = None
    timestamp: str


class Alert(Told):
    """Something needs action."""

    type: Literal["heartbeat.alert"] = "heartbeat.alert"
    kind: Literal["action", "degraded", "overdue", "config"]
    checks: tuple[CheckView, ...]
    run_id: str | None = None
    slot: str | None = None
    late_by: float | None = Field(default=None, description="seconds")
    host: str | None = None


class ResolvedItem(Wire):
    """One trouble that is over, and why."""

    item_key: str | None = None
    description: str
    reason: str


class Resolved(Told):
    """Troubles that were told are over."""

    type: Literal["heartbeat.resolved"] = "heartbeat.resolved"
    kind: Literal["action", "degraded", "overdue", "config"]
    items: tuple[ResolvedItem, ...]


class Lost(Wire):
    """What the feed no longer has: never a silent hole."""

    from_: str | None = Field(default=None, alias="from", description="read last")
    to: str | None = Field(default=None, description="the first that is left, excluded")
    count: int | None = Field(default=None, description="absent: cannot be known")
    reason: Literal["retention", "state_lost"]


FeedMessage = Alert | Resolved


class LostMessage(Lost):
    """The same, told on a connection that is already live."""

    type: Literal["lost"] = "lost"


class Status(Wire):
    """Whether alerts can reach this client: no entry of the feed, nothing to `ack`.

    Comes when Redis has not served the gateway for `HEARTBEAT_REDIS_AWAY_SECONDS`, and
    when it does so again: what was missed follows.
    """

    type: Literal["status"] = "status"
    state: Literal["held_up", "served"]
    since: str
    reason: str | None = None
