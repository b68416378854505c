"""Where a call or a socket comes from: as digests, for the address itself is kept nowhere.

A digest is an HMAC under a key that lives one day: whoever has the digests later can't try out
all addresses.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Protocol

from django.conf import settings

from neartalk.clock import Clock, now_ms
from neartalk.limits.rules import DAY_MS
from neartalk.redis import Store, unknown_when_lost

Address = IPv4Address | IPv6Address

# How much of an IPv6 address one person may have to themselves, from least to most.
PREFIXES = (64, 56, 48)
KEY = "origins:key"


# Digests of an address, or of the networks it may stand for, by what they are of: `address`, or
# the length of the prefix. The nearest comes first; of this machine there is none.
Origin = Mapping[str, str]


class Keys(Protocol):
    async def today(self) -> bytes:
        """The key of this day, 32 bytes. Raises Refused: `store-unavailable`."""


class MemoryKeys:
    def __init__(self, clock: Clock = now_ms) -> None:
        self.clock = clock
        self.key = b""
        self.ends_ms = 0

    async def today(self) -> bytes:
        if self.clock() >= self.ends_ms:
            self.key, self.ends_ms = secrets.token_bytes(32), self.clock() + DAY_MS
        return self.key


class RedisKeys:
    """One for all processes, which keep it as long as Redis does."""

    def __init__(self, client: Store, clock: Clock = now_ms) -> None:
        self.client = client
        self.clock = clock
        self.key = b""
        self.ends_ms = 0
        self.gate = asyncio.Lock()

    async def today(self) -> bytes:
        async with self.gate:
            if self.clock() >= self.ends_ms:
                await self._read()
        return self.key

    async def _read(self) -> None:
        with unknown_when_lost():
            _, key, left_ms = await self.client.ask(
                [
                    ("SET", KEY, secrets.token_hex(32), "NX", "PX", DAY_MS),
                    ("GET", KEY),
                    ("PTTL", KEY),
                ]
            )
        self.key, self.ends_ms = bytes.fromhex(key), self.clock() + max(1, left_ms)


def address_of(peer: str, forwarded: str) -> Address | None:
    """The address of whoever asks: `peer`, or what the outermost of TRUSTED_PROXIES proxies wrote
    into X-Forwarded-For. What stands further left anybody may have written.
    """
    chain = [*filter(None, (part.strip() for part in forwarded.split(","))), peer]
    far = chain[max(0, len(chain) - 1 - settings.TRUSTED_PROXIES)]
    try:
        found = ip_address(far.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def networks_of(address: Address | None) -> dict[str, str]:
    """What an address is counted under, from the nearest to the widest. All that can't be read
    count as one; this machine is not counted."""
    if address is None:
        return {"address": "unknown"}
    if address.is_loopback:
        return {}
    if isinstance(address, IPv4Address):
        return {"address": str(address)}
    return {str(length): str(ip_network((address, length), strict=False)) for length in PREFIXES}


async def origin_of(keys: Keys, peer: str, forwarded: str) -> Origin:
    """Raises Refused: `store-unavailable`."""
    key = await keys.today()
    networks = networks_of(address_of(peer, forwarded))
    return {part: digest_of(key, network) for part, network in networks.items()}


def nearest(origin: Origin) -> str:
    """What a refusal is counted under; of this machine that is nothing."""
    return next(iter(origin.values()), "")


def widest(origin: Origin) -> str:
    """All that one person may have addresses of; of this machine that is nothing."""
    return next(reversed([*origin.values()]), "")


def digest_of(key: bytes, network: str) -> str:
    return hmac.digest(key, network.encode(), hashlib.sha256).hex()[:32]


def headers_of(scope: Mapping[str, Any]) -> tuple[str, str]:
    """The peer of an ASGI scope, and all of its X-Forwarded-For."""
    forwarded = [value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
    peer = (scope.get("client") or [""])[0]
    return peer, b",".join(forwarded).decode("latin-1")
