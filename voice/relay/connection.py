"""Requests to a STUN or TURN server and their responses, over UDP, TCP or TLS.

aioice has no such client for `doctor`: its TURN client does not report a refused or closed
connection, it waits until the time is over.
"""

import secrets
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from voice.ice import Credentials
from voice.relay.server import RelayServer
from voice.relay.stun import (
    ERROR_CODE,
    HEADER,
    NONCE,
    REALM,
    SUCCESS,
    Address,
    attributes_in,
    code_of,
    message,
    signed,
    unmasked,
)

UNAUTHORIZED = 401
# Datagrams may be lost: a request is sent again after so long without a response.
RETRANSMIT_S = 0.5


class TurnError(Exception):
    """An error response, with its code of RFC 8489 or 8656; 0 for a response that is malformed."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Challenge(TurnError):
    """The server wants a signature, for this realm and nonce."""

    def __init__(self, code: int, realm: bytes, nonce: bytes) -> None:
        super().__init__(code)
        self.realm, self.nonce = realm, nonce


class Signature(NamedTuple):
    credentials: Credentials
    realm: bytes
    nonce: bytes


@contextmanager
def connected(server: RelayServer, timeout_s: float) -> Iterator["StunConnection"]:
    """A connection whose requests must all be answered within `timeout_s`. Raises OSError."""
    kind = socket.SOCK_DGRAM if server.over == "udp" else socket.SOCK_STREAM
    end_s = time.monotonic() + timeout_s
    with open_socket(server, kind, timeout_s) as raw:
        if server.over != "tls":
            yield StunConnection(raw, end_s)
            return
        with ssl.create_default_context().wrap_socket(raw, server_hostname=server.host) as tls:
            yield StunConnection(tls, end_s)


def open_socket(server: RelayServer, kind: socket.SocketKind, timeout_s: float) -> socket.socket:
    """Connected to the first address of the host that accepts. Raises OSError."""
    lost: OSError = ConnectionError("the name has no address")
    for family, _, _, _, address in socket.getaddrinfo(server.host, server.port, type=kind):
        found = socket.socket(family, kind)
        try:
            found.settimeout(timeout_s)
            found.connect(address)
        except OSError as why:
            found.close()
            lost = why
        else:
            return found
    raise lost


class StunConnection:
    """Every request raises TimeoutError after `end_s`, by time.monotonic. With a `signature`
    requests are signed."""

    def __init__(self, socket: socket.socket, end_s: float) -> None:
        self.socket = socket
        self.end_s = end_s
        self.signature: Signature | None = None

    def request_address(self, method: int, attributes: bytes, kind: int) -> Address:
        """The address in an attribute of the response. Raises TurnError, OSError."""
        transaction, found = self.request(method, attributes)
        if kind not in found:
            raise TurnError(0)
        return unmasked(found[kind], transaction)

    def request(self, method: int, attributes: bytes) -> tuple[bytes, Mapping[int, bytes]]:
        """The transaction and the attributes of a success. Raises TurnError, Challenge, OSError."""
        transaction = secrets.token_bytes(12)
        request = self._encoded(method, attributes, transaction)
        self.socket.sendall(request)
        while True:
            response = self._receive(request)
            kind, length, _, echo = HEADER.unpack_from(response)
            if echo == transaction:  # else a second response to an earlier request
                break
        found = dict(attributes_in(response[HEADER.size : HEADER.size + length]))
        if kind == method | SUCCESS:
            return transaction, found
        code = code_of(found.get(ERROR_CODE, bytes(4)))
        if code == UNAUTHORIZED and self.signature is None:
            raise Challenge(code, found.get(REALM, b""), found.get(NONCE, b""))
        raise TurnError(code)

    def _encoded(self, method: int, attributes: bytes, transaction: bytes) -> bytes:
        if self.signature is None:
            return message(method, attributes, transaction)
        return signed(method, attributes, transaction, *self.signature)

    def _receive(self, request: bytes) -> bytes:
        """One message: a datagram, until which the request is sent again and again; or what comes
        next in a stream."""
        if self.socket.type != socket.SOCK_DGRAM:
            head = self._exactly(HEADER.size)
            return head + self._exactly(HEADER.unpack(head)[1])
        while True:
            self.socket.settimeout(min(RETRANSMIT_S, self._left_s()))
            try:
                datagram = self.socket.recv(65_535)
            except TimeoutError:
                self.socket.sendall(request)
            else:
                if len(datagram) >= HEADER.size:
                    return datagram

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            self.socket.settimeout(self._left_s())
            chunk = self.socket.recv(size - len(data))
            if not chunk:
                raise ConnectionError("the server closed the connection")
            data += chunk
        return data

    def _left_s(self) -> float:
        left_s = self.end_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s
