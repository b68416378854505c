"""Asks a STUN or TURN server what a browser would ask it, at an address by RFC 7064 and 7065."""

import re
import secrets
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal, NamedTuple

from voice.ice import Credentials
from voice.relay.stun import (
    ALLOCATE,
    BINDING,
    ERROR_CODE,
    HEADER,
    LIFETIME,
    MAPPED,
    NONCE,
    REALM,
    REFRESH,
    RELAYED,
    SUCCESS,
    TRANSPORT,
    Address,
    attribute,
    attributes_in,
    code_of,
    message,
    signed,
    unmasked,
)

Over = Literal["udp", "tcp", "tls"]

URL = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:?@/]+)"
    r"(?::(?P<port>\d{1,5}))?(?:\?transport=(?P<transport>udp|tcp))?"
)
UNAUTHORIZED = 401
# A datagram may be lost: it is sent again after so long.
AGAIN_S = 0.5


class TurnError(Exception):
    """The server said no, by a code of RFC 8489 or 8656; 0 where it said what is no answer."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Server(NamedTuple):
    host: str
    port: int
    over: Over


def server_of(url: str) -> Server:
    """Where an address leads, such as `turns:turn.example.org:5349?transport=tcp`.

    Raises ValueError, for DTLS too, which no browser speaks to a relay.
    """
    found = URL.fullmatch(url)
    if not found:
        raise ValueError("not an address of STUN or TURN")
    secure = found["scheme"].endswith("s")
    transport = found["transport"] or ("tcp" if secure else "udp")
    if secure and transport == "udp":
        raise ValueError("TLS goes over TCP")
    over: Over = "tls" if secure else "tcp" if transport == "tcp" else "udp"
    return Server(found["host"].strip("[]"), int(found["port"] or (5349 if secure else 3478)), over)


def binding(server: Server, timeout_s: float) -> Address:
    """By which address the server sees us. Raises TurnError, OSError."""
    with line(server, timeout_s) as asked:
        return asked.address(BINDING, b"", MAPPED)


def allocation(server: Server, credentials: Credentials, timeout_s: float) -> Address:
    """The relay's address that it gave us, and has back. Raises TurnError, OSError."""
    with line(server, timeout_s) as asked:
        wanted = attribute(TRANSPORT, bytes([17, 0, 0, 0]))  # UDP from there on
        try:
            asked.ask(ALLOCATE, wanted)
        except Challenge as challenge:
            asked.signature = credentials, challenge.realm, challenge.nonce
        relayed = asked.address(ALLOCATE, wanted, RELAYED)
        with suppress(TurnError):  # it ends by itself too
            asked.ask(REFRESH, attribute(LIFETIME, bytes(4)))
        return relayed


class Challenge(TurnError):
    """It wants a signature, for which these are needed."""

    def __init__(self, code: int, realm: bytes, nonce: bytes) -> None:
        super().__init__(code)
        self.realm, self.nonce = realm, nonce


@contextmanager
def line(server: Server, timeout_s: float) -> Iterator["Line"]:
    kind = socket.SOCK_DGRAM if server.over == "udp" else socket.SOCK_STREAM
    end_s = time.monotonic() + timeout_s
    with opened(server, kind, timeout_s) as raw:
        if server.over != "tls":
            yield Line(raw, end_s)
            return
        with ssl.create_default_context().wrap_socket(raw, server_hostname=server.host) as tls:
            yield Line(tls, end_s)


def opened(server: Server, kind: socket.SocketKind, timeout_s: float) -> socket.socket:
    """Connected to the first address of the host that takes it. Raises OSError."""
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


class Line:
    """Requests and their answers until `end_s`, by time.monotonic."""

    def __init__(self, socket: socket.socket, end_s: float) -> None:
        self.socket = socket
        self.end_s = end_s
        # Whose, for which realm and nonce of the server.
        self.signature: tuple[Credentials, bytes, bytes] | None = None

    def address(self, method: int, attributes: bytes, kind: int) -> Address:
        transaction, found = self.ask(method, attributes)
        if kind not in found:
            raise TurnError(0)
        return unmasked(found[kind], transaction)

    def ask(self, method: int, attributes: bytes) -> tuple[bytes, Mapping[int, bytes]]:
        """The transaction and the attributes of a success. Raises TurnError, Challenge, OSError."""
        transaction = secrets.token_bytes(12)
        request = self._request(method, attributes, transaction)
        self.socket.sendall(request)
        while True:
            said = self._receive(request)
            kind, length, _, echo = HEADER.unpack_from(said)
            if echo == transaction:  # else what was asked before, answered again
                break
        found = dict(attributes_in(said[HEADER.size : HEADER.size + length]))
        if kind == method | SUCCESS:
            return transaction, found
        code = code_of(found.get(ERROR_CODE, bytes(4)))
        if code == UNAUTHORIZED and self.signature is None:
            raise Challenge(code, found.get(REALM, b""), found.get(NONCE, b""))
        raise TurnError(code)

    def _request(self, method: int, attributes: bytes, transaction: bytes) -> bytes:
        if self.signature is None:
            return message(method, attributes, transaction)
        return signed(method, attributes, transaction, *self.signature)

    def _receive(self, request: bytes) -> bytes:
        """A datagram, for which it is asked again now and then; or what comes next in a stream."""
        if self.socket.type != socket.SOCK_DGRAM:
            head = self._exactly(HEADER.size)
            return head + self._exactly(HEADER.unpack(head)[1])
        while True:
            self.socket.settimeout(min(AGAIN_S, self._left_s()))
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
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("the server hung up")
            data += part
        return data

    def _left_s(self) -> float:
        left_s = self.end_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s
