"""Addresses of STUN and TURN servers (RFC 7064, RFC 7065). Pure."""

import re
from typing import Literal, NamedTuple

Over = Literal["udp", "tcp", "tls"]

URL = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:?@/]+)"
    r"(?::(?P<port>\d{1,5}))?(?:\?transport=(?P<transport>udp|tcp))?"
)


class RelayServer(NamedTuple):
    host: str
    port: int
    over: Over


def server_of(url: str) -> RelayServer:
    """The server of an address such as `turns:turn.example.org:5349?transport=tcp`.

    Raises ValueError, for DTLS too, which no browser uses with a relay.
    """
    found = URL.fullmatch(url)
    if not found:
        raise ValueError("not an address of STUN or TURN")
    secure = found["scheme"].endswith("s")
    transport = found["transport"] or ("tcp" if secure else "udp")
    if secure and transport == "udp":
        raise ValueError("TLS goes over TCP")
    over: Over = "tls" if secure else "tcp" if transport == "tcp" else "udp"
    return RelayServer(
        found["host"].strip("[]"), int(found["port"] or (5349 if secure else 3478)), over
    )
