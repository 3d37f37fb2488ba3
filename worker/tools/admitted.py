"""The resolver given to aiohttp: it knows what was checked and looks nothing up."""

import socket
from collections.abc import Sequence

from aiohttp.abc import AbstractResolver, ResolveResult

from worker.tools.addresses import Address
from worker.tools.measured import NotAllowed


class AdmittedHosts(AbstractResolver):
    """Answers with the addresses that were checked last, and refuses other hosts."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Sequence[Address]] = {}

    def add(self, host: str, port: int, addresses: Sequence[Address]) -> None:
        """Let connections go to these addresses of the host, all of them checked."""
        self._known[host, port] = addresses

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - both serve
    ) -> list[ResolveResult]:
        """Return what was checked, in its order."""
        if (host, port) not in self._known:
            raise NotAllowed(f"not allowed: {host!r} was not checked")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._known[host, port]
        ]

    async def close(self) -> None:
        """Forget all of it."""
        self._known.clear()
