"""What the test of the ledger's state machine knows by itself."""

from dataclasses import dataclass, field

from heartbeat.config import HeartbeatConfig
from heartbeat.store.runs import Begun
from heartbeat.store.slots import Claim

#: What `look_ahead` takes for too long a lease, and what it leaves of one.
LONGEST_LEASE_MS, RENEWED_WITHIN_MS = 3_600_000, 120_000


@dataclass(eq=False)
class Worker:
    """One run as its worker sees it; it may have lost its right without knowing."""

    begun: Begun
    lease_until: int
    has_expired: bool = False

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
