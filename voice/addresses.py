"""Which network addresses another person may see in voice. Pure."""

import re
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
# Networks at home and at work, and a machine itself (RFC 1918, RFC 4193, loopback); overlays (RFC
# 6598); what sandboxes take: examples in books, and benchmarks (RFC 5737, RFC 3849, RFC 2544). Not
# link-local, where clouds tell a machine its secrets.
LOCAL = [
    ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        *("127.0.0.0/8", "::1/128", "100.64.0.0/10"),
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "198.18.0.0/15"),
    )
]
# A name that a browser gives out in place of an address, and that is known in its own network alone
# (draft-ietf-mmusic-mdns-ice-candidates): a UUID.
MDNS_NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local", re.ASCII | re.I)


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


def visible_address(text: str, networks: Sequence[Network], *, local: bool) -> str | None:
    """The address of a candidate as others may be told it; None where they must not.

    With `local` also one of a network at home or of this machine, and an mDNS name in its place.
    """
    address = parsed(text)
    if address is None:
        return text.lower() if local and MDNS_NAME.fullmatch(text) else None
    if is_visible(address, networks) or (local and any(address in each for each in LOCAL)):
        return str(address)
    return None


def local_allowed(*, direct: bool, debug: bool, named: bool) -> bool:
    """Whether two may be told each other's addresses at home: both chose to talk `direct`, and this
    is a developer's server (`debug`), or its operator `named` local addresses in VOICE_NETWORKS."""
    return direct and (debug or named)
