"""By what a push service knows who sends: keys of VAPID (RFC 8292)."""

import time
from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

LIFE_S = 12 * 3600
# A signature is of use for so long: a push service may hold it for stale in its last hours.
FRESH_S = 3600
ORIGINS_MAX = 64


def encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def new_private_key() -> str:
    """32 random octets that are a key of P-256, in base64url."""
    value = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return encoded(value.to_bytes(32, "big"))


class VapidKeys:
    """`public_key` is what browsers subscribe with."""

    def __init__(self, private_key: str, subject: str) -> None:
        self.vapid = Vapid02.from_raw(private_key.encode())
        self.subject = subject
        point = self.vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public_key = encoded(point)
        self.signed: dict[str, tuple[float, str]] = {}

    def authorization(self, origin: str) -> str:
        """The header that says who sends, to one push service."""
        now = time.time()
        signed_at, header = self.signed.get(origin, (0.0, ""))
        if not 0 <= now - signed_at < FRESH_S:
            claims = {"aud": origin, "exp": int(now) + LIFE_S, "sub": self.subject}
            header = self.vapid.sign(claims)["Authorization"]
            if len(self.signed) >= ORIGINS_MAX:
                self.signed.clear()
            self.signed[origin] = now, header
        return header
