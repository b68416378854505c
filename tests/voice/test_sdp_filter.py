"""What passes the SDP filter: audio, and no address but a relay's, whatever is sent."""

import random
import re
from functools import lru_cache
from ipaddress import ip_address, ip_network
from itertools import product

import pytest

from neartalk.codes import Refused
from voice.addresses import local_allowed
from voice.candidates import NOWHERE
from voice.formats import known_format
from voice.sdp_filter import CANDIDATES_MAX, SdpFilter

RELAY, PUBLIC = "93.184.216.34", "145.97.39.155"
PRIVATE = ["10.0.0.7", "172.16.3.4", "192.168.1.20", "100.64.0.9", "169.254.169.254", "127.0.0.1"]
PRIVATE += ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fd00::7", "ff02::1"]
DISGUISED = ["::ffff:192.168.1.20", "::ffff:8.8.8.8", "64:ff9b::c0a8:114", "2002:c0a8:114::1"]
DISGUISED += ["2001:0:4136:e378:8000:63bf:3fff:fdd2", "::192.168.1.20", "192.88.99.7"]
DISGUISED += ["2a00:1450:4001:82a:0:5efe:c0a8:114", "2a00:1450:4001:82a:200:5efe:c0a8:114"]
DISGUISED += ["3fff::7"]
NAMES = ["4f8a2f9c-1a3e-4e53-8f6d-3a3c1d9a2b77.local", "metadata", "router.lan", "1.2.3"]

KINDS = ("host", "srflx", "prflx", "relay")
RELAY_ONLY, DIRECT = SdpFilter(relay_only=True), SdpFilter(relay_only=False)


def candidate(kind: str, address: str, transport: str = "udp") -> str:
    behind = "" if kind == "host" else " raddr 192.168.1.20 rport 54321"
    return (
        f"candidate:842163049 1 {transport} 1677729535 {address} 46154 typ {kind}{behind}"
        " generation 0 ufrag Yq2x network-cost 999"
    )


def offer(*candidates: str) -> str:
    """An offer as browsers write it."""
    lines = [
        "v=0",
        f"o=- 4611731400430051336 2 IN IP4 {PUBLIC}",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS stream-1",
        "m=audio 54321 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
        f"c=IN IP4 {PUBLIC}",
        f"a=rtcp:9 IN IP4 {PUBLIC}",
        *(f"a={one}" for one in candidates),
        "a=ice-ufrag:Yq2x",
        "a=ice-pwd:by5GZGG1lw+040DWA6hXM5Bz",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {':'.join(['7B'] * 32)}",
        "a=setup:actpass",
        "a=mid:0",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=sendrecv",
        "a=msid:stream-1 6a1e7a3e-6d0f-4c0c-9a43-0b1b1d7d6e55",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp-fb:111 transport-cc",
        "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1",
        "a=rtpmap:126 telephone-event/8000",
        "a=ssrc:3735928559 cname:o/i14u9pJrxRKAsu",
    ]
    return "".join(f"{line}\r\n" for line in lines)


MANY = (candidate("host", "192.168.1.20"), candidate("srflx", PUBLIC), candidate("relay", RELAY))


# ---- Candidates --------------------------------------------------------------------------------


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


# ---- Networks at home --------------------------------------------------------------------------

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


# ---- What is asked of an encoder ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "passed"),
    [
        ("111 minptime=10;useinbandfec=1;usedtx=1", "111 minptime=10;useinbandfec=1;usedtx=1"),
        ("111 maxaveragebitrate=24000;stereo=0", "111 maxaveragebitrate=24000;stereo=0"),
        ("111 maxaveragebitrate=510000", "111 maxaveragebitrate=32000"),
        ("111 maxaveragebitrate=1", "111 maxaveragebitrate=6000"),
        (
            "109 maxplaybackrate=48000;stereo=1;useinbandfec=1",
            "109 maxplaybackrate=48000;useinbandfec=1",
        ),
        ("111 stereo=1; sprop-stereo=1 ;usedtx=1", "111 usedtx=1"),
        ("111 usedtx=1;usedtx=0;new=1;useinbandfec=2", "111 usedtx=1"),
        ("63 111/111", "63 111/111"),
        ("101 0-15", "101 0-15"),
        ("111 stereo=1", None),
        ("111 x-google-max-bitrate=2000", None),
        ("96 level-asymmetry-allowed=1;packetization-mode=1", None),
    ],
)
def test_one_may_ask_for_speech_and_not_for_more_of_anothers_uplink(
    asked: str, passed: str | None
) -> None:
    assert known_format(asked) == passed
    line = "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n"
    for shield in (RELAY_ONLY, DIRECT):
        described = shield.description(offer().replace(line, f"a=fmtp:{asked}\r\n"))
        assert re.findall("a=fmtp:(.*)\r", described) == ([passed] if passed else [])


