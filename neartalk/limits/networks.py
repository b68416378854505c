"""Where a call or a socket comes from: as digests, for the address itself is kept nowhere.

A digest is an HMAC under the key of the day: whoever has the digests later can't try out all
addresses.
"""

import hashlib
import hmac
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_network

from neartalk.limits.forwarded import Address

# How much of an IPv6 address one person may have to themselves, from least to most.
PREFIXES = (64, 56, 48)

# Digests of an address, or of the networks it may stand for, by what they are of: `address`, or
# the length of the prefix. The narrowest comes first. This machine has none.
Origin = Mapping[str, str]


def networks_of(address: Address | None) -> dict[str, str]:
    """What an address is counted under, from the narrowest to the widest network.

    All callers without a readable address count as one.
    """
    if address is None:
        return {"address": "unknown"}
    if isinstance(address, IPv4Address):
        return {"address": str(address)}
    return {str(length): str(ip_network((address, length), strict=False)) for length in PREFIXES}


def narrowest(origin: Origin) -> str:
    """The digest that a refusal is counted under; `""` for this machine."""
    return next(iter(origin.values()), "")


def widest_network(origin: Origin) -> str:
    """The digest of the largest network that one person may have; `""` for this machine."""
    return next(reversed([*origin.values()]), "")


def digest_of(key: bytes, network: str) -> str:
    return hmac.digest(key, network.encode(), hashlib.sha256).hex()[:32]
