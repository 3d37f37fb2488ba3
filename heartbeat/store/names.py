"""Which connection of a named client is its newest, over all gateways."""

from collections.abc import Mapping, Sequence
from functools import partial

from redis import Redis

from heartbeat.store import keys
from heartbeat.store.cursors import KEPT_SECONDS, MAX_CLIENTS
from heartbeat.store.server import Server

#: Names of one answer.
NAMES_AT_ONCE = 1_000
_LARGEST_EXACT = 2**53 - 1

Name = tuple[str, str]


class Names:
    """The names of all owners' clients; an owner and a client name make a `Name`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def claim(self, owner: str, client_id: str) -> int:
        """Give the name to a new connection; return its number.

        As many names of an owner are kept as cursors, and as long.
        All gateways hear of it, on `keys.GATEWAYS`: `name <number> <owner> <client>`.
        """
        number = self._server.run(
            "claim_name",
            owner,
            client_id,
            MAX_CLIENTS,
            KEPT_SECONDS,
            keys=(keys.names(owner), keys.GATEWAYS),
        )
        return int(str(number))

    def newest(self, names: Sequence[Name]) -> Mapping[Name, int]:
        """Return the numbers of those that have one which can be read."""
        found: dict[Name, int] = {}
        for start in range(0, len(names), NAMES_AT_ONCE):
            asked = names[start : start + NAMES_AT_ONCE]
            scores = self._server.ask(partial(_scores, names=asked))
            for name, score in zip(asked, scores, strict=True):
                if score is not None and 0 < score <= _LARGEST_EXACT:
                    found[name] = int(score)
        return found


def _scores(client: Redis, names: Sequence[Name]) -> list[float | None]:
    with client.pipeline(transaction=False) as pipeline:
        for owner, client_id in names:
            pipeline.zscore(keys.names(owner), client_id)
        found: list[float | None] = pipeline.execute()
    return found
