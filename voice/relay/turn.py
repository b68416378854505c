"""Asks a STUN or TURN server for what a browser would ask it."""

from contextlib import suppress

from voice.ice import Credentials
from voice.relay.connection import Challenge, Signature, TurnError, connected
from voice.relay.server import RelayServer
from voice.relay.stun import (
    ALLOCATE,
    BINDING,
    LIFETIME,
    MAPPED,
    REFRESH,
    RELAYED,
    TRANSPORT,
    Address,
    attribute,
)

UDP = 17


def binding(server: RelayServer, timeout_s: float) -> Address:
    """The address that the server sees us at. Raises TurnError, OSError."""
    with connected(server, timeout_s) as connection:
        return connection.request_address(BINDING, b"", MAPPED)


def allocation(server: RelayServer, credentials: Credentials, timeout_s: float) -> Address:
    """The address that the relay allocates for us; it is given back. Raises TurnError, OSError."""
    with connected(server, timeout_s) as connection:
        transport = attribute(TRANSPORT, bytes([UDP, 0, 0, 0]))
        try:
            connection.request(ALLOCATE, transport)
        except Challenge as challenge:
            connection.signature = Signature(credentials, challenge.realm, challenge.nonce)
        relayed = connection.request_address(ALLOCATE, transport, RELAYED)
        with suppress(TurnError):  # it ends by itself too
            connection.request(REFRESH, attribute(LIFETIME, bytes(4)))
        return relayed
