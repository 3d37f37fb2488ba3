"""Cursors of named clients on their way to the store: one write a second for all."""

from collections.abc import Mapping

from heartbeat.feed import compare

#: Seconds between two writes.
FLUSH_SECONDS = 1.0

Unsaved = Mapping[tuple[str, str], str]


class Cursors:
    """The newest cursor of each client until it is stored, by owner and client.

    A client that reconnects within the second is answered from here. Never more than
    the clients that acknowledged since the last write that succeeded.
    """

    def __init__(self) -> None:
        self._unsaved: dict[tuple[str, str], str] = {}

    def move(self, owner: str, client_id: str, alert_id: str) -> None:
        """Note how far a client has read."""
        self._unsaved[owner, client_id] = alert_id

    def newest(self, owner: str, client_id: str, stored: str | None) -> str | None:
        """Return the cursor that counts, given the stored one."""
        unsaved = self._unsaved.get((owner, client_id))
        if unsaved is None or stored is None:
            return unsaved or stored
        return unsaved if compare(unsaved, stored) > 0 else stored

    def unsaved(self) -> Unsaved:
        """Return what is to be stored now."""
        return dict(self._unsaved)

    def saved(self, stored: Unsaved) -> None:
        """Forget what was stored, unless it has moved on since."""
        for name, alert_id in stored.items():
            if self._unsaved.get(name) == alert_id:
                del self._unsaved[name]
