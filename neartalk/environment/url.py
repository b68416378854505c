"""A URL taken apart, as every setting that names one takes it.

`scheme://user:password@host:port/path?option=value`: what is read is all that was written, or it is
refused. A message never holds what was set, but for a scheme and the names of options.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from neartalk.environment.variables import invalid

HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?")
PLACE = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(:(?P<port>[0-9]{1,5}))?", re.ASCII)
OPTION_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,39}")
PORT_MAX = 65_535


class Url(NamedTuple):
    """`host` is without brackets and may be empty; `port` and `password` are None where there is
    none. All but `path` is decoded."""

    scheme: str
    user: str
    password: str | None
    host: str
    port: int | None
    path: str
    options: Mapping[str, str]


def split(name: str, url: str) -> Url:
    """Raises ImproperlyConfigured, with words that name the setting and hold no secret."""
    if why := fault_of(url):
        raise invalid(name, why)
    if re.search(r"[\[\]].*@", url):
        raise invalid(name, "[ and ] in a user or password are written %5B and %5D")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise invalid(name, "its host is no name and no address") from None
    after = url.partition("://")[2][len(parts.netloc) :]
    if "@" in after and "@" not in parts.netloc:
        raise invalid(name, "/, ? and # in a user or password are written %2F, %3F and %23")
    if parts.fragment or url.endswith("#"):
        raise invalid(name, "nothing may stand behind a #, which in a password is written %23")
    user_and_password, at, place = parts.netloc.rpartition("@")
    user, colon, password = user_and_password.partition(":")
    if (colon and not password) or (at and not user_and_password):
        raise invalid(name, "its user or password is empty: leave out what stands for it")
    host, port = host_and_port(name, place)
    secret = unquote(password) if colon else None
    options = options_of(name, parts.query)
    return Url(parts.scheme, unquote(user), secret, host, port, parts.path, options)


def fault_of(url: str) -> str:
    """What is wrong with it as a text."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url):
        return "it does not begin with a scheme and ://"
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return "it has a space or a line's end inside"
    if re.search(r"%(?![0-9A-Fa-f]{2})", url):
        return "a % that stands for itself is written %25"
    return ""


def host_and_port(name: str, place: str) -> tuple[str, int | None]:
    """`host`, `host:port`, `[address]:port`, or nothing."""
    found = PLACE.fullmatch(place)
    if not found:
        why = "behind its host it takes a colon and a port; an IPv6 address stands in [brackets]"
        raise invalid(name, why)
    host, port = str(found["host"]), int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port <= PORT_MAX:
        raise invalid(name, f"a port is a number from 1 to {PORT_MAX}")
    if host.startswith("["):
        if not is_ipv6(host := host[1:-1]):
            raise invalid(name, "what stands in [brackets] is no IPv6 address")
    elif host and not (HOST_NAME.fullmatch(host) and ".." not in host):
        raise invalid(name, "its host is no name and no address")
    return host, port


def is_ipv6(host: str) -> bool:
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def options_of(name: str, query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise invalid(name, "behind the ? it takes option=value, joined by &") from None
    for option, value in pairs:
        if not OPTION_NAME.fullmatch(option):
            raise invalid(name, "behind the ? it takes option=value, joined by &")
        if option in found:
            raise invalid(name, f"it has the option {option} twice")
        if not value:
            raise invalid(name, f"its option {option} is empty")
        found[option] = value
    return found
