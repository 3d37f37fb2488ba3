"""`python -m gateway`: read the settings, put the parts together, serve until told."""

import asyncio
import contextlib
import gc
import ipaddress
import logging
import os
import signal
import sys

import uvloop
from dotenv import dotenv_values
from heartbeat.store.feed import FeedReader

from gateway.auth import Gate, TokensFile
from gateway.background import Background
from gateway.commands import Commands
from gateway.cursors import Cursors
from gateway.health import Health
from gateway.hub import Hub
from gateway.limits import Failures
from gateway.metrics import Metrics
from gateway.pings import Wheel
from gateway.server import Server
from gateway.shared import Shared
from gateway.store import Store
from gateway.subscriptions import Subscriptions
from heartbeat.errors import InvalidSettings
from heartbeat.settings import Settings
from heartbeat.store.server import Server as RedisServer

#: Collect the young often enough and the old seldom: with the defaults one full
#: collection stops the loop for a third of a second at thousands of connections.
GC_THRESHOLDS = (20_000, 50, 1000)

_LOG = logging.getLogger("gateway")


def main() -> int:
    """Run the gateway; 2 for settings that cannot work, without a stack trace."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("websockets").setLevel(logging.WARNING)
    dotenv = {name: text for name, text in dotenv_values(".env").items() if text}
    try:
        settings = Settings.from_env({**dotenv, **os.environ})
        check_exposure(settings)
        uvloop.run(run(settings))
    except InvalidSettings as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"gateway: cannot listen at {settings.host}:{settings.port}"
            f" (HEARTBEAT_HOST, HEARTBEAT_PORT): {error.strerror or error}",
            file=sys.stderr,
        )
        return 2
    return 0


def check_exposure(settings: Settings) -> None:
    """Refuse to serve a network in which anybody would be the owner `local`."""
    if settings.tokens_file is not None or settings.trust_network:
        return
    if not _is_loopback(settings.host):
        raise InvalidSettings(
            "HEARTBEAT_HOST: expected a loopback address, HEARTBEAT_TOKENS_FILE or"
            f" HEARTBEAT_TRUST_NETWORK=1, got {settings.host!r} and neither"
        )


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Raises InvalidSettings, OSError."""
    tokens_file = None
    if settings.tokens_file is not None:
        tokens_file = TokensFile(settings.tokens_file)
    tokens = None if tokens_file is None else tokens_file.read()
    url = settings.redis_url.get_secret_value()
    redis, metrics = RedisServer.connect(url, name="gateway"), Metrics()
    hub = Hub(max_per_owner=settings.max_connections_per_owner)
    feed = FeedReader(url, on_push=hub.pushed, on_reset=hub.reset)
    store, health = Store.on(redis), Health(metrics)
    shared = Shared(
        settings=settings,
        gate=Gate(tokens, Failures(settings.max_failed_logins_per_minute)),
        feed=feed,
        hub=hub,
        subscriptions=Subscriptions(feed),
        cursors=Cursors(),
        store=store,
        commands=Commands(store, settings),
        metrics=metrics,
        wheel=Wheel(),
    )
    server = Server(shared, health)
    background = Background(
        shared, server=server, health=health, tokens_file=tokens_file
    )
    stopped = _stop_signal()
    port = await server.start()
    await feed.start()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    _LOG.info(
        "listening at ws://%s:%s/ws", settings.host, port, extra={"action": "listening"}
    )
    working = asyncio.create_task(background.run())
    await stopped.wait()
    await server.drain()
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    await background.leave()
    await feed.close()
    shared.commands.close()
    redis.close()


def _stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
