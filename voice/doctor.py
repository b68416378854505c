"""What `manage.py doctor` finds of STUN and the relay: a real binding, a real allocation."""

import ssl
from collections.abc import Iterable, Iterator
from functools import partial

from django.conf import settings

from neartalk.doctor import SECRET_BITS, Check, CheckOptions, Finding, bits, fault, ok, warning
from voice.ice import has_relay
from voice.relay import Address, TurnError, binding, server_of
from voice.relay_watch import is_usable, lent_address


def checks_for(options: CheckOptions) -> Iterable[Check]:
    yield Check("relay", relay)
    for url in settings.STUN_URLS:
        yield Check(url, partial(stun, url, options.timeout_s))
    for url in settings.TURN_URLS if has_relay() else ():
        yield Check(url, partial(turn, url, options.timeout_s))


def relay() -> Iterator[Finding]:
    """Whether a relay is set, and set safely."""
    if not has_relay():
        message = "There is none: no address can be hidden, and some networks let nobody speak."
        yield warning(message, "Set up coturn by deploy/coturn, TURN_URLS and TURN_SECRET.")
        return
    if bits(settings.TURN_SECRET) < SECRET_BITS:
        message = "TURN_SECRET can be guessed by whoever was given one credential."
        yield fault(message, "Set it, here and in coturn, to what openssl rand -hex 32 prints.")
    if not any(url.startswith("turns:") for url in settings.TURN_URLS):
        message = (
            "No TURN_URLS begins with turns: networks that let only TLS through have no voice."
        )
        yield warning(message, "Add turns:your.host:5349?transport=tcp, or :443.")


def stun(url: str, timeout_s: float) -> Iterator[Finding]:
    try:
        binding(server_of(url), timeout_s)
    except (ValueError, TurnError, OSError) as why:
        yield trouble(why)
    else:
        yield ok("It tells people their address.")


def turn(url: str, timeout_s: float) -> Iterator[Finding]:
    """An allocation, with credentials as for a session."""
    try:
        relayed = lent_address(url, timeout_s)
    except (ValueError, TurnError, OSError) as why:
        yield trouble(why)
    else:
        yield reached(relayed)


def reached(relayed: Address) -> Finding:
    if is_usable(relayed):
        return ok("It lends an address to speak through.")
    message = "It lends an address that is not public, which nobody is told of."
    return fault(message, "Set external-ip in coturn, or its network in VOICE_NETWORKS.")


def trouble(why: Exception) -> Finding:
    match why:
        case TurnError(code=401 | 403 | 441):
            message = "It does not take the credentials that people are given."
            return fault(
                message, "See that TURN_SECRET is its static-auth-secret, and both clocks."
            )
        case TurnError(code=486 | 508):
            return warning("It is full.", "Raise total-quota and its range of ports.")
        case TurnError():
            message = f"It answers with {why.code or 'what is no STUN'}."
            return fault(message, "See its log, and that it is a STUN or TURN server.")
        case ssl.SSLCertVerificationError():
            message = f"Browsers refuse its certificate: {why.verify_message}."
            return fault(message, "Get one for this name, with its whole chain; tell coturn of it.")
        case ValueError():
            return fault(f"It is no address: {why}.", "Such as turn:turn.example.org:3478.")
    message = f"It does not answer: {type(why).__name__}."
    return fault(message, "Start it, and open its port in the firewall, for UDP and TCP.")
