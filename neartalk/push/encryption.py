"""Pure: a payload that one browser alone reads (RFC 8291)."""

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec

from neartalk.push.subscription import PushSubscription, decoded

# All are as long: a push service sees of none how much it says. A record of 4096 octets holds it.
PAYLOAD_BYTES = 1024


def sealed(push: PushSubscription, payload: bytes) -> bytes:
    """The payload, a JSON object of at most `PAYLOAD_BYTES`, filled with spaces and encrypted.

    Raises ValueError: it is longer.
    """
    if len(payload) > PAYLOAD_BYTES:
        raise ValueError("too long for a push")
    return http_ece.encrypt(  # type: ignore[no-any-return]
        payload.ljust(PAYLOAD_BYTES),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decoded(push.p256dh),
        auth_secret=decoded(push.auth),
        version="aes128gcm",
    )
