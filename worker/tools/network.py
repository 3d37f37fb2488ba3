"""What the system tells about the network: where a name is, if a way leads there."""

import socket
from collections.abc import Sequence
from typing import Protocol

from worker.tools.addresses import Address


class Network(Protocol):
    """Answers about names and routes; called in a thread where it may block."""

    def look_up(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a name, best first. Raises socket.gaierror."""

    def has_route(self, address: Address, port: int) -> bool:
        """Say whether this host would know where to send to; asks nobody."""


class SystemNetwork:
    """The network as this host sees it."""

    def look_up(self, host: str, port: int) -> Sequence[str]:
        """Ask the system's resolver; blocks."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def has_route(self, address: Address, port: int) -> bool:
        """Let a datagram socket choose its route; nothing is sent."""
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as chooser:
                chooser.connect((str(address), port))
        except OSError:
            return False
        return True
