"""ICE candidates, taken apart by their grammar (RFC 8839) and written anew. Pure."""

import re
from collections.abc import Iterator, Sequence
from zlib import crc32

from neartalk.codes import Refused
from voice.addresses import Network, visible_address

CANDIDATE_MAX = 512
NOWHERE = "0.0.0.0"  # noqa: S104 an address that says nothing

CANDIDATE = re.compile(
    r"candidate:[A-Za-z0-9+/]{1,32} (?P<component>[12]) (?P<transport>udp|tcp)"
    r" (?P<priority>[0-9]{1,10}) (?P<address>[A-Za-z0-9.:-]{1,253}) (?P<port>[0-9]{1,5})"
    r" typ (?P<kind>host|srflx|prflx|relay)"
    r"(?P<rest>(?: [a-z0-9_.-]{1,40} [A-Za-z0-9+/.:-]{1,253})*)",
    re.ASCII | re.IGNORECASE,
)
EXTENSIONS = {
    "generation": re.compile(r"[0-9]{1,5}"),
    "network-cost": re.compile(r"[0-9]{1,5}"),
    "network-id": re.compile(r"[0-9]{1,5}"),
    "tcptype": re.compile(r"active|passive|so"),
    "ufrag": re.compile(r"[A-Za-z0-9+/]{4,256}"),
}


def rewritten(
    raw: str, networks: Sequence[Network], *, relay_only: bool, local: bool = False
) -> str | None:
    """The candidate without the address behind it; None where its own address must not be seen.

    With `relay_only` the addresses of relays alone may be seen; with `local` a device may be seen
    also by its address in a network at home. Raises Refused: `bad-candidate`.
    """
    found = parse(raw)
    kind, transport = found["kind"].lower(), found["transport"].lower()
    extensions = [*known_extensions(found["rest"].split(), relay_only=relay_only)]
    if relay_only and (kind, transport) != ("relay", "udp"):
        return None
    at_home = local and not relay_only and kind == "host"
    address = visible_address(found["address"], networks, local=at_home)
    if address is None:
        return None
    # The sender's own foundation may be a digest of the address behind, short enough to be guessed.
    foundation = crc32(f"{kind} {transport} {address}".encode())
    head = f"candidate:{foundation} {found['component']} {transport}"
    main = f"{found['priority']} {address} {found['port']} typ {kind}"
    behind = [] if kind == "host" else ["raddr", NOWHERE, "rport", "0"]
    return " ".join([head, main, *behind, *extensions])


def parse(raw: str) -> re.Match[str]:
    """The fields of a candidate. Raises Refused: `bad-candidate`."""
    found = CANDIDATE.fullmatch(raw) if len(raw) <= CANDIDATE_MAX else None
    if not found or not 0 < int(found["port"]) < 65_536:
        raise Refused("bad-candidate")
    if not 0 < int(found["priority"]) < 1 << 31:
        raise Refused("bad-candidate")
    return found


def known_extensions(words: Sequence[str], *, relay_only: bool) -> Iterator[str]:
    """The extensions of EXTENSIONS. With `relay_only` without those of the network, which tell
    Wi-Fi from a phone's. Raises Refused: `bad-candidate`."""
    for name, value in zip(words[::2], words[1::2], strict=True):
        if name not in EXTENSIONS or (relay_only and name.startswith("network-")):
            continue
        if not EXTENSIONS[name].fullmatch(value):
            raise Refused("bad-candidate")
        yield f"{name} {value}"
