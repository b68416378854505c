"""A client of STUN and TURN, written apart from that of the product: RFC 8489, RFC 8656 and, for
what must be refused, RFC 6062."""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import ssl
import struct
from enum import IntEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

if TYPE_CHECKING:
    from types import TracebackType

    from voice.ice import Credentials

COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
INTEGRITY_BYTES = 24
SUCCESS, ERROR = 0x0100, 0x0110
OK = 200  # success has no code of its own
UDP, TCP = 17, 6
TIMEOUT_S = 5
PEER_PORT = 50_000


class Method(IntEnum):
    BINDING = 0x001
    ALLOCATE = 0x003
    REFRESH = 0x004
    CREATE_PERMISSION = 0x008
    CONNECT = 0x00A


class AttributeType(IntEnum):
    """The types of attributes."""

    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    LIFETIME = 0x000D
    XOR_PEER_ADDRESS = 0x0012
    REALM = 0x0014
    NONCE = 0x0015
    XOR_RELAYED_ADDRESS = 0x0016
    REQUESTED_ADDRESS_FAMILY = 0x0017
    REQUESTED_TRANSPORT = 0x0019
    XOR_MAPPED_ADDRESS = 0x0020
    SOFTWARE = 0x8022
    FINGERPRINT = 0x8028


class Answer(NamedTuple):
    """`code` is OK or that of the error."""

    code: int
    attributes: dict[int, bytes]


class StunClient:
    """A client of the relay on 127.0.0.1:`port`; without credentials it signs nothing."""

    def __init__(
        self,
        port: int,
        credentials: Credentials | None = None,
        *,
        over: Literal["udp", "tcp", "tls"] = "udp",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.credentials = credentials
        self.realm, self.nonce = b"", b""
        stream = socket.SOCK_DGRAM if over == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, stream)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(("127.0.0.1", port))
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.close()

    def allocate(self, *, family: Literal[4, 6] = 4, transport: int = UDP) -> Answer:
        """The answer to a signed request; without credentials the challenge."""
        wanted = attribute(AttributeType.REQUESTED_TRANSPORT, bytes([transport, 0, 0, 0]))
        if family == 6:
            wanted += attribute(AttributeType.REQUESTED_ADDRESS_FAMILY, bytes([2, 0, 0, 0]))
        challenge = self.ask(Method.ALLOCATE, wanted)
        self.realm = challenge.attributes.get(AttributeType.REALM, b"")
        self.nonce = challenge.attributes.get(AttributeType.NONCE, b"")
        return self.ask(Method.ALLOCATE, wanted) if self.credentials else challenge

    def permit(self, address: str) -> Answer:
        """Asks for a permission to send to an address and receive from it, and sends nothing."""
        return self._ask_about(Method.CREATE_PERMISSION, address)

    def connect(self, address: str) -> Answer:
        """Asks for a TCP connection to this address."""
        return self._ask_about(Method.CONNECT, address)

    def ask(self, method: Method, attributes: bytes, transaction: bytes | None = None) -> Answer:
        transaction = transaction or os.urandom(12)
        if self.credentials and self.nonce:
            request = self._signed(method, attributes, transaction, self.credentials)
        else:
            request = HEADER.pack(method, len(attributes), COOKIE, transaction) + attributes
        self.socket.sendall(request)
        while True:
            kind, echo, body = self._receive()
            if echo == transaction:  # else a second answer to an earlier request
                return answer(kind ^ method, body)

    def _ask_about(self, method: Method, address: str) -> Answer:
        transaction = os.urandom(12)
        peer = attribute(AttributeType.XOR_PEER_ADDRESS, xor_address(address, transaction))
        return self.ask(method, peer, transaction)

    def _signed(
        self, method: Method, attributes: bytes, transaction: bytes, credentials: Credentials
    ) -> bytes:
        name = credentials.username.encode()
        secret = b":".join([name, self.realm, credentials.password.encode()])
        key = hashlib.md5(secret, usedforsecurity=False).digest()  # as RFC 8489, 9.2.2, has it
        attributes += attribute(AttributeType.USERNAME, name)
        attributes += attribute(AttributeType.REALM, self.realm) + attribute(
            AttributeType.NONCE, self.nonce
        )
        # The length counts the signature, which covers all before it.
        header = HEADER.pack(method, len(attributes) + INTEGRITY_BYTES, COOKIE, transaction)
        signature = hmac.digest(key, header + attributes, "sha1")
        return header + attributes + attribute(AttributeType.MESSAGE_INTEGRITY, signature)

    def _receive(self) -> tuple[int, bytes, bytes]:
        """Kind, transaction and attributes: of a datagram, or of what comes next in a stream."""
        if self.socket.type == socket.SOCK_DGRAM:
            message = self.socket.recv(65_535)
        else:
            message = self._exactly(HEADER.size)
            message += self._exactly(HEADER.unpack(message)[1])
        kind, length, _, transaction = HEADER.unpack_from(message)
        return kind, transaction, message[HEADER.size : HEADER.size + length]

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("the relay hung up")
            data += part
        return data


def attribute(kind: AttributeType, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def xor_address(address: str, transaction: bytes) -> bytes:
    packed = ip_address(address).packed
    mask = struct.pack("!I", COOKIE) + transaction
    xored = bytes(one ^ other for one, other in zip(packed, mask, strict=False))
    family = 1 if len(packed) == 4 else 2
    return struct.pack("!xBH", family, PEER_PORT ^ COOKIE >> 16) + xored


def answer(kind: int, body: bytes) -> Answer:
    attributes: dict[int, bytes] = {}
    while body:
        name, length = struct.unpack_from("!HH", body)
        attributes.setdefault(name, body[4 : 4 + length])
        body = body[4 + length + -length % 4 :]
    if kind == SUCCESS:
        return Answer(OK, attributes)
    assert kind == ERROR, hex(kind)
    _, hundreds, rest = struct.unpack_from("!HBB", attributes[AttributeType.ERROR_CODE])
    return Answer(hundreds * 100 + rest, attributes)
