"""How hosts are spelled, and lists of hosts that may be reached."""

import re
import socket
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from yarl import URL

from worker.tools.addresses import Address, parse_address

#: The longest name that the DNS has.
_MAX_CHARACTERS = 253

#: A last label like these is read as a number by `inet_aton`, as browsers do too.
_NUMERIC = re.compile(r"(\d+|0x[0-9a-f]*)", re.ASCII)

#: Any text in which a URL names a host, and perhaps a port.
_IN_URL = re.compile(
    r"(?:https?|rediss?)://(?P<host>\[[^\]\s]+\]|[\w.-]+)(?::(?P<port>\d+))?", re.I
)

#: The arguments of a `tcp` or a `tls` probe.
_WITH_PORT_APART = re.compile(
    r"\b(?:tcp|tls)\s+[\"`]?(?P<host>[\w.:-]+)[\"`]?\s+[\"`]?(?P<port>\d+)"
)

#: Of `dns` and `redis` probes; in prose those words say nothing of the next.
_IN_PROBE = re.compile(
    r"\bprobe:\s*(?:dns|redis|redis_info)\s+[\"`]?(?P<host>[\w.-]+)(?::(?P<port>\d+))?"
)

#: A host with a port in prose; it begins with a letter, unlike a time of day.
_WITH_PORT = re.compile(
    r"(?<![\w.@/:-])(?P<host>[^\W\d_][\w-]*(?:\.[\w-]+)*):(?P<port>\d{1,5})\b"
)

#: A dotted name or address in prose, not a part of a path or a mail address.
_BARE = re.compile(
    r"(?<![\w.@/~:-])(?P<host>(?:[\w-]+\.)+[\w-]+|localhost)(?::(?P<port>\d{1,5}))?\b"
)

#: What looks like a host in prose and is the name of a file far more often. Several
#: are top-level domains that anyone can buy a name in: such a host needs a URL.
_FILE_ENDING = re.compile(
    r"bak|bz2|cc?|cfg|conf|cpp|crt|css|csv|db|docx?|env|gz|h|html?|ini|jpg|json|js|key"
    r"|lock|log|lst|md|mov|mp4|pdf|pem|php|pid|pl|png|ps|py|rb|rs|sh|socket|sock|service"
    r"|sql|sqlite|srv|svg|tar|tf|timer|tmp|toml|ts|tsv|txt|wal|xml|ya?ml|zip"
)


class InvalidHost(ValueError):
    """Raised when a text cannot be a host."""


def canonical_host(host: str) -> str:
    """Return the one spelling of a host: lower case, ASCII, addresses as usual.

    Every form that the system would read as an IPv4 address counts as one:
    `2130706433`, `0x7f.1` and `0177.0.0.1` are all `127.0.0.1`. Raises InvalidHost.
    """
    if len(host) > _MAX_CHARACTERS:
        raise InvalidHost(f"expected a host, got {len(host)} characters")
    try:
        name = URL.build(scheme="http", host=host.strip("[]")).raw_host or ""
    except ValueError as error:
        raise InvalidHost(f"expected a host, got {host!r}") from error
    name = name.lower().rstrip(".")
    address = _read_address(name)
    if address is not None:
        return str(address)
    if _looks_numeric(name) or not all(0 < len(each) < 64 for each in name.split(".")):
        raise InvalidHost(f"expected a host, got {host!r}")
    return name


class HostList:
    """Hosts that may be reached: `host` for any port, `host:port` for that one."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = frozenset(_parse_entry(entry) for entry in entries)

    def covers(self, host: str, port: int | None) -> bool:
        """Say whether a host, in its canonical spelling, is listed with this port.

        Without a port: whether it is listed at all.
        """
        if port is None:
            return any(host == listed for listed, _ in self._entries)
        return (host, None) in self._entries or (host, port) in self._entries


def hosts_in(checklist_text: str) -> frozenset[str]:
    """Return the hosts that a checklist names, as entries of a HostList.

    In URLs, in `tcp` probes, and in prose: dotted names, addresses, `host:port`. Names
    that end like a file (`notes.md`) count in a URL or with a port only.
    """
    found = set()
    for host, port in _named_in(checklist_text):
        try:
            name = canonical_host(host)
        except InvalidHost:
            continue
        shown = f"[{name}]" if ":" in name else name
        found.add(f"{shown}:{port}" if port else shown)
    return frozenset(found)


def _named_in(text: str) -> Iterator[tuple[str, str | None]]:
    for pattern in (_IN_URL, _WITH_PORT_APART, _IN_PROBE, _WITH_PORT):
        for match in pattern.finditer(text):
            yield match["host"], match["port"]
    for match in _BARE.finditer(text):
        if match["port"] is None and not _is_other_than_host(match["host"]):
            yield match["host"], None


def _is_other_than_host(name: str) -> bool:
    """Say whether a dotted word is rather a file, or a number like `99.9`."""
    if _looks_numeric(name):
        return parse_address(name) is None
    return _FILE_ENDING.fullmatch(name.rpartition(".")[2].lower()) is not None


def _parse_entry(entry: str) -> tuple[str, int | None]:
    """Split `host`, `host:port`, `[v6]:port` or a bare IPv6 address."""
    if parse_address(entry.strip("[]")) is not None:
        return canonical_host(entry), None
    host, colon, port = entry.rpartition(":")
    if not colon:
        return canonical_host(entry), None
    if not (port.isascii() and port.isdecimal()):
        raise InvalidHost(f"expected `host` or `host:port`, got {entry!r}")
    return canonical_host(host), int(port)


def _read_address(name: str) -> Address | None:
    address = parse_address(name)
    if address is None and _looks_numeric(name):
        try:
            return IPv4Address(socket.inet_aton(name))
        except OSError:
            return None
    return address


def _looks_numeric(name: str) -> bool:
    return _NUMERIC.fullmatch(name.rpartition(".")[2]) is not None
