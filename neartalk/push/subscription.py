"""Pure: by what a browser is reached that subscribed to pushes."""

import base64
import binascii
import re
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

ENDPOINT_MAX = 1024
AUTH_BYTES = 16
ENCODED = re.compile(r"[A-Za-z0-9_-]{1,128}={0,2}")


class PushSubscription(NamedTuple):
    """Where a push goes, what it is encrypted with, and whether it may hold what was said."""

    endpoint: str
    p256dh: str
    auth: str
    with_text: bool = False

    def __repr__(self) -> str:
        """Whoever has it may reach somebody's device: in no line and no error."""
        return "PushSubscription(...)"


def is_subscription(push: PushSubscription) -> bool:
    """Whether its keys are keys, and its endpoint is no longer than any is."""
    if not push.endpoint or len(push.endpoint) > ENDPOINT_MAX:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(push.p256dh))
        return len(decoded(push.auth)) == AUTH_BYTES
    except ValueError:
        return False


def decoded(text: str) -> bytes:
    """Raises ValueError."""
    if not ENCODED.fullmatch(text):
        raise ValueError("not base64url")
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except binascii.Error as why:
        raise ValueError("not base64url") from why
