"""ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS, SITE_URL, OBJECTIONS: where people reach us and object."""

import re

from neartalk.environment.url import fault_of, host_and_port, split
from neartalk.environment.variables import invalid

USUAL_PORT = re.compile(r"(?<=\Ahttps)(://.*):443\Z|(?<=\Ahttp)(://.*):80\Z")
MAIL = re.compile(r"(mailto:)?[^\s@:/?#,]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def hosts(name: str, names: list[str]) -> list[str]:
    """Names without a scheme and a port, `.example.org` with all below it, or `*`: what Django
    compares with the name that was asked for. Raises ImproperlyConfigured."""
    for each in names:
        if each == "*":
            continue
        host, port = (None, None) if "/" in each else host_and_port(name, each.removeprefix("."))
        if not host or port:
            raise invalid(name, "it takes names alone, without https:// and without a port")
    return names


def origins(name: str, urls: list[str]) -> list[str]:
    """`https://host:port`, nothing behind it, as browsers write it: in small letters, without the
    port that is every one's. Raises ImproperlyConfigured."""
    for url in urls:
        found = split(name, url.replace("://*.", "://", 1))
        if found.scheme not in {"http", "https"}:
            raise invalid(name, "it takes https:// and http://")
        if not found.host or found.path or found.options or found.user or found.password:
            raise invalid(name, "it takes a scheme, a host and a port, and nothing behind them")
    return [USUAL_PORT.sub(r"\1\2", url.lower()) for url in urls]


def site_url(name: str, value: str) -> str:
    """The one origin that links of ours begin with, or `""`. Raises ImproperlyConfigured."""
    if not value.strip():
        return ""
    [found] = origins(name, [value.strip().removesuffix("/")])
    if "*" in found:
        raise invalid(name, "it takes one name, without a *")
    return found


def objections(name: str, value: str) -> str:
    """An e-mail address or a URL, which a page leads to. Raises ImproperlyConfigured."""
    where = value.strip()
    if not where or MAIL.fullmatch(where):
        return where
    # The rest of a URL is that site's own matter.
    if fault_of(where) or not re.match(r"https?://[^/?#]", where, re.IGNORECASE):
        raise invalid(name, "it takes an e-mail address, or a URL with https:// or http://")
    split(name, re.split("[?#]", where)[0])
    return where
