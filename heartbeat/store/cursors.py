"""How far each named client has read; survives client and gateway."""

from heartbeat.feed import Cursor
from heartbeat.store import keys
from heartbeat.store.records import fields_of, ms_of
from heartbeat.store.server import Server

#: Named clients of one owner, some 20 KB of cursors; beyond, the one unseen longest
#: makes room for another, and that one was forgotten is remembered.
MAX_CLIENTS = 256
#: A cursor unused for 30 days is forgotten, in seconds.
KEPT_SECONDS = 30 * 86_400
#: Where it stands when a client was forgotten last; no client can have this name.
_FORGOTTEN = "*"


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

    def may_have_had(self, owner: str, client_id: str) -> bool:
        """Say whether a client without a cursor may have had one.

        It made room for another, as far as anybody knows, or it cannot be read.
        """
        own, at_ms = self._server.ask(
            lambda c: c.hmget(keys.cursors(owner), [client_id, _FORGOTTEN])
        )
        if own is not None or at_ms is None:
            return own is not None
        try:
            age_ms = self._server.now_ms() - int(at_ms)
        except ValueError:  # who wrote it had forgotten somebody
            return True
        return age_ms < KEPT_SECONDS * 1000

    def advance(self, owner: str, client_id: str, alert_id: str) -> int:
        """Move the cursor forward; an earlier place changes nothing.

        Returns how many other clients were forgotten to make room: 0 or 1.
        """
        cursor = Cursor.parse(alert_id)
        forgotten = self._server.run(
            "advance_cursor",
            "",
            client_id,
            cursor.epoch,
            cursor.n,
            MAX_CLIENTS,
            KEPT_SECONDS,
            _FORGOTTEN,
            keys=(keys.cursors(owner),),
        )
        return 1 if forgotten == 1 else 0
