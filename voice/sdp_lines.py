"""The lines of a session description, taken apart by their grammar (SDP: RFC 8866; audio in WebRTC:
RFC 8829). Pure.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from neartalk.codes import Refused
from voice.addresses import parsed
from voice.candidates import NOWHERE
from voice.formats import known_bandwidth, known_format

DESCRIPTION_MAX = 8_192

FORMATS_MAX = 32

ORIGIN = re.compile(r"o=\S{1,64} ([0-9]{1,20}) ([0-9]{1,20}) IN \S{1,8} \S{1,253}")
# Every name of the one protocol there is (RFC 8829, 5.1.2).
MEDIA = re.compile(r"m=audio [0-9/]{1,11} (?:UDP/TLS/|TCP/DTLS/|TCP/TLS/)?RTP/SAVPF((?: \S+)+)")
FORMAT = re.compile(r"(?<= )[0-9]{1,3}(?!\S)")
BANDWIDTH = re.compile(r"b=(?:AS|TIAS):[0-9]{1,9}")
GROUP = "a=group:BUNDLE "
FLAG = re.compile("")
WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Milliseconds of sound in a packet: with fewer, headers are more than half of what is sent.
PACKET_MS = re.compile(r"[2-9][0-9]|1[01][0-9]|120")
ATTRIBUTES = {
    "end-of-candidates": FLAG,
    "extmap": re.compile(
        r"[0-9]{1,3}(?:/[a-z]{8})? (?:urn:ietf:params:rtp-hdrext:[a-z:-]{1,40}"
        r"|http://www\.(?:ietf|webrtc)\.org/[A-Za-z0-9/_-]{1,100})"
    ),
    "extmap-allow-mixed": FLAG,
    "fingerprint": re.compile(r"(?i:sha)-(?:256|384|512) (?:[0-9A-Fa-f]{2}:){31,63}[0-9A-Fa-f]{2}"),
    "fmtp": re.compile(r"[0-9]{1,3} [A-Za-z0-9=;/ _-]{1,200}"),
    "group": re.compile(r"BUNDLE [A-Za-z0-9_-]{1,64}"),
    "ice-options": re.compile(r"[a-z0-9 ]{1,40}"),
    "ice-pwd": re.compile(r"[A-Za-z0-9+/]{22,256}"),
    "ice-ufrag": re.compile(r"[A-Za-z0-9+/]{4,256}"),
    "inactive": FLAG,
    "maxptime": PACKET_MS,
    "mid": WORD,
    "msid": re.compile(r"[A-Za-z0-9{}+/_-]{1,80}(?: [A-Za-z0-9{}+/_-]{1,80})?"),
    "msid-semantic": re.compile(r" ?WMS(?: [A-Za-z0-9{}*+/_-]{1,80})*"),
    "ptime": PACKET_MS,
    "recvonly": FLAG,
    "rtcp-fb": re.compile(r"(?:[0-9]{1,3}|\*) [A-Za-z0-9 _-]{1,60}"),
    "rtcp-mux": FLAG,
    "rtcp-rsize": FLAG,
    "rtpmap": re.compile(r"[0-9]{1,3} [A-Za-z0-9_-]{1,40}/[0-9]{1,6}(?:/[0-9])?"),
    "sendonly": FLAG,
    "sendrecv": FLAG,
    "setup": re.compile(r"(?i:actpass|active|passive)", re.ASCII),
    "ssrc": re.compile(r"[0-9]{1,10} (?:cname|msid):[A-Za-z0-9{}+/ _-]{1,160}"),
}
LITERAL = re.compile(r"[0-9A-Fa-f.:]*[.:][0-9A-Fa-f.:]*")


def sections_of(raw: str) -> tuple[list[str], str, list[str]]:
    """The lines of the session, the line of its one media section anew, and the lines of that
    section. Raises Refused: `bad-sdp`."""
    if len(raw) > DESCRIPTION_MAX:
        raise Refused("bad-sdp")
    lines = [line.rstrip("\r \t") for line in raw.split("\n")]
    media = [turn for turn, line in enumerate(lines) if line.startswith("m=")]
    if lines[0] != "v=0" or len(media) != 1:
        raise Refused("bad-sdp")
    found = MEDIA.fullmatch(lines[media[0]])
    formats = FORMAT.findall(found[1])[:FORMATS_MAX] if found else []
    if not formats:
        raise Refused("bad-sdp")
    anew = f"m=audio 9 UDP/TLS/RTP/SAVPF {' '.join(formats)}"
    return [*printable(lines[: media[0]])], anew, [*printable(lines[media[0] + 1 :])]


def printable(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if line.isascii() and line.isprintable())


def origin_of(lines: Iterable[str]) -> str:
    """The origin with the ids of the first that has a known form: a reader compares its version."""
    found = next(filter(None, map(ORIGIN.fullmatch, lines)), None)
    ids = f"{found[1]} {found[2]}" if found else "1 1"
    return f"o=- {ids} IN IP4 {NOWHERE}"


def bandwidths(lines: Iterable[str]) -> Iterator[str]:
    return (known_bandwidth(line) for line in lines if BANDWIDTH.fullmatch(line))


def grouped(lines: Iterable[str], mids: Collection[str]) -> Iterator[str]:
    """A group whose section lost its name would be an error to browsers."""
    for line in lines:
        if not line.startswith(GROUP) or line.removeprefix(GROUP) in mids:
            yield line


def shows_address(line: str) -> bool:
    """Whether an address stands in a line, however it got there."""
    literals = LITERAL.findall(line)
    return any(each != NOWHERE and parsed(each) is not None for each in literals)


def known_attribute(name: str, value: str) -> str | None:
    """The line of an attribute anew; None where it is unknown, has an unknown form, or shows an
    address."""
    if name not in ATTRIBUTES or not ATTRIBUTES[name].fullmatch(value):
        return None
    known = known_format(value) if name == "fmtp" else in_usual_case(name, value)
    line = f"a={name}:{known}" if known else f"a={name}"
    return None if known is None or shows_address(line) else line


def in_usual_case(name: str, value: str) -> str:
    """The value of an attribute as every browser knows it: names in small letters, the digits of a
    fingerprint in capitals (RFC 8122, 5)."""
    if name == "setup":
        return value.lower()
    if name == "fingerprint":
        digest, _, digits = value.partition(" ")
        return f"{digest.lower()} {digits.upper()}"
    return value
