"""What `manage.py doctor` finds of pushes: whether services of browsers are reached from here."""

import socket
from collections.abc import Iterable, Iterator
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings

from neartalk.doctor.check import Check, CheckOptions, Finding, fault, ok, warning


def checks_for(options: CheckOptions) -> Iterable[Check]:
    if not settings.VAPID_PRIVATE_KEY:
        return
    for host in settings.PUSH_HOSTS:
        if not host.startswith("*."):
            yield Check(f"push to {host}", partial(service, host, options.timeout_s))


def service(host: str, timeout_s: float) -> Iterator[Finding]:
    """Whether a connection to a push service comes about."""
    url = urlsplit(host if "://" in host else f"https://{host}")
    if url.scheme != "https":
        message = "Pushes go there without TLS."
        yield warning(message, "Name hosts in PUSH_HOSTS, without http://, where strangers come.")
    try:
        address = url.hostname or "", url.port or {"https": 443, "http": 80}[url.scheme]
        socket.create_connection(address, timeout_s).close()
    except OSError:
        message = "It is not reached: whoever put the page away is told of nothing."
        yield fault(message, "Let this server open connections to port 443 of it.")
    else:
        yield ok("It is reached.")
