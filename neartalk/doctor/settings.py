"""What an operator has set, as far as it can be judged without asking anybody; Django's system
checks included."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.http.request import validate_host

from neartalk.doctor.check import Check, CheckOptions, Finding, fault, ok, warning

# What an attacker may try out at home, given one signed thing or one credential.
SECRET_BITS = 100
DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]"]


def checks_for(options: CheckOptions) -> Iterable[Check]:
    yield Check("settings", partial(check_settings, options.url))
    yield Check("checks", system_checks)


def check_settings(url: str) -> Iterator[Finding]:
    found = [*mode(url), *hosts(url), *origins(), *proxies(), *for_tests()]
    if not settings.OBJECTIONS:
        message = "OBJECTIONS is empty: whoever is muted or banned is not told where to object."
        found.append(warning(message, "Set it to an e-mail address or a URL that somebody reads."))
    yield from found or [ok("They are as they should be where strangers come.")]


def mode(url: str) -> Iterator[Finding]:
    if settings.DEBUG:
        message = "DEBUG is on: who meets an error reads the code around it, secrets included."
        hint = "Set DEBUG=0, SECRET_KEY and ALLOWED_HOSTS where strangers come."
        yield fault(message, hint) if urlsplit(url).scheme == "https" else warning(message, hint)
        return
    if bits(settings.SECRET_KEY) < SECRET_BITS:
        message = "SECRET_KEY can be guessed, and with it an operator's session made."
        yield fault(message, "Set it to what openssl rand -base64 48 prints.")
    if not settings.HTTPS:
        message = (
            "HTTPS is off: whoever is on the way reads all, and browsers give the page no place."
        )
        yield warning(message, "Put a proxy with TLS in front, and set HTTPS=1.")


def bits(secret: str) -> float:
    """At most so much chance is in it: its length, by how evenly its letters come (Shannon)."""
    counts = Counter(secret).values()
    return sum(count * math.log2(len(secret) / count) for count in counts)


def hosts(url: str) -> Iterator[Finding]:
    if "*" in settings.ALLOWED_HOSTS:
        message = "ALLOWED_HOSTS takes any name for ours."
        yield warning(message, "Name the hosts by which people reach this server.")
    host = urlsplit(url).hostname
    allowed = settings.ALLOWED_HOSTS or (DEBUG_HOSTS if settings.DEBUG else [])
    if host and not validate_host(host, allowed):
        yield fault(f"ALLOWED_HOSTS does not have {host}.", "Add it, or people get an error 400.")


def origins() -> Iterator[Finding]:
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if "*" in origin or (settings.HTTPS and origin.startswith("http:")):
            message = f"CSRF_TRUSTED_ORIGINS trusts {origin}, where others may put pages of theirs."
            yield warning(message, "Name single https origins, or none: our own needs no mention.")


def proxies() -> Iterator[Finding]:
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        message = (
            "TLS ends at a proxy, yet TRUSTED_PROXIES is 0: everybody has the proxy's address."
        )
        yield warning(message, "Set it to how many proxies stand in front, 1 for nginx or Caddy.")


def for_tests() -> Iterator[Finding]:
    """What a server that strangers use is not meant to have."""
    set_so = {
        "RATE_LIMITS_OFF": bool(settings.RATE_LIMITS_OFF),
        "RATE_LIMITS_SCALE": settings.RATE_LIMITS_SCALE != 1,
        "PLACE_CLOCK": not settings.PLACE_CLOCK,
        "HINTS_DROPPED": settings.HINTS_DROPPED > 0,
        "MESSAGE_LIFE_SECONDS": settings.MESSAGE_LIFE_SECONDS != 1800,
        "SESSION_IDLE_SECONDS": settings.SESSION_IDLE_SECONDS != 1800,
        "REDIS_MAY_KEEP": settings.REDIS_MAY_KEEP,
    }
    for name in [name for name, is_set in set_so.items() if is_set]:
        yield warning(f"{name} is set, which is for tests.", "Unset it where strangers come.")


def system_checks() -> Iterator[Finding]:
    """manage.py check, with --deploy where DEBUG is off."""
    found = checks.run_checks(include_deployment_checks=not settings.DEBUG)
    shown = [one for one in found if not one.is_silenced()]
    for one in shown:
        message = f"{one.id}: {one.msg}"
        hint = one.hint or "manage.py check --deploy says the same."
        yield fault(message, hint) if one.is_serious() else warning(message, hint)
    if not shown:
        yield ok("manage.py check is silent.")
