"""The address of a client: the peer, or what trusted proxies wrote into X-Forwarded-For. Pure."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

Address = IPv4Address | IPv6Address


def client_address(peer: str, forwarded: str, trusted_proxies: int) -> Address | None:
    """The address of the client, or None where it is unreadable.

    `forwarded` is the whole of X-Forwarded-For. The entry is counted from the right: the outermost
    trusted proxy wrote it. Entries further left may be made up by anybody.
    """
    chain = [*filter(None, (part.strip() for part in forwarded.split(","))), peer]
    far = chain[max(0, len(chain) - 1 - trusted_proxies)]
    try:
        found = ip_address(far.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def peer_and_forwarded(scope: Mapping[str, Any]) -> tuple[str, str]:
    """The peer of an ASGI scope, and all lines of its X-Forwarded-For, joined by commas."""
    forwarded = [value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
    peer = (scope.get("client") or [""])[0]
    return peer, b",".join(forwarded).decode("latin-1")
