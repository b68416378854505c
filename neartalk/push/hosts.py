"""Pure: which endpoints a push may be sent to. A browser names its endpoint itself, so whoever
writes a client could name any address."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Network, ip_address
from urllib.parse import urlsplit

# What no URL holds that a browser writes: spaces, control characters, what is beyond ASCII.
PRINTABLE = re.compile(r"[!-~]+")
# The schemes of endpoints, and the port of each.
USUAL = {"https": 443, "http": 80}
# By which networks of IPv6 alone reach an address of IPv4.
NAT64 = IPv6Network("64:ff9b::/96")


def is_known(endpoint: str, hosts: Sequence[str]) -> bool:
    """Whether it is https at a host of the list, by its usual port, or at an origin of the list
    that is named whole."""
    origin = origin_of(endpoint)
    if origin is None:
        return False
    if origin in hosts:
        return True
    scheme, _, host = origin.partition("://")
    return scheme == "https" and any(_names(each, host) for each in hosts)


def named_addresses(hosts: Sequence[str]) -> set[tuple[str, int]]:
    """Host and port of the origins that the operator named whole: their addresses are theirs to
    judge."""
    urls = [urlsplit(each) for each in hosts if "://" in each]
    return {(url.hostname or "", url.port or USUAL[url.scheme]) for url in urls}


def is_public(address: str) -> bool:
    """Whether an address is nobody's own network, also as it stands in one of IPv6."""
    found = ip_address(address.partition("%")[0])
    if not found.is_global or found.is_multicast:
        return False
    if isinstance(found, IPv4Address):
        return True
    inner = found.ipv4_mapped or found.sixtofour
    if found in NAT64:
        inner = IPv4Address(int(found) & 0xFFFFFFFF)
    return not found.is_site_local and (inner is None or is_public(str(inner)))


def origin_of(endpoint: str) -> str | None:
    """`https://host`, with the port where it is not the usual one; None of what is no such URL."""
    if not PRINTABLE.fullmatch(endpoint) or "\\" in endpoint:
        return None
    try:
        url = urlsplit(endpoint)
        host, port = url.hostname, url.port
    except ValueError:
        return None
    if url.scheme not in USUAL or not host or "@" in url.netloc or "#" in endpoint:
        return None
    return f"{url.scheme}://{host}" + (f":{port}" if port not in {None, USUAL[url.scheme]} else "")


def _names(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
