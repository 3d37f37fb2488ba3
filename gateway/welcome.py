"""The answer to hello: where the client stands, and what it must know first."""

import logging
from dataclasses import dataclass

from gateway.commands import with_unknown_fields
from gateway.listening import Listening
from gateway.pages import READY_INCIDENTS, page, worst_first
from gateway.shared import Shared
from heartbeat.checklist import MAX_CHECKLIST_BYTES, MAX_ITEMS
from heartbeat.errors import BadRecord
from heartbeat.replies import Ready, Reply
from heartbeat.requests import Hello
from heartbeat.settings import Settings
from heartbeat.told import Lost
from heartbeat.views import IncidentView

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What had to be fetched for it, before the feed was joined."""

    owner: str
    incidents: tuple[IncidentView, ...]
    incidents_total: int | None
    limits: dict[str, int | float]
    problems: tuple[str, ...] = ()

    def ready(self, hello: Hello, listening: Listening, lost: Lost | None) -> Reply:
        """Return the message, for a feed that is joined."""
        ready = Ready(
            id=hello.id,
            owner=self.owner,
            resumed=listening.has_cursor and lost is None,
            lost=lost,
            head=listening.head,
            incidents=self.incidents,
            incidents_total=self.incidents_total,
            limits=self.limits,
            warnings=self.problems,
        )
        return with_unknown_fields(ready, hello)


async def prepare(shared: Shared, owner: str) -> Welcome:
    """Fetch what `ready` tells; a record that is broken must not keep alerts off.

    Of many incidents the worst are told, and how many there are: the frame must be one
    that every client takes.
    """
    incidents: tuple[IncidentView, ...] = ()
    total: int | None = None
    problems: tuple[str, ...] = ()
    try:
        found = await shared.commands.open_incidents(owner, shared.joining)
        incidents, _ = page(worst_first(found), limit=READY_INCIDENTS)
        total = len(found)
    except BadRecord as error:
        _LOG.error("incidents not read: %s", error, extra={"action": "bad_record"})
        problems = (f"incidents cannot be shown: {error}",)
    return Welcome(
        owner=owner,
        incidents=incidents,
        incidents_total=total,
        limits=_limits(shared.settings),
        problems=problems,
    )


def _limits(settings: Settings) -> dict[str, int | float]:
    limits = {
        "maxChecklistBytes": MAX_CHECKLIST_BYTES,
        "maxItems": MAX_ITEMS,
        "maxFrameBytes": settings.max_frame_bytes,
        "maxCommandsPerSecond": settings.max_commands_per_second,
        "maxConfiguresPerMinute": settings.max_configures_per_minute,
        "maxHeartbeats": settings.max_heartbeats_per_owner,
        "minIntervalSeconds": settings.min_interval_seconds,
        "pingSeconds": settings.ping_seconds,
        "windowAlerts": settings.window_alerts,
    }
    return {
        name: int(limit) if limit == int(limit) else limit
        for name, limit in limits.items()
    }
