"""Heartbeats that cannot be read: here, or by the beats that should schedule them."""

from collections.abc import Iterator, Sequence
from typing import cast

from redis import Redis

from heartbeat.errors import BadRecord
from heartbeat.store import keys
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.server import Server
from heartbeat.unreadable import UNREADABLE


class Unreadable:
    """What an owner's list must not leave out in silence."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def of(self, owner: str) -> list[str]:
        """Return what is wrong with the owner's heartbeats."""

        def read(client: Redis) -> list[object]:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.smembers(keys.owned(owner))
                pipeline.hgetall(keys.UNREADABLE)
                return pipeline.execute()

        found = self._server.ask(read)
        uids, noted = cast(tuple[set[str], dict[str, str]], found)
        troubles = [
            f"{uid.partition(':')[2]}: {UNREADABLE}"
            for uid in sorted(uids)
            if noted.get(uid) == "told"
        ]
        return troubles + [
            f"{uid.partition(':')[2]} is not listed: its record cannot be read here"
            for uid in self._bad(sorted(uids))
        ]

    def _bad(self, uids: Sequence[str]) -> Iterator[str]:
        for uid, load in Heartbeats(self._server).load(uids):
            try:
                load()
            except BadRecord:
                yield uid
