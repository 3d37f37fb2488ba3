"""What all connections of one gateway share."""

from dataclasses import dataclass

from gateway.auth import Gate
from gateway.awake import AwakeClock
from gateway.commands import Commands
from gateway.cursors import Cursors
from gateway.hub import Hub
from gateway.memory import Memory
from gateway.metrics import Metrics
from gateway.names import Names
from gateway.outage import Outage
from gateway.pings import Wheel
from gateway.store import Store
from gateway.subscriptions import Feed, Subscriptions
from gateway.sweep import Looked
from gateway.threads import Threads
from heartbeat.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shared:
    """The collaborators of a connection.

    In `joining` the store is asked for those who say hello: requests of those who have
    may take long, and must keep nobody from hearing alerts.
    """

    settings: Settings
    gate: Gate
    feed: Feed
    hub: Hub
    names: Names
    subscriptions: Subscriptions
    cursors: Cursors
    store: Store
    commands: Commands
    joining: Threads
    memory: Memory
    metrics: Metrics
    outage: Outage
    clock: AwakeClock
    wheel: Wheel[Looked]
