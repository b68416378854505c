"""Whose address the running product sees: asked by a visit that goes nowhere."""

import asyncio
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from neartalk.doctor import Check, CheckOptions, Finding, Severity, fault, ok, warning
from neartalk.limits import FORWARDED, PROXY_HEADERS, RedisDayKey, digest_of, networks_of
from neartalk.redis import open_store
from presence.guest import VisitRefused, guest
from presence.registry import RedisRegistry

# Addresses that nobody has (RFC 5737).
NOBODYS = "203.0.113."


def checks_for(options: CheckOptions) -> Iterable[Check]:
    """Only the shared store tells: what is kept of an address there is a digest under a key of the
    day, which is compared with that of an address we made up."""
    if options.url and settings.REDIS_URLS:
        yield Check("address seen", partial(check_address_seen, options.url, options.timeout_s))


def check_address_seen(url: str, timeout_s: float) -> Iterator[Finding]:
    made_up = f"{NOBODYS}{1 + secrets.randbelow(254)}"
    try:
        with guest(url, "doctor", timeout_s=timeout_s, headers=forged(made_up)) as me:
            origin, key = asyncio.run(seen(me.person_id))
    except VisitRefused as why:
        yield warning(f"No visit can be begun: {why}.", "See what else is said here.")
        return
    if origin in digests(key, made_up):
        message = "It believes whatever address its callers make up, so no limit holds."
        hint = "Lower TRUSTED_PROXIES to how many proxies stand in front of it."
        yield fault(message, hint)
    elif origin:
        yield ok("It believes no address that its callers make up.")
    elif is_near(url):
        hint = "Ask from another one too: whose address is seen there, this one can't tell."
        yield Finding(Severity.OK, "It takes us for its own machine, which we are.", hint)
    else:
        message = "It takes us for its own machine, and everybody else: no limit counts anybody."
        yield fault(message, "Set TRUSTED_PROXIES to how many proxies stand in front, 1 for nginx.")


def forged(address: str) -> Mapping[str, str]:
    """Every header that a proxy may write, as a stranger would; none where none is believed, or
    the server would take us for a proxy."""
    if not settings.TRUSTED_PROXIES:
        return {}
    return {name: f"for={address}" if name == FORWARDED else address for name in PROXY_HEADERS}


async def seen(person_id: str) -> tuple[str, bytes]:
    """The digest of where a person came from, `""` for the server's own machine; today's key."""
    client = open_store()
    try:
        session = await RedisRegistry(client).find(person_id)
        return session.origin if session else "", await RedisDayKey(client).today()
    finally:
        await client.aclose()


def digests(key: bytes, address: str) -> set[str]:
    return {digest_of(key, network) for network in networks_of(ip_address(address)).values()}


def is_near(url: str) -> bool:
    """Whether the way there does not leave this machine."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return False
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)
