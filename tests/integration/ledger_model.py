"""What the test of the whole ledger knows of its heartbeats and workers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heartbeat.config import HeartbeatConfig
from heartbeat.store.runs import Begun
from heartbeat.store.server import Server
from heartbeat.store.slots import Claim


@dataclass(eq=False)
class Worker:
    """One run as its worker sees it; it may have lost its right without knowing."""

    begun: Begun
    lease_until: int
    has_expired: bool = False


@dataclass
class Model:
    """What the test knows of one heartbeat."""

    config: HeartbeatConfig | None = None
    is_paused: bool = False
    last_grid_slot: int = 0
    open_run: str | None = None
    newest_token: int = 0


def messages_of(claims: Sequence[Claim]) -> list[Claim]:
    return [claim for claim in claims if claim.kind in {"publish", "manual"}]


def name_of(uid: str) -> str:
    return uid.partition(":")[2]


def waiting_on(server: Server, queues: Iterable[str]) -> dict[str, int]:
    """Return how many heartbeats have a message on each queue, by the ledger."""

    def count(queue: str) -> int:
        return server.ask(lambda client: client.scard(f"{{hb}}:waiting:{queue}"))

    return {queue: count(queue) for queue in queues}
