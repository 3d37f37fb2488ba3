"""A whole gateway: its parts put together, started, and stopped in order."""

import asyncio
import time
from collections.abc import Callable

from gateway.auth import Gate, TokensFile
from gateway.awake import AwakeClock
from gateway.background import Background
from gateway.commands import Commands
from gateway.cursors import Cursors
from gateway.health import Health
from gateway.hub import Hub
from gateway.limits import Failures, per_minute
from gateway.memory import Memory
from gateway.metrics import Metrics
from gateway.names import Names
from gateway.outage import Outage
from gateway.peers import Peers
from gateway.pings import Wheel
from gateway.server import Server
from gateway.shared import Shared
from gateway.store import Store
from gateway.subscriptions import Subscriptions
from gateway.threads import Threads
from heartbeat.settings import Settings
from heartbeat.store.feed import FeedReader
from heartbeat.store.server import Server as RedisServer

#: Store calls at once for clients that say hello; the rest wait their turn.
JOINING_THREADS = 4


class Gateway:
    """One gateway, from settings; `start` it once, `stop` it once."""

    def __init__(
        self, settings: Settings, *, on_broken: Callable[[], None] = lambda: None
    ) -> None:
        """Put the parts together. Raises InvalidSettings for a bad tokens file.

        `on_broken` hears that this gateway must be stopped: its recurring work has
        ended, and it would go on without a watcher, or without hearing of alerts.
        """
        url = settings.redis_url.get_secret_value()
        tokens_file = (
            None if settings.tokens_file is None else TokensFile(settings.tokens_file)
        )
        tokens = None if tokens_file is None else tokens_file.read()
        metrics, clock = Metrics(), AwakeClock(time.monotonic)
        self._health = Health(
            metrics, redis_away_seconds=settings.redis_away_seconds, now=clock()
        )
        self._on_broken = on_broken
        hub = Hub(max_per_owner=settings.max_connections_per_owner)
        self._redis = RedisServer.connect(url, name="gateway")
        self._feed = FeedReader(
            url,
            on_push=hub.pushed,
            on_reset=hub.reset,
            on_peer=lambda text: peers.heard(text),
        )
        names = Names()
        failures = Failures(settings.max_failed_logins_per_minute)
        configures = per_minute(settings.max_configures_per_minute)
        peers = Peers(
            self._feed.tell_gateways,
            names=names,
            failures=failures,
            configures=configures,
            clock=clock,
        )
        store = Store.on(self._redis)
        memory = Memory()
        self._commands = Commands(
            store,
            settings,
            memory,
            configures=configures,
            on_configure=peers.configured,
        )
        self._joining = Threads(JOINING_THREADS, name="joining")
        shared = Shared(
            settings=settings,
            gate=Gate(tokens, failures, on_failure=peers.failed),
            feed=self._feed,
            hub=hub,
            names=names,
            subscriptions=Subscriptions(self._feed),
            cursors=Cursors(),
            store=store,
            commands=self._commands,
            joining=self._joining,
            memory=memory,
            metrics=metrics,
            outage=Outage(self._health),
            clock=clock,
            wheel=Wheel(),
        )
        self._server = Server(shared, self._health)
        self._background = Background(
            shared,
            server=self._server,
            health=self._health,
            tokens_file=tokens_file,
            listen=self._feed.listen,
        )
        self._working: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Serve; return the port. Raises OSError. Redis may come later."""
        port = await self._server.start()
        self._working = asyncio.create_task(self._background.run())
        self._working.add_done_callback(self._ended)
        return port

    @property
    def is_broken(self) -> bool:
        """Say whether it must be started again."""
        return self._health.is_broken

    async def stop(self) -> None:
        """Send everybody elsewhere and end.

        1. Drain: connections close one after the other.
        2. The recurring work ends; what clients acknowledged is stored.
        3. The ways to Redis are closed.
        """
        await self._server.drain()
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait([self._working])
        await self._background.leave()
        await self._feed.close()
        self._commands.close()
        self._joining.close()
        self._redis.close()

    def _ended(self, _: object) -> None:
        if not self._health.is_draining:
            self._health.is_broken = True
            self._on_broken()
