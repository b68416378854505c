"""Which lines of a session description pass the SDP filter, and which cost the whole of it."""

import random

import pytest

from neartalk.codes import Refused
from tests.voice.descriptions import (
    DIRECT,
    MANY,
    PUBLIC,
    RELAY,
    RELAY_ONLY,
    addresses,
    candidate,
    check_description,
    check_form,
    offer,
)
from voice.candidates import NOWHERE
from voice.sdp_filter import CANDIDATES_MAX


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
