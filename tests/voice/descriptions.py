"""Candidates and session descriptions as browsers write them, and what a filtered one shows."""

import re
from functools import lru_cache
from ipaddress import ip_address

from voice.candidates import NOWHERE
from voice.sdp_filter import SdpFilter

RELAY, PUBLIC = "93.184.216.34", "145.97.39.155"
PRIVATE = ["10.0.0.7", "172.16.3.4", "192.168.1.20", "100.64.0.9", "169.254.169.254", "127.0.0.1"]
PRIVATE += ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fd00::7", "ff02::1"]
DISGUISED = ["::ffff:192.168.1.20", "::ffff:8.8.8.8", "64:ff9b::c0a8:114", "2002:c0a8:114::1"]
DISGUISED += ["2001:0:4136:e378:8000:63bf:3fff:fdd2", "::192.168.1.20", "192.88.99.7"]
DISGUISED += ["2a00:1450:4001:82a:0:5efe:c0a8:114", "2a00:1450:4001:82a:200:5efe:c0a8:114"]
DISGUISED += ["3fff::7"]
NAMES = ["4f8a2f9c-1a3e-4e53-8f6d-3a3c1d9a2b77.local", "metadata", "router.lan", "1.2.3"]
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


def check_form(passed: str) -> None:
    """The order of lines of RFC 8866, and no group of a section without its name."""
    kinds = "".join(line[0] for line in passed.splitlines())
    assert re.fullmatch("vosta*mcb*a*", kinds), kinds
    groups = re.findall("a=group:BUNDLE (.*)\r", passed)
    assert set(groups) <= set(re.findall("a=mid:(.*)\r", passed))


def check_description(passed: str) -> None:
    shown = [line for line in passed.split("\r\n") if line.startswith("a=candidate:")]
    assert all(" typ relay raddr 0.0.0.0 rport 0" in line for line in shown)
    found = addresses(passed)
    assert found <= {NOWHERE, RELAY, PUBLIC}
    assert found <= {NOWHERE, *(line.split()[4] for line in shown)}
    sections = [line for line in passed.split("\r\n") if line.startswith("m=")]
    assert [section.split()[0] for section in sections] == ["m=audio"]
    assert RELAY_ONLY.description(passed) == passed


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
