"""Which candidates pass the SDP filter: a relay's; and others, and those at home, where chosen."""

from ipaddress import ip_network
from itertools import product

import pytest

from neartalk.codes import Refused
from tests.voice.descriptions import (
    DIRECT,
    DISGUISED,
    MANY,
    NAMES,
    PRIVATE,
    PUBLIC,
    RELAY,
    RELAY_ONLY,
    candidate,
    offer,
)
from voice.addresses import local_allowed
from voice.candidates import NOWHERE
from voice.sdp_filter import SdpFilter

KINDS = ("host", "srflx", "prflx", "relay")


# ---- Candidates ----------------------------------------------------------------------------------


def test_only_a_relays_candidate_passes_and_says_nothing_of_who_is_behind_it() -> None:
    assert [RELAY_ONLY.candidate(one) for one in MANY] == [
        None,
        None,
        f"candidate:2671251592 1 udp 1677729535 {RELAY} 46154 typ relay raddr {NOWHERE} rport 0"
        " generation 0 ufrag Yq2x",
    ]


def test_without_the_shield_public_addresses_pass_and_private_ones_do_not() -> None:
    for kind in KINDS:
        for address in (PUBLIC, "2a00:1450:4001:82a::200e"):
            passed = DIRECT.candidate(candidate(kind, address))
            assert passed
            assert address in passed
            assert "192.168" not in passed
            assert passed.endswith("network-cost 999")


def test_a_foundation_says_what_stands_beside_it_and_nothing_else() -> None:
    srflx = candidate("srflx", PUBLIC)
    digest = srflx.replace("842163049", "8da486d9d6c197b4e10ed3fdf23632ac")
    assert DIRECT.candidate(srflx) == DIRECT.candidate(digest)
    foundations = {(DIRECT.candidate(candidate(kind, PUBLIC)) or "").split()[0] for kind in KINDS}
    assert len(foundations) == len(KINDS)


@pytest.mark.parametrize("address", [*PRIVATE, *DISGUISED, *NAMES])
@pytest.mark.parametrize("kind", ["host", "srflx", "relay"])
def test_no_private_disguised_or_named_address_passes(kind: str, address: str) -> None:
    for shield in (RELAY_ONLY, DIRECT):
        assert shield.candidate(candidate(kind, address)) is None


def test_an_operators_own_networks_count_as_public() -> None:
    own = SdpFilter(relay_only=True, networks=[ip_network("127.0.0.0/8")])
    assert "127.0.0.1 46154 typ relay" in (own.candidate(candidate("relay", "127.0.0.1")) or "")
    assert own.candidate(candidate("host", "127.0.0.1")) is None
    assert own.candidate(candidate("relay", "10.0.0.7")) is None


def test_a_relay_is_reached_by_udp_alone() -> None:
    assert RELAY_ONLY.candidate(candidate("relay", RELAY, "tcp")) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "candidate:",
        candidate("relay", RELAY).replace("46154", "0"),
        candidate("relay", RELAY).replace("46154", "65536"),
        candidate("relay", RELAY).replace("typ relay", "typ relays"),
        candidate("relay", RELAY).replace("udp", "sctp"),
        candidate("relay", RELAY).replace("1677729535", "0"),
        candidate("relay", RELAY).replace("1677729535", "2147483648"),
        candidate("relay", RELAY).replace("842163049", "\N{KELVIN SIGN}"),
        candidate("srflx", PUBLIC).replace("srflx", "\N{LATIN SMALL LETTER LONG S}rflx"),
        candidate("relay", RELAY) + "\r\na=x",
        candidate("relay", RELAY) + " odd",
        candidate("relay", RELAY).replace("ufrag Yq2x", "ufrag ::"),
        candidate("relay", RELAY) + " generation 0" * 40,
    ],
)
def test_a_malformed_candidate_is_refused(wrong: str) -> None:
    for shield in (RELAY_ONLY, DIRECT):
        with pytest.raises(Refused, match="bad-candidate"):
            shield.candidate(wrong)


# ---- Networks at home ----------------------------------------------------------------------------

AT_HOME = SdpFilter(relay_only=False, local=True)
LOCAL_ADDRESSES = ["10.0.0.7", "172.16.3.4", "192.168.1.20", "127.0.0.1", "::1", "fd00::7"]
LOCAL_ADDRESSES += ["100.64.0.9", "192.0.2.2", "198.18.0.1", "2001:db8::7"]
MDNS = "4f8a2f9c-1a3e-4e53-8f6d-3a3c1d9a2b77.local"


@pytest.mark.parametrize(
    ("direct", "debug", "named", "allowed"),
    [
        (direct, debug, named, direct and (debug or named))
        for direct, debug, named in product((False, True), repeat=3)
    ],
)
def test_addresses_at_home_are_told_only_where_both_chose_to_and_the_server_is_meant_for_it(
    direct: bool, debug: bool, named: bool, allowed: bool
) -> None:
    assert local_allowed(direct=direct, debug=debug, named=named) is allowed
    assert local_allowed(direct=True, debug=False, named=False) is False, "as an operator has it"


@pytest.mark.parametrize("address", [*LOCAL_ADDRESSES, MDNS, MDNS.upper()])
def test_a_device_at_home_is_told_by_its_address_or_its_name_and_by_nothing_else(
    address: str,
) -> None:
    passed = AT_HOME.candidate(candidate("host", address)) or ""
    assert f" {address.lower()} 46154 typ host" in passed
    assert AT_HOME.candidate(passed.replace("candidate:", "candidate:1", 1)) == passed
    assert AT_HOME.description(offer(candidate("host", address))).count("a=candidate:") == 1
    for kind in ("srflx", "prflx", "relay"):
        assert AT_HOME.candidate(candidate(kind, address)) is None
    shielded = SdpFilter(relay_only=True, local=True)
    for shield in (shielded, DIRECT):
        assert shield.candidate(candidate("host", address)) is None
        assert "a=candidate:" not in shield.description(offer(candidate("host", address)))


@pytest.mark.parametrize(
    "address",
    [
        *sorted({*PRIVATE} - {*LOCAL_ADDRESSES}),
        *DISGUISED,
        *(
            "metadata",
            "router.lan",
            "1.2.3",
            "printer.local",
            f"x{MDNS}",
            f"{MDNS}.",
            f"{MDNS}.evil",
        ),
        *(MDNS.replace("4f8a", "4f8g"), MDNS.replace("-", ""), "127.0.0.1.local"),
    ],
)
def test_at_home_no_other_address_and_no_other_name_is_told(address: str) -> None:
    assert AT_HOME.candidate(candidate("host", address)) is None