@pytest.mark.parametrize(
    ("line", "passed"),
    [
        *[("b=AS:24", "b=AS:24"), ("b=AS:510", "b=AS:32"), ("b=TIAS:24000", "b=TIAS:24000")],
        *[("b=TIAS:510000", "b=TIAS:32000"), ("b=AS:999999999", "b=AS:32"), ("b=CT:128", None)],
        *[("a=ptime:40", "a=ptime:40"), ("a=ptime:20", "a=ptime:20"), ("a=ptime:3", None)],
        *[("a=maxptime:120", "a=maxptime:120"), ("a=maxptime:10", None), ("a=ptime:121", None)],
    ],
)
def test_bandwidths_and_packets_are_those_of_speech(line: str, passed: str | None) -> None:
    described = RELAY_ONLY.description(f"{offer()}{line}\r\n")
    found = [one for one in described.split("\r\n") if re.match("b=|a=(?:max)?ptime", one)]
    assert found == ([passed] if passed else [])


# ---- Descriptions ------------------------------------------------------------------------------


def test_a_browsers_offer_passes_with_all_that_audio_needs() -> None:
    passed = RELAY_ONLY.description(offer(*MANY))
    kept = ["opus/48000/2", "useinbandfec=1;usedtx=1", "ice-ufrag:Yq2x", "setup:actpass", "mid:0"]
    assert all(words in passed for words in kept)
    assert passed.count("a=candidate:") == 1
    assert addresses(passed) == {RELAY, NOWHERE}
    assert RELAY_ONLY.description(passed) == passed


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("a=fingerprint:sha-256", "a=fingerprint:SHA-256"),
        ("a=setup:actpass", "a=setup:ACTPASS"),
        ("a=setup:actpass", "a=setup:actpass \t"),
        ("a=mid:0", "a=mid:0 "),
        ("7B:7B", "7b:7B"),
        ("ufrag Yq2x network-cost", "new_ext 2.0 ufrag Yq2x network-cost"),
    ],
)
def test_case_and_spaces_at_the_end_where_they_mean_nothing_change_nothing(
    line: str, instead: str
) -> None:
    for shield in (RELAY_ONLY, DIRECT):
        other = offer(*MANY).replace(line, instead)
        assert other != offer(*MANY)
        passed = shield.description(other)
        assert passed == shield.description(offer(*MANY))
        assert f"a=fingerprint:sha-256 {':'.join(['7B'] * 32)}\r\n" in passed


def test_without_the_shield_public_candidates_are_all_that_is_said_of_a_place() -> None:
    passed = DIRECT.description(offer(*MANY))
    assert passed.count("a=candidate:") == 2
    assert addresses(passed) == {RELAY, PUBLIC, NOWHERE}


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "v=0\r\n",
        offer().replace("m=audio", "m=video"),
        offer().replace("UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP"),
        offer() + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n",
        offer() + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
        offer().replace("a=fingerprint", "a=thumbprint"),
        offer() + "a=ssrc:1 cname:same\r\n" * 400,
        offer().replace("a=ice-ufrag:Yq2x", "a=ice-ufrag:Yq.2x"),
        offer().replace("a=setup:actpass", "a=setup:holdconn"),
        offer().replace("SAVPF 111 63 9 0 8 13 110 126", "SAVPF opus"),
        offer().replace("v=0", "v=1"),
    ],
)
def test_what_is_not_one_audio_section_is_refused(wrong: str) -> None:
    for shield in (RELAY_ONLY, DIRECT):
        with pytest.raises(Refused, match="bad-sdp"):
            shield.description(wrong)


