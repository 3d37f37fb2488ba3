"""What an IP address is for: anyone, insiders, or nobody.

Tables of our own, since what the standard library calls global differs by release.
"""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

#: Link-local ranges and the addresses at which clouds hand out credentials.
_METADATA: tuple[_Network, ...] = (
    ip_network("169.254.0.0/16"),
    ip_network("100.100.100.200/32"),  # Alibaba Cloud
    ip_network("168.63.129.16/32"),  # Azure, the wire server
    ip_network("192.0.0.192/32"),  # Oracle Cloud, the older one
    ip_network("fe80::/10"),
    ip_network("fd00:ec2::/32"),  # AWS
    ip_network("fd20:ce::254/128"),  # Google Cloud
    ip_network("fd00:c1::a9fe:a9fe/128"),  # Oracle Cloud
    ip_network("fd00:42::42/128"),  # Scaleway
)

#: The special-purpose registries of IANA: all that is not for the public internet.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

#: Of IPv6 only this is handed out to the public, less the ranges after it.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20")
)

#: IPv6 that only stands for an IPv4 address: mapped, and translated (NAT64).
_STAND_INS = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))

#: IPv6 that carries an IPv4 address, and how many bits lie to its right.
_CARRIERS = (
    *((network, 0) for network in _STAND_INS),
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b:1::/48"), 0),
    (IPv6Network("2002::/16"), 80),
)

#: The middle of an ISATAP address, whatever its network.
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)


def is_metadata(address: Address) -> bool:
    """Say whether it is, or leads to, a place where a cloud keeps its secrets."""
    return any(
        meant in network for meant in _meanings(address) for network in _METADATA
    )


def is_public(address: Address) -> bool:
    """Say whether it is, and leads to, nothing but the public internet."""
    return not is_metadata(address) and all(
        _is_plainly_public(meant) for meant in _meanings(address)
    )


def parse_address(text: str) -> Address | None:
    """Return the address that a text is in its usual form, or None."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_plainly_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _PUBLIC_6 and not any(
        address in network for network in _NOT_PUBLIC_6
    )


def _meanings(address: Address) -> list[Address]:
    """Return the address, if it means itself, and every one that it carries."""
    if isinstance(address, IPv4Address):
        return [address]
    meanings: list[Address] = [
        IPv4Address(int(address) >> shift & 0xFFFF_FFFF)
        for network, shift in _CARRIERS
        if address in network
    ]
    meanings.extend(address.teredo or ())
    if int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
        meanings.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    if not any(address in network for network in _STAND_INS):
        meanings.append(address)
    return meanings
