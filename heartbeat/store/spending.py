"""What the fleet has spent on the model today."""

from datetime import datetime

from redis import Redis

from heartbeat.store import keys
from heartbeat.store.server import Server

#: A day's count is kept for three days, in seconds.
KEPT_SECONDS = 3 * 86_400


class Spending:
    """Tokens of the whole fleet by UTC day."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def add(self, tokens: int, now: datetime) -> int:
        """Count tokens into the UTC day of `now`; return that day's count."""
        key = keys.tokens_spent(f"{now:%Y-%m-%d}")

        def count(client: Redis) -> int:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.incrby(key, tokens)
                pipeline.expire(key, KEPT_SECONDS)
                return int(pipeline.execute()[0])

        return self._server.ask(count)
