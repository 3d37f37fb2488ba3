"""The older messages `schedule.*`, acting on heartbeats."""

from datetime import datetime

from gateway import present
from gateway.at_every import read_every
from gateway.configure import Configuring
from gateway.store import Store
from gateway.threads import Threads
from heartbeat.asked import Asked
from heartbeat.replies import ScheduleListResult, ScheduleUpdated
from heartbeat.requests import ScheduleDelete, ScheduleList, ScheduleUpdate

#: What `schedule.update` may change.
_CHANGEABLE = ("enabled", "cron_expression", "active_hours")


class OlderSchedules:
    """Carries out the older messages."""

    def __init__(
        self, store: Store, configuring: Configuring, threads: Threads
    ) -> None:
        self._store, self._configuring = store, configuring
        self._threads = threads

    def list(
        self, owner: str, request: ScheduleList, _: datetime
    ) -> ScheduleListResult:
        """List heartbeats in the older form."""
        found = self._store.heartbeats.owned_by(owner)
        return ScheduleListResult(
            id=request.id,
            schedules=tuple(present.old_schedule(stored) for stored in found),
        )

    async def update(
        self, owner: str, request: ScheduleUpdate, now: datetime
    ) -> ScheduleUpdated:
        """Change what is given, as if the heartbeat had been configured so."""
        stored = await self._threads.call(
            lambda: self._store.heartbeats.get(owner, request.schedule_id)
        )
        asked = _changed(stored.config.asked_again(), request)
        await self._configuring.apply(
            owner, asked, schedule_id=request.schedule_id, now=now
        )
        await self._threads.call(
            lambda: self._store.slots.run_unheard(owner, request.schedule_id)
        )
        return ScheduleUpdated(id=request.id, schedule_id=request.schedule_id)

    def delete(
        self, owner: str, request: ScheduleDelete, _: datetime
    ) -> ScheduleUpdated:
        """Forget a heartbeat."""
        self._store.heartbeats.delete(owner, request.schedule_id)
        return ScheduleUpdated(id=request.id, schedule_id=request.schedule_id)


def _changed(asked: Asked, request: ScheduleUpdate) -> Asked:
    """Return what is asked with the update's fields in it; a null un-asks a field."""
    values = {name: getattr(asked, name) for name in asked.model_fields_set}
    for name in request.model_fields_set.intersection(_CHANGEABLE):
        values[name] = getattr(request, name)
    if request.cron_expression is not None:
        values["interval"] = read_every(request.cron_expression)
    if values.get("interval") is not None:
        values.pop("cron_expression", None)
    return Asked.model_validate(
        {name: value for name, value in values.items() if value is not None}
    )
