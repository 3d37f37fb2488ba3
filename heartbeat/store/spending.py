"""What the fleet has spent on the model today."""

from datetime import datetime

from heartbeat.store import keys
from heartbeat.store.server import Server

#: A day's count is kept for three days, in seconds.
KEPT_SECONDS = 3 * 86_400


class Spending:
    """Tokens of the whole fleet by UTC day."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def today(self, now: datetime) -> int:
        """Return the tokens spent in the UTC day of `now`."""
        key = keys.tokens_spent(f"{now:%Y-%m-%d}")
        return int(self._server.ask(lambda client: client.get(key)) or 0)

    def add(self, tokens: int, now: datetime) -> None:
        """Count tokens into the UTC day of `now`."""
        key = keys.tokens_spent(f"{now:%Y-%m-%d}")
        self._server.ask(lambda client: client.incrby(key, tokens))
        self._server.ask(lambda client: client.expire(key, KEPT_SECONDS))
