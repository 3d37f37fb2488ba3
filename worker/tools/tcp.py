"""Whether a TCP port accepts a connection."""

import asyncio
import contextlib

from worker.tools.addresses import Address
from worker.tools.egress import Egress, explain
from worker.tools.measured import Measured


async def measure_tcp(
    host: str,
    port: int,
    *,
    egress: Egress,
    chosen_by_model: bool,
    connect_seconds: float,
) -> Measured:
    """Connect to the host's addresses in turn until one accepts; nothing is sent."""
    clock = asyncio.get_running_loop().time
    started = clock()
    addresses = await egress.addresses(host, port, chosen_by_model=chosen_by_model)
    why = "no such host"
    for address in addresses:
        try:
            async with asyncio.timeout(connect_seconds / len(addresses)):
                await _touch(address, port)
        except TimeoutError:
            why = "no connection in time"
        except OSError as error:
            why = explain(error)
        else:
            latency_ms = round((clock() - started) * 1e3, 1)
            return Measured(
                fields={"open": True, "latency_ms": latency_ms},
                text=f"{host!r} accepts connections on port {port}",
            )
    return Measured(fields={"open": False}, text=f"{host!r} port {port}: {why}")


async def _touch(address: Address, port: int) -> None:
    _, writer = await asyncio.open_connection(str(address), port)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
