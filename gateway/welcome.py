"""The answer to hello: where the client stands, and what it must know first."""

import logging
from dataclasses import dataclass

from gateway.commands import with_unknown_fields
from gateway.listening import Listening
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
            limits=self.limits,
            warnings=self.problems,
        )
        return with_unknown_fields(ready, hello)


async def prepare(shared: Shared, owner: str) -> Welcome:
    """Fetch what `ready` tells; a record that is broken must not keep alerts off."""
    incidents: tuple[IncidentView, ...] = ()
    problems: tuple[str, ...] = ()
    try:
        incidents = await shared.commands.open_incidents(owner)
    except BadRecord as error:
        _LOG.error("incidents not read: %s", error, extra={"action": "bad_record"})
        problems = (f"incidents cannot be shown: {error}",)
    return Welcome(
        owner=owner,
        incidents=incidents,
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
