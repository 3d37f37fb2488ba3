"""Heartbeats that wait for a time far ahead, since the clock was set back."""

from collections.abc import Sequence
from functools import partial
from typing import cast

from redis import Redis

from heartbeat.runs import Reason, is_manual, load_run
from heartbeat.set_back import Taken
from heartbeat.store import keys
from heartbeat.store.records import fields_of, ms_of, readable
from heartbeat.store.server import Server

#: Why slots have a record that no beat ever claimed: those that come all the same, once
#: the clock is right, run.
_UNCLAIMED = {Reason.BEAT_AWAY, Reason.PAUSED, Reason.DISABLED}
#: Heartbeats looked at in one step: a few milliseconds of the server.
LOOKED_AT_ONCE = 1_000


class Ahead:
    """Finds them, a part of all at a time, and reads what they have claimed."""

    def __init__(self, server: Server, *, at_once: int = LOOKED_AT_ONCE) -> None:
        self._server = server
        self._at_once = at_once
        self._place = 0

    def look_on(self) -> int:
        """Make those of another part due at once; return how many there were.

        One call after the other comes round to all. A claim decides how each goes on.
        """
        looked, found = self._look(self._place, acts=True)
        is_end = looked < self._at_once
        self._place = 0 if is_end else self._place + looked - found
        return found

    def count(self) -> int:
        """Count all of them, and leave them as they are."""
        place = total = 0
        while True:
            looked, found = self._look(place, acts=False)
            place, total = place + looked, total + found
            if looked < self._at_once:
                return total

    def taken(self, uids: Sequence[str]) -> dict[str, list[Taken]]:
        """Return which slots of heartbeats have a record, or are open."""
        if not uids:
            return {}

        def read(client: Redis) -> list[object]:
            with client.pipeline(transaction=False) as pipeline:
                for uid in uids:
                    pipeline.lrange(keys.runs(uid), 0, -1)
                    pipeline.get(keys.open_slot(uid))
                return pipeline.execute()

        found = self._server.ask(read)
        return {
            uid: [
                *_ended(uid, cast(list[str], found[2 * index])),
                *_open(cast(str | None, found[2 * index + 1])),
            ]
            for index, uid in enumerate(uids)
        }

    def _look(self, place: int, *, acts: bool) -> tuple[int, int]:
        """Begin at that place, counted from the heartbeat that is due last."""
        looked, found = cast(
            list[int],
            self._server.run("look_ahead", "", place, self._at_once, int(acts)),
        )
        return looked, found


def _ended(uid: str, records: Sequence[str]) -> list[Taken]:
    read = (readable(partial(load_run, one), of=keys.runs(uid)) for one in records)
    return [
        Taken(
            first_ms=run.slot_ms if run.from_ms is None else run.from_ms,
            last_ms=run.slot_ms if run.to_ms is None else run.to_ms,
            is_claimed=run.reason not in _UNCLAIMED,
        )
        for run in read
        if run is not None and not is_manual(run.run_id)
    ]


def _open(text: str | None) -> list[Taken]:
    fields = fields_of(text)
    slot_ms = ms_of(fields.get("slot"))
    if slot_ms is None or fields.get("grid") is not True:
        return []
    return [Taken(first_ms=slot_ms, last_ms=slot_ms, is_claimed=True)]
