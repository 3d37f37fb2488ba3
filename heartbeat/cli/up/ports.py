"""Finds ports, and says which setting to change where one is taken."""

import errno
import socket

from heartbeat.cli.up.plan import Ports
from heartbeat.errors import InvalidSettings
from heartbeat.setting_names import variable_of
from heartbeat.settings import Settings

_LOOPBACK = "127.0.0.1"


def find_ports(settings: Settings, *, with_store: bool) -> Ports:
    """Return the ports to use; raises InvalidSettings for one that is taken."""
    return Ports(
        gateway=_port("port", settings.port, settings.host),
        flower=_port("flower_port", settings.flower_port, _LOOPBACK),
        store=_free_port(0, _LOOPBACK) if with_store else None,
    )


def _port(setting: str, port: int, host: str) -> int:
    variable = variable_of(setting)
    try:
        return _free_port(port, host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InvalidSettings(
                f"port {port} on {host} is taken: end what uses it, or set {variable}"
                f" to another port ({variable}=0 takes a free one)"
            ) from error
        raise InvalidSettings(
            f"cannot listen on {host} port {port} ({variable}): {error.strerror}"
        ) from error


def _free_port(port: int, host: str) -> int:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: connections of the last one may still be winding down.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        found: int = probe.getsockname()[1]
        return found