def test_a_description_with_no_more_than_a_call_needs_passes() -> None:
    needed = ("a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:")
    kept = [
        line
        for line in offer().splitlines()
        if not line.startswith("a=") or line.startswith(needed)
    ]
    passed = RELAY_ONLY.description("\r\n".join(kept))
    assert [line for line in passed.splitlines() if line.startswith("a=")] == kept[-len(needed) :]


LEFT_OUT = [
    "",
    " ",
    "nonsense",
    "x=1",
    "i=A call",
    "e=ana@example.org",
    "k=clear:secret",
    "a=",
    "a",
    "a=\x00",
    "a=sendrecv:now",
    "a=late:1",
    "a=mid:0 10.0.0.7",
    "a=ptime:\N{ARABIC-INDIC DIGIT ONE}",
    "a=ptime:20.5",
    "a=maxptime:",
    "a=rtcp-mux-only",
    "a=rtcp-fb:111 nack;pli",
    "a=rtpmap:111 opus/48000/2/1",
    "a=fmtp:111 sprop-stereo=1,useinbandfec=1",
    "a=extmap:2 1.2.3.4",
    "a=extmap:2 fe80::1",
    f"a=extmap:2 {PUBLIC}:80",
    f"a=extmap:2 http://{PUBLIC}:80/",
    "a=extmap:300/sendonly urn:ietf:params:rtp-hdrext:new encrypted",
    "a=fingerprint:sha-1 7B:7B",
    "a=fingerprint:sha3-256 7B",
    "a=ice-options:trickle renomination,ice2",
    "a=ssrc:1 mslabel:stream-1",
    "a=ssrc-group:FID 1 2",
    "a=candidate:x",
    "a=candidate:1 1 sctp 1677729535 93.184.216.34 46154 typ relay",
    "a=candidate:1 3 udp 1677729535 93.184.216.34 46154 typ relay",
    "a=candidate:1 1 udp 1677729535 93.184.216.34 46154 typ relay ufrag ::",
    "a=msid:\N{KELVIN SIGN}",
    "b=AS",
    "b=RS:0",
    "b=AS:64kbit",
    "c=IN IP4 10.0.0.7",
    "o=- 1 2 IN IP4 0.0.0.0",
    "v=0",
    "s=later",
    "t=1 2",
    "z=0 0",
    f"a=rtcp:9 IN IP4 {PUBLIC}",
]


@pytest.mark.parametrize("line", LEFT_OUT)
@pytest.mark.parametrize(
    "where", ["t=0 0", "a=rtcp-mux", "a=ssrc:3735928559 cname:o/i14u9pJrxRKAsu"]
)
def test_a_line_of_an_unknown_kind_or_form_is_left_out_and_not_the_call(
    line: str, where: str
) -> None:
    for shield in (RELAY_ONLY, DIRECT):
        odd = offer(*MANY).replace(f"{where}\r\n", f"{where}\r\n{line}\r\n")
        assert shield.description(odd) == shield.description(offer(*MANY))


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("o=- 4611731400430051336 2 IN IP4 145.97.39.155", "o=ana 2890844526 IN IP4 host.example"),
        ("o=- 4611731400430051336 2 IN IP4 145.97.39.155", "x=- 1 2 IN IP4 0.0.0.0"),
        ("s=-", "s="),
        ("t=0 0", "t=now"),
        ("t=0 0", "t=0 0\r\nb=AS:64"),
        ("a=group:BUNDLE 0", "a=group:BUNDLE 0 1"),
        ("a=group:BUNDLE 0", "a=group:LS 0"),
        ("a=mid:0", "a=mid:0 10.0.0.7"),
        ("a=mid:0", "a=mid:ge:0"),
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 opus"),
        ("a=ice-options:trickle", "a=ice-options:"),
        ("m=audio 54321 UDP/TLS/RTP/SAVPF 111", "m=audio 54321/2 TCP/DTLS/RTP/SAVPF 111"),
        ("m=audio 54321 UDP/TLS/RTP/SAVPF 111", "m=audio 9 RTP/SAVPF 111"),
        ("m=audio 54321 UDP/TLS/RTP/SAVPF 111", "m=audio 54321 RTP/SAVPF opus/48000 111"),
    ],
)
def test_a_known_line_in_a_new_form_costs_the_line_and_not_the_call(
    line: str, instead: str
) -> None:
    for shield in (RELAY_ONLY, DIRECT):
        assert line in offer()
        passed = shield.description(offer(*MANY).replace(line, instead))
        check_form(passed)
        assert addresses(passed) <= {RELAY, PUBLIC, NOWHERE}
        assert "m=" in instead or not {*instead.split("\r\n")[-1:]} & {*passed.split("\r\n")}
        assert shield.description(passed) == passed


