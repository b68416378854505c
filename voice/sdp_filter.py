"""Session descriptions and candidates as another person may see them: audio, and no address that
they must not know.

Nothing is passed on as it came: every line is taken apart by its grammar and written anew (SDP:
RFC 8866; audio in WebRTC: RFC 8829). Pure.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from neartalk.codes import Refused
from voice.addresses import Network, parsed
from voice.candidates import NOWHERE, rewritten

DESCRIPTION_MAX = 8_192
CANDIDATES_MAX = 32

ORIGIN = re.compile(r"\S{1,64} ([0-9]{1,20}) ([0-9]{1,20}) IN IP[46] \S{1,64}")
MEDIA = re.compile(r"audio [0-9]{1,5} UDP/TLS/RTP/SAVPF((?: [0-9]{1,3}){1,32})")
BANDWIDTH = re.compile(r"(?:AS|TIAS):[0-9]{1,9}")
FLAG = re.compile("")
WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
NUMBER = re.compile(r"[0-9]{1,5}")
ATTRIBUTES = {
    "end-of-candidates": FLAG,
    "extmap": re.compile(
        r"[0-9]{1,3}(?:/[a-z]{8})? (?:urn:ietf:params:rtp-hdrext:[a-z:-]{1,40}"
        r"|http://www\.(?:ietf|webrtc)\.org/[A-Za-z0-9/_-]{1,100})"
    ),
    "extmap-allow-mixed": FLAG,
    "fingerprint": re.compile(r"sha-(?:256|384|512) (?:[0-9A-Fa-f]{2}:){31,63}[0-9A-Fa-f]{2}"),
    "fmtp": re.compile(r"[0-9]{1,3} [A-Za-z0-9=;/ _-]{1,200}"),
    "group": re.compile(r"BUNDLE [A-Za-z0-9_-]{1,64}"),
    "ice-options": re.compile(r"[a-z0-9 ]{1,40}"),
    "ice-pwd": re.compile(r"[A-Za-z0-9+/]{22,256}"),
    "ice-ufrag": re.compile(r"[A-Za-z0-9+/]{4,256}"),
    "inactive": FLAG,
    "maxptime": NUMBER,
    "mid": WORD,
    "msid": re.compile(r"[A-Za-z0-9{}+/_-]{1,80}(?: [A-Za-z0-9{}+/_-]{1,80})?"),
    "msid-semantic": re.compile(r" ?WMS(?: [A-Za-z0-9{}*+/_-]{1,80})*"),
    "ptime": NUMBER,
    "recvonly": FLAG,
    "rtcp-fb": re.compile(r"(?:[0-9]{1,3}|\*) [A-Za-z0-9 _-]{1,60}"),
    "rtcp-mux": FLAG,
    "rtcp-rsize": FLAG,
    "rtpmap": re.compile(r"[0-9]{1,3} [A-Za-z0-9_-]{1,40}/[0-9]{1,6}(?:/[0-9])?"),
    "sendonly": FLAG,
    "sendrecv": FLAG,
    "setup": re.compile(r"actpass|active|passive"),
    "ssrc": re.compile(r"[0-9]{1,10} (?:cname|msid):[A-Za-z0-9{}+/ _-]{1,160}"),
}
NEEDED = {"fingerprint", "ice-pwd", "ice-ufrag", "setup"}
ORDER = re.compile("vosta*mcb*a*")
LITERAL = re.compile(r"[0-9A-Fa-f.:]*[.:][0-9A-Fa-f.:]*")


@dataclass(frozen=True)
class SdpFilter:
    """What two people may see of each other. With `relay_only` the only addresses are those of
    relays; else public ones of every kind. Those in `networks`, the operator's own, count as
    public.
    """

    relay_only: bool
    networks: Sequence[Network] = ()

    def candidate(self, raw: str) -> str | None:
        """The candidate anew, without the address behind it; None where its own address must not be
        seen. Raises Refused: `bad-candidate`."""
        return rewritten(raw, self.networks, relay_only=self.relay_only)

    def description(self, raw: str) -> str:
        """The description anew: one audio section, without candidates that must not be seen.

        Raises Refused: `bad-sdp`.
        """
        anew = [one for line in lines_of(raw) for one in self._line(line)]
        if not {line[2:].partition(":")[0] for line in anew} >= NEEDED:
            raise Refused("bad-sdp")
        if not ORDER.fullmatch("".join(line[0] for line in anew)):
            raise Refused("bad-sdp")
        refuse_addresses(anew)
        return "".join(f"{line}\r\n" for line in anew)

    def _line(self, line: str) -> Iterator[str]:
        kind, equals, value = line[:1], line[1:2], line[2:]
        if equals != "=" or not value.isprintable():
            raise Refused("bad-sdp")
        if kind == "v":
            yield "v=0"
        elif kind == "o":
            origin = match(ORIGIN, value)
            yield f"o=- {origin[1]} {origin[2]} IN IP4 {NOWHERE}"
            yield "s=-"
            yield "t=0 0"
        elif kind == "m":
            yield f"m=audio 9 UDP/TLS/RTP/SAVPF{match(MEDIA, value)[1]}"
            yield f"c=IN IP4 {NOWHERE}"
        elif kind == "b":
            yield f"b={match(BANDWIDTH, value)[0]}"
        elif kind == "a":
            yield from self._attribute(*value.partition(":"))

    def _attribute(self, name: str, colon: str, value: str) -> Iterator[str]:
        """Unknown attributes are left out: they may hold anything."""
        if name == "candidate":
            try:
                candidate = self.candidate(f"candidate:{value}")
            except Refused as why:
                raise Refused("bad-sdp") from why
            if candidate:
                yield f"a={candidate}"
        elif name in ATTRIBUTES:
            yield f"a={name}{colon}{match(ATTRIBUTES[name], value)[0]}"


def lines_of(raw: str) -> list[str]:
    """The lines of a description with one media section. Raises Refused: `bad-sdp`."""
    if len(raw) > DESCRIPTION_MAX or not raw.isascii():
        raise Refused("bad-sdp")
    lines = raw.replace("\r\n", "\n").removesuffix("\n").split("\n")
    sections = sum(line.startswith("m=") for line in lines)
    candidates = sum(line.startswith("a=candidate:") for line in lines)
    if lines[0] != "v=0" or sections != 1 or candidates > CANDIDATES_MAX:
        raise Refused("bad-sdp")
    return lines


def refuse_addresses(lines: Iterable[str]) -> None:
    """Raises Refused: `bad-sdp`, if an address stands outside of a candidate, however it got
    there."""
    for line in lines:
        if not line.startswith("a=candidate:"):
            for literal in LITERAL.findall(line):
                if literal != NOWHERE and parsed(literal) is not None:
                    raise Refused("bad-sdp")


def match(pattern: re.Pattern[str], value: str) -> re.Match[str]:
    """Raises Refused: `bad-sdp`."""
    found = pattern.fullmatch(value)
    if found is None:
        raise Refused("bad-sdp")
    return found
