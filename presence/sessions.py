"""Session keys: 256 bits in a cookie or a bearer token, of which only the digest is kept.

Beside it a browser has a random number for as long as a ban may last, by which one holds for the
device; of that too only the digest is kept, with the session.
"""

import hashlib
import random
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from neartalk.codes import Refused
from neartalk.http import cookies_of, own_origin
from neartalk.records import Sanctions
from presence import names
from presence.geo import Roughness
from presence.registry import Registry
from presence.values import Session, person_id_of

KEY = re.compile(r"[A-Za-z0-9_-]{43}")
BEARER = "bearer "
DEVICE = re.compile(r"[0-9a-f]{32}")
# Longer than the longest ban (sanctions.LONGEST): each visit begins it anew.
DEVICE_S = 90 * 24 * 3600


def cookie_name() -> str:
    """Behind TLS the prefix binds the cookie to this very host (RFC 6265bis, 4.1.3.2)."""
    return "__Host-neartalk" if settings.HTTPS else "neartalk"


def device_name() -> str:
    return "__Host-device" if settings.HTTPS else "device"


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class Sessions:
    """Finds the session of a request or a socket by the key that it carries."""

    def __init__(
        self,
        registry: Registry,
        sanctions: Sanctions,
        settles: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """`settles` says whether sessions may be missing for now, and come back."""
        self.registry = registry
        self.sanctions = sanctions
        self.settles = settles

    async def open(
        self,
        name: str | None,
        *,
        device: str | None = None,
        origin: str = "",
        roughness: Roughness = Roughness.BLOCK,
        language: str = "en",
    ) -> tuple[str, Session]:
        """A new session under this name or a generated one of this language, and its key: 32
        random bytes, base64url."""
        key = secrets.token_urlsafe(32)
        chosen = name or names.generate(random.SystemRandom(), language)
        known = digest_of(device) if device else ""
        digest = digest_of(key)
        return key, await self.registry.open(
            digest, chosen, device=known, origin=origin, roughness=roughness
        )

    async def of_key(self, key: str | None) -> Session:
        """Raises Refused: `session-unknown` for a key missing, malformed, unknown or expired,
        `banned` also where the session is over, `store-unavailable` where it may come back.
        """
        if not key or not KEY.fullmatch(key):
            raise Refused("session-unknown")
        digest = digest_of(key)
        session = await self.registry.get(digest)
        self.sanctions.refuse_banned(person_id_of(digest), session.device if session else "")
        if session is None:
            if self.settles and await self.settles():
                raise Refused("store-unavailable", retry_after=2)
            raise Refused("session-unknown")
        return session

    async def of_request(self, request: HttpRequest) -> Session:
        return await self.of_key(key_of(request))

    async def of_scope(self, scope: Mapping[str, Any]) -> Session:
        """The session of a socket: a bearer needs no Origin, a cookie needs one of ours.

        Raises Refused: `foreign-origin`, `session-unknown`.
        """
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        bearer = headers.get(b"authorization", "")
        if bearer[: len(BEARER)].lower() == BEARER:
            return await self.of_key(bearer[len(BEARER) :].strip())
        key = cookie_in(headers.get(b"cookie", ""))
        from_a_browser = key or b"origin" in headers
        if from_a_browser and not own_origin(headers.get(b"origin", ""), headers.get(b"host", "")):
            raise Refused("foreign-origin")
        return await self.of_key(key)

    def refuse_banned(self, request: HttpRequest) -> None:
        """Checks a request that may have no session yet. Raises Refused: `banned`."""
        device, key = device_of(request), key_of(request)
        self.sanctions.refuse_banned(
            person_id_of(digest_of(key)) if key else "", digest_of(device) if device else ""
        )


async def why_over(sanctions: Sanctions, session: Session) -> Refused:
    """Why another process closed a session: it may have read of a ban before this one did."""
    await sanctions.sync.sync_briefly()
    row = sanctions.banned(session.person.person_id, session.device)
    return sanctions.refusal(row) if row else Refused("left")


def key_of(request: HttpRequest) -> str | None:
    header = request.headers.get("authorization", "")
    if header[: len(BEARER)].lower() == BEARER:
        return header[len(BEARER) :].strip()
    return request.COOKIES.get(cookie_name())


def device_of(request: HttpRequest) -> str | None:
    """The random number of the device; None if it has none, or one that we did not make."""
    found = request.COOKIES.get(device_name(), "")
    return found if DEVICE.fullmatch(found) else None


def new_device() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def cookie_in(header: str) -> str | None:
    return cookies_of(header).get(cookie_name())


def keep(response: HttpResponse, key: str, device: str) -> None:
    """Sets the cookies: the key for the browser session only, as sockets cannot renew it."""
    for name, value, seconds in ((cookie_name(), key, None), (device_name(), device, DEVICE_S)):
        response.set_cookie(
            name, value, max_age=seconds, httponly=True, samesite="Lax", secure=settings.HTTPS
        )