def check_form(passed: str) -> None:
    """The order of lines of RFC 8866, and no group of a section without its name."""
    kinds = "".join(line[0] for line in passed.splitlines())
    assert re.fullmatch("vosta*mcb*a*", kinds), kinds
    groups = re.findall("a=group:BUNDLE (.*)\r", passed)
    assert set(groups) <= set(re.findall("a=mid:(.*)\r", passed))


@pytest.mark.parametrize("name", ["fd::c", "a-fe::b", "::a"])
def test_a_known_line_in_which_an_address_stands_is_left_out(name: str) -> None:
    extension = "a=extmap:7 urn:ietf:params:rtp-hdrext:"
    described = offer(*MANY) + f"{extension}-{name}\r\n{extension}sdes:mid\r\n"
    passed = DIRECT.description(described)
    assert name not in passed
    assert f"{extension}sdes:mid\r\n" in passed


def test_candidates_past_the_most_are_left_out() -> None:
    many = offer(*[candidate("relay", RELAY)] * (CANDIDATES_MAX + 1))
    assert RELAY_ONLY.description(many).count("a=candidate:") == CANDIDATES_MAX


def test_lines_may_end_with_a_line_feed_alone() -> None:
    assert RELAY_ONLY.description(offer().replace("\r\n", "\n")) == RELAY_ONLY.description(offer())


def test_a_line_lost_at_random_costs_the_call_only_where_nothing_could_be_heard() -> None:
    """Every line but those that a connection cannot be without, in a form nobody has seen."""
    lines = offer(*MANY).split("\r\n")[:-1]
    needed = ("v=", "m=", "a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup")
    for seed in range(2_000):
        rng = random.Random(seed)
        turn = rng.choice([at for at, line in enumerate(lines) if not line.startswith(needed)])
        cut = rng.randint(2, len(lines[turn]))
        odd = "".join(chr(rng.randrange(32, 0x3000)) for _ in range(rng.randint(1, 20)))
        kept = [*lines[:turn], lines[turn][:cut] + odd, *lines[turn + 1 :]]
        passed = RELAY_ONLY.description("\r\n".join(kept))
        check_form(passed)
        check_description(passed)


# ---- Whatever is sent --------------------------------------------------------------------------

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


def addresses(text: str) -> set[str]:
    found: set[str] = set()
    for word in re.split(r"[^0-9A-Za-z.:]+", text.replace("a=", " ").replace("m=", " ")):
        found |= addresses_in(word)
    return found


@lru_cache(10_000)
def addresses_in(word: str) -> frozenset[str]:
    """Itself or what is behind its colon. Ten thousand texts are of the same few words."""
    found = set()
    for part in {word, word.partition(":")[2]}:
        try:
            found.add(str(ip_address(part)))
        except ValueError:
            continue
    return frozenset(found)


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


def check_description(passed: str) -> None:
    shown = [line for line in passed.split("\r\n") if line.startswith("a=candidate:")]
    assert all(" typ relay raddr 0.0.0.0 rport 0" in line for line in shown)
    found = addresses(passed)
    assert found <= {NOWHERE, RELAY, PUBLIC}
    assert found <= {NOWHERE, *(line.split()[4] for line in shown)}
    sections = [line for line in passed.split("\r\n") if line.startswith("m=")]
    assert [section.split()[0] for section in sections] == ["m=audio"]
    assert RELAY_ONLY.description(passed) == passed


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
