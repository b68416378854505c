"""What of a session description or a candidate another person may see: audio, and no address that
they must not know.

Nothing is passed on as it came: every line is taken apart by its grammar and written anew (SDP:
RFC 8866; candidates: RFC 8839; audio in WebRTC: RFC 8829).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from zlib import crc32

from neartalk.codes import Refused

DESCRIPTION_MAX = 8_192
CANDIDATE_MAX = 512
CANDIDATES_MAX = 32
NOWHERE = "0.0.0.0"  # noqa: S104 an address that says nothing

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# All IPv6 that is given out (RFC 4291), less what leads to an IPv4 address behind it (6to4 and its
# relays, Teredo, ISATAP by its interface identifiers) and what newer documentation uses.
UNICAST = ip_network("2000::/3")
DISGUISES = [
    ip_network(network) for network in ("2002::/16", "2001::/32", "3fff::/20", "192.88.99.0/24")
]
ISATAP = {0x0000_5EFE, 0x0200_5EFE}

CANDIDATE = re.compile(
    r"candidate:[A-Za-z0-9+/]{1,32} (?P<component>[12]) (?P<transport>udp|tcp)"
    r" (?P<priority>[0-9]{1,10}) (?P<address>[A-Za-z0-9.:-]{1,253}) (?P<port>[0-9]{1,5})"
    r" typ (?P<kind>host|srflx|prflx|relay)(?P<rest>(?: [a-z-]{1,20} [A-Za-z0-9+/.:-]{1,253})*)",
    re.ASCII | re.IGNORECASE,
)
EXTENSIONS = {
    "generation": re.compile(r"[0-9]{1,5}"),
    "network-cost": re.compile(r"[0-9]{1,5}"),
    "network-id": re.compile(r"[0-9]{1,5}"),
    "tcptype": re.compile(r"active|passive|so"),
    "ufrag": re.compile(r"[A-Za-z0-9+/]{4,256}"),
}

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
class Shield:
    """What passes between two people. With `relay_only` the only addresses are those of relays;
    else public ones of every kind. Those in `networks` count as public: an operator's own.
    """

    relay_only: bool
    networks: Sequence[Network] = ()

    def candidate(self, raw: str) -> str | None:
        """The candidate anew, without the address behind it; None where it must not be known.

        Raises Refused: `bad-candidate`.
        """
        found = CANDIDATE.fullmatch(raw) if len(raw) <= CANDIDATE_MAX else None
        if not found or not 0 < int(found["port"]) < 65_536:
            raise Refused("bad-candidate")
        if not 0 < int(found["priority"]) < 1 << 31:
            raise Refused("bad-candidate")
        kind, transport = found["kind"].lower(), found["transport"].lower()
        words = found["rest"].split()
        extensions = [*self._extensions(zip(words[::2], words[1::2], strict=True))]
        address = self._public(found["address"])
        if address is None or (self.relay_only and (kind, transport) != ("relay", "udp")):
            return None
        behind = [] if kind == "host" else ["raddr", NOWHERE, "rport", "0"]
        # The sender's own may be a digest of the address behind, short enough to be guessed.
        foundation = crc32(f"{kind} {transport} {address}".encode())
        head = f"candidate:{foundation} {found['component']} {transport}"
        main = f"{found['priority']} {address} {found['port']} typ {kind}"
        return " ".join([head, main, *behind, *extensions])

    def description(self, raw: str) -> str:
        """The description anew: one audio section, without candidates that must not be known.

        Raises Refused: `bad-sdp`.
        """
        if len(raw) > DESCRIPTION_MAX or not raw.isascii():
            raise Refused("bad-sdp")
        lines = raw.replace("\r\n", "\n").removesuffix("\n").split("\n")
        sections = sum(line.startswith("m=") for line in lines)
        candidates = sum(line.startswith("a=candidate:") for line in lines)
        if lines[0] != "v=0" or sections != 1 or candidates > CANDIDATES_MAX:
            raise Refused("bad-sdp")
        anew = [one for line in lines for one in self._line(line)]
        if not {line[2:].partition(":")[0] for line in anew} >= NEEDED:
            raise Refused("bad-sdp")
        if not ORDER.fullmatch("".join(line[0] for line in anew)):
            raise Refused("bad-sdp")
        self._sweep(anew)
        return "".join(f"{line}\r\n" for line in anew)

    # ---- Line by line ------------------------------------------------------------------------

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
        """What is not known is left out: it may say anything."""
        if name == "candidate":
            try:
                candidate = self.candidate(f"candidate:{value}")
            except Refused as why:
                raise Refused("bad-sdp") from why
            if candidate:
                yield f"a={candidate}"
        elif name in ATTRIBUTES:
            yield f"a={name}{colon}{match(ATTRIBUTES[name], value)[0]}"

    def _extensions(self, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
        """What of a network may tell Wi-Fi from a phone's stays behind the shield."""
        for name, value in pairs:
            if name in EXTENSIONS:
                if self.relay_only and name.startswith("network-"):
                    continue
                if not EXTENSIONS[name].fullmatch(value):
                    raise Refused("bad-candidate")
                yield f"{name} {value}"

    # ---- Addresses ---------------------------------------------------------------------------

    def _public(self, text: str) -> Address | None:
        """An address that may be known; no name is one, it would be looked up."""
        try:
            address = ip_address(text)
        except ValueError:
            return None
        if any(address in network for network in self.networks):
            return address
        if any(address in network for network in DISGUISES) or not address.is_global:
            return None
        if isinstance(address, IPv6Address):
            isatap = int(address) >> 32 & 0xFFFF_FFFF in ISATAP
            return address if address in UNICAST and not isatap else None
        return None if address.is_multicast else address

    def _sweep(self, lines: Iterable[str]) -> None:
        """However it got there: no address stands outside of a candidate."""
        for line in lines:
            if not line.startswith("a=candidate:"):
                for literal in LITERAL.findall(line):
                    if literal != NOWHERE and is_address(literal):
                        raise Refused("bad-sdp")


def match(pattern: re.Pattern[str], value: str) -> re.Match[str]:
    found = pattern.fullmatch(value)
    if found is None:
        raise Refused("bad-sdp")
    return found


def is_address(literal: str) -> bool:
    try:
        ip_address(literal)
    except ValueError:
        return False
    return True
