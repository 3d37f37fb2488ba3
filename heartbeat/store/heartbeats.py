"""Configured heartbeats: put, get, list, delete, pause, resume."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal, cast

from heartbeat.config import HeartbeatConfig, cadence_of, unique_id
from heartbeat.errors import NotFound
from heartbeat.incidents import remove_all
from heartbeat.instants import from_ms, to_ms
from heartbeat.jobs import queue_for
from heartbeat.planning import plan_text, slots_between
from heartbeat.store import keys
from heartbeat.store.limits import check_limits
from heartbeat.store.outlines import Outline, outline, outlines
from heartbeat.store.records import (
    readable,
)
from heartbeat.store.server import Server
from heartbeat.store.stored import Stored, facts_of, read_stored
from heartbeat.store.unclaimed import MAX_TRIES, change_schedule, too_busy
from heartbeat.telling import About, tell

Outcome = Literal["created", "updated", "unchanged"]

#: Heartbeats read in one round trip where not all may be needed.
READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Change:
    """What configuring did."""

    outcome: Outcome
    version: int


class Heartbeats:
    """All heartbeats of all owners; an owner reaches only its own."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def configure(self, config: HeartbeatConfig, *, max_per_owner: int) -> Change:
        """Store a config and schedule it: the same config again changes nothing.

        With another timing a slot that is open and not begun is dropped as
        `reconfigured`, and the next is computed from the new config, never earlier
        than the last one claimed. Else its slots stay as they are. Raises
        LimitReached.
        """
        outcome, version = self._put(config, most=max_per_owner)
        check_limits(outcome, most=max_per_owner)
        return Change(cast(Outcome, outcome), int(version))

    def replace(self, config: HeartbeatConfig, *, version: str) -> bool:
        """Configure in place of that version; False when another holds, or none."""
        outcome, _ = self._put(config, only=version)
        return outcome != "outdated"

    def get(self, owner: str, schedule_id: str) -> Stored:
        """Return one heartbeat; raises NotFound, also for another owner's."""
        uid = unique_id(owner, schedule_id)
        for _, read in self.load([uid], whole=True):
            return read()
        raise NotFound(f"expected a heartbeat of yours, got {schedule_id[:80]!r}")

    def outlines(self, uids: Sequence[str]) -> dict[str, Outline]:
        """Return what can be read of any heartbeats, by uid; leave out who is gone."""
        return outlines(self._server, uids)

    def owned_by(self, owner: str) -> list[Stored]:
        """Return the owner's heartbeats by name, but those that cannot be read."""
        stored = self.owned_from(owner)
        return sorted(stored, key=lambda one: (one.config.name, one.config.schedule_id))

    def owned_from(self, owner: str, schedule_id: str = "") -> Iterator[Stored]:
        """Yield them by id, from this one on, read as they are taken."""
        found = self._server.ask(lambda client: client.smembers(keys.owned(owner)))
        first = unique_id(owner, schedule_id)
        uids = sorted(uid for uid in map(str, found) if uid >= first)
        for start in range(0, len(uids), READ_AT_ONCE):
            for uid, read in self.load(uids[start : start + READ_AT_ONCE]):
                stored = readable(read, of=uid)
                if stored is not None:
                    yield stored

    def delete(self, owner: str, schedule_id: str) -> None:
        """Forget a heartbeat; what is open of it resolves. Raises NotFound."""
        for _ in range(MAX_TRIES):
            known = outline(self._server, owner, schedule_id)
            now = from_ms(self._server.now_ms())
            about = About(schedule_id=schedule_id, name=known.name, now=now)
            answer = change_schedule(
                self._server,
                "delete",
                known.uid,
                owner,
                known.revision,
                messages=tell(remove_all(known.book).notices, about),
            )
            if answer != "conflict":
                return
        raise too_busy(schedule_id)

    def pause(self, owner: str, schedule_id: str, *, note: str | None) -> bool:
        """Stop its slots until `resume`; say whether that changed anything."""
        uid = outline(self._server, owner, schedule_id).uid
        fact = json.dumps({"note": note})
        return change_schedule(self._server, "pause", uid, fact) == "ok"

    def resume(self, owner: str, schedule_id: str) -> bool:
        """Let it go on; the slots that passed are recorded as skipped."""
        for _ in range(MAX_TRIES):
            stored = self.get(owner, schedule_id)
            if stored.paused_at is None:
                return False
            answer = self._resume(stored, stored.paused_at)
            if answer != -1:
                return answer == 1
        raise too_busy(schedule_id)

    def _resume(self, stored: Stored, paused_at: datetime) -> object:
        config, now = stored.config, from_ms(self._server.now_ms())
        cadence = config.timing.cadence()
        passed = slots_between(cadence, after=paused_at, until=now)
        slot = cadence.next_slot(now) if config.enabled else None
        return self._server.run(
            "resume",
            "",
            config.uid,
            stored.version,
            plan_text(cadence, slot, uid=config.uid),
            "" if passed is None else passed.dump(config.uid),
            to_ms(now),
        )

    def _put(
        self, config: HeartbeatConfig, *, most: int = 0, only: str = ""
    ) -> tuple[str, str]:
        timing = config.timing.model_dump_json(by_alias=True, exclude_none=True)
        cadence, after = cadence_of(timing), from_ms(self._server.now_ms())
        record, content = config.dump_apart()
        for _ in range(MAX_TRIES):
            slot = cadence.next_slot(after) if config.enabled else None
            answer = change_schedule(
                self._server,
                "configure",
                config.uid,
                config.owner,
                record,
                timing,
                queue_for(config.run_on),
                int(config.enabled),
                plan_text(cadence, slot, uid=config.uid),
                most,
                only,
                content,
                config.dump() if content else "",
            )
            outcome, fact = cast(list[str], answer)
            if outcome != "behind":
                return outcome, fact
            after = from_ms(int(fact))
        raise too_busy(config.uid)

    def load(
        self, uids: Sequence[str], *, whole: bool = False
    ) -> Iterator[tuple[str, Callable[[], Stored]]]:
        """Load heartbeats in one round trip, each to be read; leave out who is gone.

        Reading one raises BadRecord if it cannot be read. An inline checklist is read
        only if they are wanted whole: a thousand of them are many megabytes.
        """
        with_facts = self._server.ask(facts_of(uids, whole=whole))
        for index, uid in enumerate(uids):
            facts = with_facts[4 * index : 4 * index + 4]
            if cast(list[str | None], facts[0])[0] is not None:
                yield uid, partial(read_stored, uid, *facts)
