"""Which network addresses another person may see in voice. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# All IPv6 that is assigned to the internet (RFC 4291).
UNICAST = ip_network("2000::/3")
# Networks whose addresses lead to an IPv4 address behind them (6to4 and its relays, Teredo), and
# what newer documentation uses.
EMBEDDING = [
    ip_network(network) for network in ("2002::/16", "2001::/32", "3fff::/20", "192.88.99.0/24")
]
# ISATAP has the IPv4 address after one of these interface identifiers.
ISATAP = {0x0000_5EFE, 0x0200_5EFE}


def parsed(text: str) -> Address | None:
    """None for whatever is not the literal of an address, a host name too."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_visible(address: Address, networks: Sequence[Network]) -> bool:
    """Whether others may see an address: it is public, or in one of the operator's `networks`."""
    if any(address in network for network in networks):
        return True
    if any(address in network for network in EMBEDDING) or not address.is_global:
        return False
    if isinstance(address, IPv6Address):
        isatap = int(address) >> 32 & 0xFFFF_FFFF in ISATAP
        return address in UNICAST and not isatap
    return not address.is_multicast
