"""How far each named client has read; survives client and gateway."""

from heartbeat.feed import Cursor
from heartbeat.store import keys
from heartbeat.store.records import fields_of, ms_of
from heartbeat.store.server import Server

#: Named clients of one owner; the one unseen longest makes room for another.
MAX_CLIENTS = 16
#: A cursor unused for 30 days is forgotten, in seconds.
KEPT_SECONDS = 30 * 86_400


class Cursors:
    """The stored cursors of all owners."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def get(self, owner: str, client_id: str) -> str | None:
        """Return the alertId that the client acknowledged last."""
        text = self._server.ask(lambda c: c.hget(keys.cursors(owner), client_id))
        found = fields_of(str(text) if text else None)
        epoch, n = ms_of(found.get("epoch")), ms_of(found.get("n"))
        return None if epoch is None or n is None else f"{epoch}-{n}"

    def advance(self, owner: str, client_id: str, alert_id: str) -> None:
        """Move the cursor forward; an earlier place changes nothing."""
        cursor = Cursor.parse(alert_id)
        self._server.run(
            "advance_cursor",
            "",
            client_id,
            cursor.epoch,
            cursor.n,
            MAX_CLIENTS,
            KEPT_SECONDS,
            keys=(keys.cursors(owner),),
        )
