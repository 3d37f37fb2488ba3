"""Heartbeats that cannot be read: here, or by those that schedule or run them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from redis import Redis

from heartbeat.errors import BadRecord
from heartbeat.instants import from_ms
from heartbeat.runs import RunRecord
from heartbeat.store import keys
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.server import Server
from heartbeat.unreadable import UNREADABLE, UNREADABLE_MS, unreadable_message

logger = logging.getLogger(__name__)

#: Heartbeats told of in one step.
_AT_ONCE = 1_000

_TOLD = "told"


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
                pipeline.hgetall(keys.UNREADABLE_CONFIG)
                return pipeline.execute()

        uids, *noted = self._server.ask(read)
        owned = sorted(cast(set[str], uids))
        told = _told(*cast(list[dict[str, str]], noted))
        troubles = [
            f"{uid.partition(':')[2]}: {UNREADABLE}" for uid in owned if uid in told
        ]
        return troubles + [
            f"{uid.partition(':')[2]} is not listed: its record cannot be read here"
            for uid in self._bad(owned)
        ]

    def _bad(self, uids: Sequence[str]) -> Iterator[str]:
        for uid, load in Heartbeats(self._server).load(uids):
            try:
                load()
            except BadRecord:
                yield uid


def refuse(
    server: Server, uid: str, record: RunRecord, *, token: str, problem: BadRecord
) -> None:
    """End a run that its worker cannot judge; once that lasts, tell the owner."""
    extra = {"action": "bad_record", "run_id": record.run_id}
    logger.error("cannot run %s: %s", record.run_id, problem, extra=extra)
    now_ms = record.started_ms or server.now_ms()
    why = f"on {record.host}: {problem}"
    server.run(
        "refuse_unreadable",
        now_ms,
        uid,
        record.run_id,
        token,
        record.dump(),
        UNREADABLE_MS,
        unreadable_message(uid, why, from_ms(now_ms)),
    )


def tell_what_lasts(server: Server, *, now_ms: int) -> None:
    """Tell owners what no worker could read for a while, and nobody told them."""
    noted = server.ask(lambda client: client.hgetall(keys.UNREADABLE_CONFIG))
    lasting = sorted(
        str(uid)
        for uid, since in noted.items()
        if str(since).isdigit() and now_ms - int(since) >= UNREADABLE_MS
    )
    now = from_ms(now_ms)
    for first in range(0, len(lasting), _AT_ONCE):
        rows = [
            part
            for uid in lasting[first : first + _AT_ONCE]
            for part in (uid, unreadable_message(uid, _WHY, now))
        ]
        server.run("tell_unreadable", now_ms, UNREADABLE_MS, *rows)


def count_unreadable(client: Redis) -> int:
    """Count those that should have slots: one that is paused waits for nothing."""
    with client.pipeline(transaction=False) as pipeline:
        pipeline.hgetall(keys.UNREADABLE)
        pipeline.hgetall(keys.UNREADABLE_CONFIG)
        noted = pipeline.execute()
    told = sorted(_told(*noted))
    scores = client.zmscore(keys.DUE, told) if told else []
    return sum(score is not None for score in scores)


_WHY = "the worker of its last run could not; its log says why"


def _told(*noted: Mapping[str, str]) -> set[str]:
    return {str(uid) for one in noted for uid, since in one.items() if since == _TOLD}
