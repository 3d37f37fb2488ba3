"""When clients are told that no alert can reach them, and when that is over."""

from datetime import datetime, timedelta

from gateway.health import Health
from heartbeat.instants import to_text
from heartbeat.told import Status


class Outage:
    """What was told last; nobody is told of less than what makes a gateway unready.

    A client that hears nothing takes that for "checked, and fine": while Redis does not
    serve its gateway, it is not.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self.told: Status | None = None  # while it lasts

    def look(self, *, clock: float, now: datetime) -> Status | None:
        """Return what is to be told to everybody, if that has changed."""
        trouble = self._health.trouble(clock)
        if trouble is None:
            was_told, self.told = self.told, None
            return Status(state="served", since=to_text(now)) if was_told else None
        if self.told is not None:
            return None
        began = now - timedelta(seconds=self._health.unserved_seconds(clock))
        self.told = Status(state="held_up", since=to_text(began), reason=trouble)
        return self.told
