"""STUN_URLS and TURN_URLS, with commas: `stun:host:port` (RFC 7064) and
`turns:host:port?transport=tcp` (RFC 7065). A browser that is given one it does not understand opens
no call at all."""

import re

from neartalk.environment.url import host_and_port
from neartalk.environment.variables import invalid

FORM = re.compile(r"(?P<scheme>[a-z]+):(?P<place>[^/?#@\s]+)(\?(?P<query>[^#\s]*))?")


def stun_urls(name: str, urls: list[str]) -> list[str]:
    """Raises ImproperlyConfigured."""
    for url in urls:
        expect(name, url, {"stun", "stuns"}, {None})
    return urls


def turn_urls(name: str, urls: list[str]) -> list[str]:
    """Raises ImproperlyConfigured."""
    for url in urls:
        expect(name, url, {"turn", "turns"}, {None, "transport=udp", "transport=tcp"})
        if url.startswith("turns:") and url.endswith("udp"):
            raise invalid(name, "turns: goes over TCP: ?transport=tcp")
    return urls


def expect(name: str, url: str, schemes: set[str], queries: set[str | None]) -> None:
    first, second = sorted(schemes)
    found = FORM.fullmatch(url)
    if not found or found["scheme"] not in schemes:
        raise invalid(name, f"it takes {first}:host:port and {second}:host:port, with commas")
    host, _ = host_and_port(name, found["place"])
    if not host:
        raise invalid(name, "it names no host")
    if found["query"] not in queries:
        only = " but ?transport=udp and ?transport=tcp" if len(queries) > 1 else ""
        raise invalid(name, f"{first}: takes no option{only}")
