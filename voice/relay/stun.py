"""Messages of STUN and TURN as bytes (RFC 8489, RFC 8656). Pure."""

import hashlib
import hmac
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

from voice.ice import Credentials

Address = IPv4Address | IPv6Address

COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
BINDING, ALLOCATE, REFRESH = 0x001, 0x003, 0x004
SUCCESS = 0x0100
USERNAME, INTEGRITY, ERROR_CODE, LIFETIME = 0x0006, 0x0008, 0x0009, 0x000D
REALM, NONCE, RELAYED, TRANSPORT, MAPPED = 0x0014, 0x0015, 0x0016, 0x0019, 0x0020
INTEGRITY_BYTES = 24


def message(method: int, attributes: bytes, transaction: bytes) -> bytes:
    return HEADER.pack(method, len(attributes), COOKIE, transaction) + attributes


def signed(
    method: int,
    attributes: bytes,
    transaction: bytes,
    credentials: Credentials,
    realm: bytes,
    nonce: bytes,
) -> bytes:
    """A request signed by a long-term credential (RFC 8489, 9.2.2), for a realm and a nonce."""
    name = credentials.username.encode()
    secret = b":".join([name, realm, credentials.password.encode()])
    key = hashlib.md5(secret, usedforsecurity=False).digest()
    who = attribute(USERNAME, name) + attribute(REALM, realm) + attribute(NONCE, nonce)
    body = attributes + who
    # The length counts the signature, which covers all before it.
    unsigned = HEADER.pack(method, len(body) + INTEGRITY_BYTES, COOKIE, transaction) + body
    return unsigned + attribute(INTEGRITY, hmac.digest(key, unsigned, "sha1"))


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def attributes_in(body: bytes) -> Iterator[tuple[int, bytes]]:
    while len(body) >= 4:
        kind, length = struct.unpack_from("!HH", body)
        yield kind, body[4 : 4 + length]
        body = body[4 + length + -length % 4 :]


def code_of(value: bytes) -> int:
    return (value[2] & 7) * 100 + value[3] if len(value) >= 4 else 0


def unmasked(value: bytes, transaction: bytes) -> Address:
    """The address in an XOR-ed attribute, of either family."""
    mask = struct.pack("!I", COOKIE) + transaction
    return ip_address(bytes(one ^ other for one, other in zip(value[4:], mask, strict=False)))
