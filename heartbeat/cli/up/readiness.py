"""Waits until what was started serves."""

import asyncio
import http.client
from collections.abc import Callable

from heartbeat.cli.failures import Exit
from heartbeat.cli.store import connect_store
from heartbeat.cli.up.supervised import Supervised
from heartbeat.errors import (
    GatewayUnavailable,
    HeartbeatError,
    InvalidSettings,
    StoreError,
)

#: Seconds that a process may take to serve: a busy laptop, a large append-only file.
_PATIENCE_SECONDS = 60.0
_BETWEEN_SECONDS = 0.1


async def until_ready(process: Supervised, is_ready: Callable[[], bool]) -> None:
    """Ask until it serves; raises GatewayUnavailable if it ends or takes too long.

    Raises InvalidSettings where it refuses its own, as all of our processes do alike.
    """
    name = process.child.name
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await asyncio.to_thread(is_ready):
                if process.ends:
                    raise _no_start(process)
                await asyncio.sleep(_BETWEEN_SECONDS)
    except TimeoutError as error:
        raise GatewayUnavailable(
            f"{name} does not serve after {_PATIENCE_SECONDS:g} s:"
            f" {process.last_words()}"
        ) from error


def _no_start(process: Supervised) -> HeartbeatError:
    message = f"{process.child.name} does not start: {process.last_words()}"
    if process.code == Exit.BAD_INPUT:
        return InvalidSettings(message)
    return GatewayUnavailable(message)


def store_answers(url: str) -> bool:
    """Say whether Redis serves."""
    server = connect_store(url, name="up")
    try:
        server.now_ms()
    except StoreError:
        return False
    else:
        return True
    finally:
        server.close()


def gateway_is_ready(host: str, port: int) -> bool:
    """Say whether the gateway would take clients."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
