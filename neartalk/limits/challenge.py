"""A price that a device pays by work: challenges by the ALTCHA scheme (version 2, PBKDF2/SHA-256),
and what a solution of one is worth. Pure but for chance.

Browsers derive keys natively, about as fast as any program: whoever writes one gains little over
a phone. A single SHA-256 a try would be dear to a page and all but free to a program.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from altcha import Payload, create_challenge, verify_solution
from django.utils.crypto import salted_hmac

from neartalk.clock import APART_MS
from neartalk.codes import Refused

ALGORITHM = "PBKDF2/SHA-256"
# Iterations of a try, and how many tries a middling phone does in a second: less than a quarter of
# what Chromium does on one core of the server of bench/PRICE.md.
ITERATIONS = 2_000
TRIES_S = 720
# A challenge lives two minutes, or until a phone that is so much slower than a middling one has
# done the most tries on one core, and a while longer.
LIFE_MS, SLOWER, SPARE_MS = 120_000, 4, 30_000
# The largest solution that is read; ours has some 900 characters.
SOLUTION_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Paid:
    """A solution that is right: milliseconds of a middling phone, and by what it is known, so that
    it counts once."""

    price_ms: int
    nonce: str


def life_of(price_ms: int) -> int:
    """How long a challenge of a price lives, in milliseconds."""
    return max(LIFE_MS, 2 * SLOWER * price_ms + SPARE_MS)


def new_challenge(price_ms: int, origin: str, now_ms: int) -> dict[str, Any]:
    """A challenge that costs so much on average, as the scheme has it; `data` says how much, and
    the largest `counter` that it may need. It holds for this digest of a network, which does not
    stand in it. Deriving its key takes a millisecond.
    """
    most = max(1, 2 * price_ms * TRIES_S // 1000)
    made = create_challenge(
        ALGORITHM,
        ITERATIONS,
        counter=1 + secrets.randbelow(most),
        expires_at=(now_ms + life_of(price_ms)) // 1000,
        data={"most": most, "price_ms": price_ms},
        hmac_secret=signing_key(origin),
        hmac_key_secret=answer_key(origin),
    )
    return dict(made.to_dict())


def read_solution(solution: str, origin: str, now_ms: int) -> Paid:
    """What a solution is worth that comes from a network, by the signatures alone.

    Raises Refused: `work-wrong`, `work-late`.
    """
    payload = payload_of(solution)
    found = verify_solution(payload, signing_key(origin), hmac_key_secret=answer_key(origin))
    if found.expired:
        raise Refused("work-late")
    if not found.verified:
        raise Refused("work-wrong")
    # From here on it is as it was signed.
    parameters: Any = payload.challenge.parameters
    paid = Paid(parameters.data["price_ms"], parameters.nonce)
    latest_ms = now_ms + life_of(paid.price_ms) + APART_MS
    if not now_ms // 1000 < parameters.expires_at <= latest_ms // 1000:
        raise Refused("work-late")
    return paid


def payload_of(solution: str) -> Payload:
    """Raises Refused: `work-wrong` for what is no solution at all."""
    if len(solution) > SOLUTION_MAX:
        raise Refused("work-wrong")
    try:
        return Payload.from_base64(solution)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as why:
        raise Refused("work-wrong") from why


def signing_key(origin: str) -> bytes:
    return salted_hmac("neartalk.challenge", origin, algorithm="sha256").digest()


def answer_key(origin: str) -> bytes:
    return salted_hmac("neartalk.challenge.answer", origin, algorithm="sha256").digest()
