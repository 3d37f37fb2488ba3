"""Whether a TCP port accepts a connection."""

import asyncio
import contextlib

from worker.tools.addresses import Address
from worker.tools.measured import Measured
from worker.tools.reach import Reach, Unreached


async def measure_tcp(
    host: str, port: str, *, reach: Reach, chosen_by_model: bool
) -> Measured:
    """Connect to the host's addresses in turn until one accepts; nothing is sent."""
    clock = asyncio.get_running_loop().time
    started = clock()

    async def touch(address: Address) -> None:
        _, writer = await asyncio.open_connection(str(address), int(port))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    found = await reach.first(host, int(port), touch, chosen_by_model=chosen_by_model)
    if isinstance(found, Unreached):
        text = f"{host!r} port {port}: {found.why}"
        return Measured(fields={"open": False}, text=text)
    latency_ms = round((clock() - started) * 1e3, 1)
    return Measured(
        fields={"open": True, "latency_ms": latency_ms},
        text=f"{host!r} accepts connections on port {port}",
    )
