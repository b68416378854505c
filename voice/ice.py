"""STUN and TURN servers for a client, with credentials by the TURN REST scheme.

A REST API for access to TURN services (J. Uberti, draft-uberti-behave-turn-rest-00): the user name
holds the time at which the credentials end, and the password is an HMAC of it, under a secret that
only the relay knows too.
"""

import base64
import hmac
from typing import Any, NamedTuple

from django.conf import settings

LIFE_S = 600


class Credentials(NamedTuple):
    """Good until `expires_s`, in seconds since 1970."""

    username: str
    password: str
    expires_s: int


def credentials(secret: str, session_digest: str, now_s: int) -> Credentials:
    """Credentials for one session. The user name, which the relay may log, has a digest of the
    session under the secret."""
    key, expires_s = secret.encode(), now_s + LIFE_S
    subject = hmac.digest(key, f"session:{session_digest}".encode(), "sha256").hex()[:16]
    username = f"{expires_s}:{subject}"
    password = hmac.digest(key, username.encode(), "sha1")
    return Credentials(username, base64.b64encode(password).decode(), expires_s)


def has_relay() -> bool:
    return bool(settings.TURN_URLS and settings.TURN_SECRET)


def servers(session_digest: str, now_s: int) -> list[dict[str, Any]]:
    """The `iceServers` for a client's RTCPeerConnection."""
    found: list[dict[str, Any]] = []
    if settings.STUN_URLS:
        found.append({"urls": settings.STUN_URLS})
    if has_relay():
        username, password, _ = credentials(settings.TURN_SECRET, session_digest, now_s)
        found.append({"urls": settings.TURN_URLS, "username": username, "credential": password})
    return found
