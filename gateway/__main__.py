"""`python -m gateway`: read the settings, serve until told to stop."""

import asyncio
import ipaddress
import logging
import os
import signal
import sys

import uvloop
from dotenv import dotenv_values

from gateway.gateway import Gateway
from heartbeat.collector import settle_collector
from heartbeat.errors import InvalidSettings
from heartbeat.settings import Settings

_LOG = logging.getLogger("gateway")


def main() -> int:
    """Run the gateway; 2 for settings that cannot work, without a stack trace.

    1 when it broke: whoever supervises it should start it again.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # Below that it logs each connection; connections are counted instead.
    logging.getLogger("websockets").setLevel(logging.WARNING)
    dotenv = {name: text for name, text in dotenv_values(".env").items() if text}
    try:
        settings = Settings.from_env({**dotenv, **os.environ})
        check_exposure(settings)
        is_sound = uvloop.run(serve(settings))
    except InvalidSettings as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 2
    return 0 if is_sound else 1


def check_exposure(settings: Settings) -> None:
    """Refuse to serve a network in which anybody would be the owner `local`."""
    if settings.tokens_file is not None or settings.trust_network:
        return
    if not _is_loopback(settings.host):
        raise InvalidSettings(
            "HEARTBEAT_HOST: expected a loopback address, HEARTBEAT_TOKENS_FILE or"
            f" HEARTBEAT_TRUST_NETWORK=1, got {settings.host!r} and neither"
        )


async def serve(settings: Settings) -> bool:
    """Serve until SIGTERM or SIGINT, then drain; raises InvalidSettings.

    A gateway that breaks drains as well; then this returns False.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    gateway = Gateway(settings, on_broken=stopped.set)
    try:
        port = await gateway.start()
    except OSError as error:
        raise InvalidSettings(
            f"cannot listen at {settings.host}:{settings.port} (HEARTBEAT_HOST,"
            f" HEARTBEAT_PORT): {error.strerror or error}"
        ) from error
    settle_collector()
    _LOG.info(
        "listening at ws://%s:%s/ws", settings.host, port, extra={"action": "listening"}
    )
    await stopped.wait()
    await gateway.stop()
    return not gateway.is_broken


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
