"""The one gate to the network: which addresses a tool may connect to.

A name is looked up once and the answer is what the tool connects to, so that no other
answer can come between the check and the connection.
"""

import asyncio
import errno
import socket
from ipaddress import ip_address

from worker.tools.addresses import Address, is_metadata, is_public, parse_address
from worker.tools.hosts import HostList, InvalidHost, canonical_host
from worker.tools.measured import CannotTell, NotAllowed
from worker.tools.network import Network
from worker.tools.policy import ToolPolicy
from worker.tools.threads import RESOLVER, in_thread

#: Names at which clouds hand out credentials; their addresses are refused as well.
_METADATA_NAMES = frozenset(
    {"metadata.google.internal", "metadata.goog", "metadata.azure.internal"}
)

#: The resolver's answer is that there is no such name, or no address for it.
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", -5)})

#: Failures to connect that say something of this process or host, nothing of the other.
_OUR_OWN = frozenset(
    {
        errno.EACCES,
        errno.EADDRINUSE,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EPERM,
    }
)


class Egress:
    """Decides for one heartbeat what its tools may connect to."""

    def __init__(
        self, policy: ToolPolicy, *, network: Network, lookup_seconds: float
    ) -> None:
        self._is_local = policy.is_local
        self._listed = HostList(policy.private_hosts)
        self._named = HostList(policy.model_hosts)
        self._network = network
        self._lookup_seconds = lookup_seconds

    async def addresses(
        self, host: str, port: int, *, chosen_by_model: bool
    ) -> list[Address]:
        """Return the addresses to connect to; none if there is no such host.

        As `look_up`, less those that this host has no route to.
        """
        found = await self.look_up(host, port, chosen_by_model=chosen_by_model)
        routed = [each for each in found if self._network.has_route(each, port)]
        if found and not routed:
            raise CannotTell(f"this host has no route to {host!r}")
        return routed

    async def look_up(
        self, host: str, port: int | None = None, *, chosen_by_model: bool
    ) -> list[Address]:
        """Return the addresses of a host; none if there is no such host.

        1. The name must be one that may be asked for: a lookup alone can carry data.
        2. Every address of it must be one that may be reached, at any port if none
           is given.

        Raises CannotTell if it may not be reached, or nobody can say where it is.
        """
        name = _spell(host)
        if name in _METADATA_NAMES:
            raise _forbidden(name)
        if chosen_by_model and not self._may_be_chosen(name, port):
            place = repr(name) if port is None else f"{name!r} port {port}"
            raise NotAllowed(f"not allowed: {place} is not in the checklist")
        literal = parse_address(name)
        found = [literal] if literal else await self._resolve(name, port)
        for address in found:
            self._admit(name, address, port)
        return found

    def _may_be_chosen(self, name: str, port: int | None) -> bool:
        return self._named.covers(name, port) or self._listed.covers(name, port)

    def _admit(self, name: str, address: Address, port: int | None) -> None:
        if is_metadata(address):
            raise _forbidden(name)
        if self._is_local or is_public(address):
            return
        if not any(self._listed.covers(each, port) for each in (name, str(address))):
            raise NotAllowed(
                f"not allowed: {name!r} is at a private address and is not listed"
            )

    async def _resolve(self, name: str, port: int | None) -> list[Address]:
        try:
            async with asyncio.timeout(self._lookup_seconds):
                found = await in_thread(
                    RESOLVER, lambda: self._network.look_up(name, port or 0)
                )
        except TimeoutError as error:
            raise CannotTell(f"the resolver did not answer for {name!r}") from error
        except socket.gaierror as error:
            if error.errno in _NO_SUCH_NAME:
                return []
            raise CannotTell(
                f"the resolver failed for {name!r}: {error.strerror}"
            ) from error
        return [ip_address(text) for text in found]


def explain(error: OSError) -> str:
    """Say why the other side could not be connected to, which is an answer.

    Raises CannotTell for a failure of our own, which is none.
    """
    if error.errno in _OUR_OWN:
        raise CannotTell(f"cannot connect from here: {error.strerror}") from error
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError):
        return "connection reset"
    return "connection failed"


def _spell(host: str) -> str:
    try:
        return canonical_host(host)
    except InvalidHost as error:
        raise CannotTell(str(error)) from error


def _forbidden(name: str) -> NotAllowed:
    return NotAllowed(f"not allowed: {name!r} is for cloud metadata or link-local")
