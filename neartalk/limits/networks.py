"""Where a call or a socket comes from: as digests, for the address itself is kept nowhere.

A digest is an HMAC under the key of the day: whoever has the digests later can't try out all
addresses.
"""

import hashlib
import hmac
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_network

from django.conf import settings

from neartalk.limits.client_address import Address, client_address
from neartalk.limits.day_key import DayKey

# How much of an IPv6 address one person may have to themselves, from least to most.
PREFIXES = (64, 56, 48)

# Digests of an address, or of the networks it may stand for, by what they are of: `address`, or
# the length of the prefix. The narrowest comes first. This machine has none.
Origin = Mapping[str, str]


async def origin_of(keys: DayKey, peer: str, forwarded: str) -> Origin:
    """The digests of the client behind `peer` and X-Forwarded-For.

    Raises Refused: `store-unavailable`.
    """
    key = await keys.today()
    networks = networks_of(client_address(peer, forwarded, settings.TRUSTED_PROXIES))
    return {part: digest_of(key, network) for part, network in networks.items()}


def networks_of(address: Address | None) -> dict[str, str]:
    """What an address is counted under, from the narrowest to the widest network.

    All unreadable addresses count as one. This machine is not counted.
    """
    if address is None:
        return {"address": "unknown"}
    if address.is_loopback:
        return {}
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
