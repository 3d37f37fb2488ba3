"""Heartbeats that cannot be read: here, or by the beats that should schedule them."""

from collections.abc import Iterable
from typing import cast

from redis import Redis

from heartbeat.errors import BadRecord, NotFound
from heartbeat.store import keys
from heartbeat.store.heartbeats import Heartbeats, Stored
from heartbeat.store.server import Server
from heartbeat.unreadable import UNREADABLE


class Unreadable:
    """What an owner's list must not leave out in silence."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def beside(self, owner: str, listed: Iterable[Stored]) -> list[str]:
        """Return what is wrong with the owner's heartbeats, beside these."""

        def read(client: Redis) -> list[object]:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.smembers(keys.owned(owner))
                pipeline.hgetall(keys.UNREADABLE)
                return pipeline.execute()

        found = self._server.ask(read)
        uids, noted = cast(tuple[set[str], dict[str, str]], found)
        known = {one.config.uid for one in listed}
        troubles = []
        for uid in sorted(uids):
            name = uid.partition(":")[2]
            if noted.get(uid) == "told":
                troubles.append(f"{name}: {UNREADABLE}")
            if uid not in known and self._is_bad(owner, name):
                troubles.append(f"{name} is not listed: its record cannot be read here")
        return troubles

    def _is_bad(self, owner: str, schedule_id: str) -> bool:
        try:
            Heartbeats(self._server).get(owner, schedule_id)
        except BadRecord:
            return True
        except NotFound:  # deleted meanwhile
            return False
        return False
