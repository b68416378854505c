"""The address of a client: the peer, or what trusted proxies wrote of whom they ask for. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_network
from typing import Any, NamedTuple

from neartalk.limits.forwarded import (
    PROXY_HEADERS,
    X_FORWARDED_FOR,
    X_REAL_IP,
    Address,
    read_address,
    read_hops,
)

# Where proxies of one's own stand, and nobody who comes from the internet.
INNER = [
    *map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    *map(ip_network, ("100.64.0.0/10", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10")),
]


class ProxyDoubt(StrEnum):
    """What a call shows of settings that do not fit the proxies in front."""

    UNCOUNTED = "uncounted"
    MISSING = "missing"
    INNER = "inner"
    UNREADABLE = "unreadable"


class Route(NamedTuple):
    """How a call came: the peer, and the headers that proxies write, by their names in small
    letters; the lines of each are joined by commas."""

    peer: str
    headers: Mapping[str, str]


class Client(NamedTuple):
    """`address` is None where no hop can be read. `is_this_machine`: it asks itself; no proxy on it
    asks for somebody else."""

    address: Address | None
    is_this_machine: bool
    doubt: ProxyDoubt | None = None


def route_of(scope: Mapping[str, Any]) -> Route:
    """Of an ASGI scope. The peer is `""` where it came by a UNIX socket."""
    lines: dict[str, list[bytes]] = {}
    for name, value in scope["headers"]:
        header = name.lower().decode("latin-1")
        if header in PROXY_HEADERS:
            lines.setdefault(header, []).append(value)
    headers = {header: b",".join(values).decode("latin-1") for header, values in lines.items()}
    return Route((scope.get("client") or [""])[0], headers)


def client_of(route: Route, trusted_proxies: int, header: str = X_FORWARDED_FOR) -> Client:
    """Who asks, by the peer and the one header that is believed.

    The entry is counted from the right: the outermost trusted proxy wrote it. Entries further left
    may be made up by anybody. Where it can't be read, the nearest hop after it counts that can.
    """
    peer = read_address(route.peer)
    if not trusted_proxies:
        is_proxy = bool(route.headers) and (peer is None or is_inner(peer))
        doubt = ProxyDoubt.UNCOUNTED if is_proxy else None
        return Client(peer, peer is not None and peer.is_loopback, doubt)
    if not route.headers and peer is not None and peer.is_loopback:
        return Client(peer, is_this_machine=True)
    wanted = 1 if header == X_REAL_IP else trusted_proxies
    hops = read_hops(header, route.headers.get(header, ""), wanted + 1)
    chain = [peer, *hops[:wanted]]
    address = next((hop for hop in reversed(chain) if hop is not None), None)
    return Client(address, is_this_machine=False, doubt=doubt_of(hops, wanted))


def doubt_of(hops: list[Address | None], wanted: int) -> ProxyDoubt | None:
    """What `wanted` hops and the one before them show of the number of proxies."""
    if len(hops) < wanted:
        return ProxyDoubt.MISSING
    counted, before = hops[wanted - 1], hops[wanted:]
    if counted is None:
        return ProxyDoubt.UNREADABLE
    came_by = any(hop is not None and not is_inner(hop) for hop in before)
    return ProxyDoubt.INNER if came_by and is_inner(counted) else None


def is_inner(address: Address) -> bool:
    return any(address in network for network in INNER)


def client_address(
    peer: str, forwarded: str, trusted_proxies: int, header: str = X_FORWARDED_FOR
) -> Address | None:
    """The address of the client, or None where no hop is readable. `forwarded` is the whole of the
    header that is believed."""
    headers = {header: forwarded} if forwarded else {}
    return client_of(Route(peer, headers), trusted_proxies, header).address
