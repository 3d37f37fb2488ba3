"""What the test of the ledger's state machine knows by itself."""

import json
from dataclasses import dataclass, field
from typing import TypeVar, cast

import hypothesis

from heartbeat.config import HeartbeatConfig, unique_id
from heartbeat.store import keys
from heartbeat.store.runs import Begun
from heartbeat.store.slots import Claim
from tests.unit.store.ledger import OWNER, Fleet

IDS = ("a", "b")
ENDED = ("finished", "lost", "skipped", "missed")

T = TypeVar("T")

#: What `look_ahead` takes for too long a lease, and what it leaves of one.
LONGEST_LEASE_MS, RENEWED_WITHIN_MS = 360_000, 120_000


@dataclass(eq=False)
class Worker:
    """One run as its worker sees it; it may have lost its right without knowing."""

    begun: Begun
    lease_until: int
    has_expired: bool = False
    #: Its heartbeat was deleted: one that is made again need not wait for it.
    is_left_over: bool = False

    def cut_lease(self, now_ms: int) -> None:
        """Shorten a lease that was given by a clock that ran far ahead."""
        if self.lease_until > now_ms + LONGEST_LEASE_MS:
            self.lease_until = now_ms + RENEWED_WITHIN_MS


@dataclass
class Model:
    """What the test knows of one heartbeat."""

    config: HeartbeatConfig | None = None
    is_paused: bool = False
    last_grid_slot: int = 0
    open_run: str | None = None
    newest_token: int = 0
    begun: set[int] = field(default_factory=set)


def messages_of(claims: list[Claim]) -> list[Claim]:
    """Return the claims that are sent."""
    return [claim for claim in claims if claim.kind in {"publish", "manual"}]


def name_of(uid: str) -> str:
    """Return a heartbeat's name without its owner's."""
    return uid.partition(":")[2]


class LedgerReader:
    """What a test sees of a ledger."""

    fleet: Fleet

    def taken(self, some: list[T], place: int) -> T:
        return some.pop(place % len(some))

    def ended(self) -> int:
        counted = self.fleet.statistics.read()
        return sum(counted.get(how, 0) for how in ENDED)

    def waiting(self, queue: str) -> int:
        return self.fleet.server.ask(lambda c: c.scard(f"{{hb}}:waiting:{queue}"))

    def open_slot(self, name: str) -> dict[str, object] | None:
        key = keys.open_slot(unique_id(OWNER, name))
        text = self.fleet.server.ask(lambda client: client.get(key))
        return cast(dict[str, object], json.loads(text)) if text else None

    def open_slots(self, state: str) -> set[str]:
        slots = [self.open_slot(name) for name in IDS]
        return {
            cast(str, one["runId"]) for one in slots if one and one["state"] == state
        }


def stories(count: int) -> hypothesis.settings:
    """Return settings for so many stories."""
    return hypothesis.settings(
        max_examples=count,
        stateful_step_count=50,
        deadline=None,
        phases=[hypothesis.Phase.generate],  # shrinking would outlast the time-out
        suppress_health_check=list(hypothesis.HealthCheck),
    )
