"""No address but a relay's passes the SDP filter, whatever is sent: offers mutated by chance."""

import random
from ipaddress import ip_address

from neartalk.codes import Refused
from tests.voice.descriptions import (
    DISGUISED,
    MANY,
    NAMES,
    PRIVATE,
    PUBLIC,
    RELAY,
    RELAY_ONLY,
    addresses,
    check_description,
    check_form,
    offer,
)
from voice.candidates import NOWHERE

SCRAPS = [*PRIVATE, *DISGUISED, *NAMES, PUBLIC, RELAY, "typ relay", "typ host", "raddr"]
SCRAPS += ["a=", "m=audio 9 UDP/TLS/RTP/SAVPF 0", "m=video", "c=IN IP4 ", "a=candidate:", "\r\n"]
SCRAPS += [*" .:%\t\n\r\u2028", "relay", "host", "candidate:1 1 udp 1 ", " 9 typ relay"]


def mutated(text: str, rng: random.Random) -> str:
    """With up to eight pieces of it replaced by scraps, or by whatever characters there are."""
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        codes = (rng.randrange(rng.choice((128, 0x3000))) for _ in range(rng.randint(0, 4)))
        instead = rng.choice((rng.choice(SCRAPS), "".join(map(chr, codes))))
        start = rng.randint(0, len(text))
        text = text[:start] + instead + text[start + rng.randint(0, 40) :]
    return text


def test_of_10_000_mutated_descriptions_none_shows_an_address_that_is_not_a_relays() -> None:
    whole, passed = offer(*MANY), 0
    for seed in range(10_000):
        text = mutated(whole, random.Random(seed))
        found = passed_description(text)
        if found is not None:
            check_form(found)
            check_description(found)
            passed += 1
    assert passed > 3_000, "most of what is mutated is refused, but not all"


def passed_description(text: str) -> str | None:
    """What of a description is passed on; None if it is refused."""
    try:
        return RELAY_ONLY.description(text)
    except Refused:
        return None


def test_of_10_000_mutated_candidates_none_shows_an_address_that_is_not_a_relays() -> None:
    passed = 0
    for seed in range(10_000):
        rng = random.Random(seed)
        found = passed_candidate(mutated(rng.choice(MANY), rng))
        if found is not None:
            check_candidate(found)
            passed += 1
    assert passed > 100, "most of what is mutated is refused, but not all"


def passed_candidate(text: str) -> str | None:
    """What of a candidate is passed on; None if nothing is, or if it is refused."""
    try:
        return RELAY_ONLY.candidate(text)
    except Refused:
        return None


def check_candidate(passed: str) -> None:
    assert " typ relay raddr 0.0.0.0 rport 0" in passed
    assert addresses(passed) <= {NOWHERE, passed.split()[4]}
    assert ip_address(passed.split()[4]).is_global
    assert RELAY_ONLY.candidate(passed) == passed
