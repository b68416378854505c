"""Whether a browser's request comes from a page of ours: the HTTP Origin of a WebSocket handshake
(RFC 6454), which no proxy and no CSRF token checks."""

from django.conf import settings
from django.http.request import split_domain_port, validate_host


def own_origin(origin: str, host: str) -> bool:
    """Whether a page of ours opened the socket: the origin's host is the one that was asked."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    scheme, _, asked = origin.partition("://")
    domain, _ = split_domain_port(asked)  # a host that is malformed has no domain
    allowed = settings.ALLOWED_HOSTS or [".localhost", "127.0.0.1", "[::1]"]
    own = scheme in {"http", "https"} and bool(domain) and asked.lower() == host.lower()
    return own and validate_host(domain, allowed)
