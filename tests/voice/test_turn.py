"""The relay as operators get it: it sends to the public internet alone, lets in nobody without a
credential that is good now, and says nothing of anybody."""

from __future__ import annotations

import ipaddress
import random
import re
import socket
import ssl
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

import psutil
import pytest

from tests.support.stun import OK, TCP, AttributeType, Method, StunClient, attribute
from tests.support.turn import has_ipv6
from tests.support.waiting import until
from voice.ice import LIFE_S, Credentials, credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.turn import Turn

    Family = Literal[4, 6]

UNAUTHORIZED, FORBIDDEN, QUOTA_REACHED, NO_SUCH_TRANSPORT = 401, 403, 486, 442
QUOTA = 64
SILENCE_S = 1
DIGEST = "a1" * 32
SAMPLE, ASKED_OF_ONE = 1_000, 100

RANGES: dict[Family, list[str]] = {
    4: [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ],
    6: [
        "::/128",
        "::1/128",
        "::/96",
        "::ffff:0:0/96",
        "::ffff:10.0.0.0/104",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/32",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        # Addresses with one byte that is not 0: each is denied by a line of its own.
        *(str(ipaddress.IPv6Address(2 << shift)) for shift in range(0, 128, 8)),
    ],
}
# Where a cloud tells a machine who it is and what it may do; the last of IPv4 is public elsewhere.
METADATA: dict[Family, list[str]] = {
    4: ["169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16"],
    6: ["fd00:ec2::254", "fd20:ce::254", "::ffff:169.254.169.254"],
}
PUBLIC: dict[Family, list[str]] = {
    4: ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.0", "223.255.255.255"],
    6: ["2001:4860:4860::8888", "2606:4700::1111", "2000::", "2001:db9::"],
}

families = pytest.mark.parametrize(
    "family",
    [4, pytest.param(6, marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here"))],
)


def of(relay: Turn, *, life_s: int = LIFE_S, secret: str | None = None) -> Credentials:
    """Credentials that are valid for so long; with a negative life they have expired."""
    return credentials(secret or relay.secret, DIGEST, int(time.time()) - LIFE_S + life_s)


def permits(relay: Turn, family: Family, peers: list[str]) -> dict[str, int]:
    """The relay's code for a permission of each peer. Requests count as traffic, of which an
    allocation has only so much a second: each allocation asks for ASKED_OF_ONE peers."""
    codes: dict[str, int] = {}
    with ExitStack() as all_stay:
        for start in range(0, len(peers), ASKED_OF_ONE):
            person = all_stay.enter_context(StunClient(relay.port, of(relay)))
            assert person.allocate(family=family).code == OK
            some = peers[start : start + ASKED_OF_ONE]
            codes |= {peer: person.permit(peer).code for peer in some}
    return codes


def samples_of(text: str) -> list[str]:
    """The first, the last and a random address of a range."""
    network = ipaddress.ip_network(text)
    first, last = int(network[0]), int(network[-1])
    kind = type(network[0])
    return [str(kind(number)) for number in (first, last, random.randint(first, last))]


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address, family: Family) -> bool:
    known = any(address in ipaddress.ip_network(text) for text in RANGES[family])
    return address.is_global and not (address.is_multicast or address.is_reserved or known)


@families
def test_the_relay_sends_to_nobody_within_a_forbidden_range(
    turn: Callable[..., Turn], family: Family
) -> None:
    peers = [peer for text in RANGES[family] for peer in samples_of(text)] + METADATA[family]
    assert permits(turn(), family, peers) == dict.fromkeys(peers, FORBIDDEN)


@families
def test_the_relay_sends_to_the_public_internet(turn: Callable[..., Turn], family: Family) -> None:
    assert permits(turn(), family, PUBLIC[family]) == dict.fromkeys(PUBLIC[family], OK)


@families
def test_the_relay_and_python_agree_on_what_is_public(
    turn: Callable[..., Turn], family: Family
) -> None:
    kind, bits = (ipaddress.IPv4Address, 32) if family == 4 else (ipaddress.IPv6Address, 128)
    chosen = [kind(random.getrandbits(bits)) for _ in range(SAMPLE)]
    expected = {str(one): OK if is_public(one, family) else FORBIDDEN for one in chosen}
    assert set(expected.values()) == {OK, FORBIDDEN}
    assert permits(turn(), family, list(expected)) == expected


def test_a_relay_for_one_machine_sends_to_loopback_too_and_to_nobody_else(
    turn: Callable[..., Turn],
) -> None:
    peers = [peer for text in RANGES[4] for peer in samples_of(text)] + METADATA[4]
    expected = {peer: OK if peer.startswith("127.") else FORBIDDEN for peer in peers}
    assert permits(turn(open_to_loopback=True), 4, peers) == expected


@pytest.mark.parametrize(
    ("life_s", "secret", "code"),
    [(LIFE_S, None, OK), (-1, None, UNAUTHORIZED), (LIFE_S, "another secret", UNAUTHORIZED)],
    ids=["good now", "expired", "under another secret"],
)
def test_the_relay_lets_in_whoever_has_a_credential_that_is_good_now(
    turn: Callable[..., Turn], life_s: int, secret: str | None, code: int
) -> None:
    relay = turn()
    with StunClient(relay.port, of(relay, life_s=life_s, secret=secret)) as person:
        assert person.allocate().code == code


def test_without_a_credential_the_relay_lets_in_nobody_and_does_not_say_what_it_is(
    turn: Callable[..., Turn],
) -> None:
    with StunClient(turn().port) as nobody:
        challenge = nobody.allocate()
    assert challenge.code == UNAUTHORIZED
    assert AttributeType.SOFTWARE not in challenge.attributes


def test_who_asks_for_its_address_is_told_nothing_else(turn: Callable[..., Turn]) -> None:
    """A longer answer is a better weapon: it goes wherever the question claims to come from."""
    with StunClient(turn().port) as nobody:
        answer = nobody.ask(Method.BINDING, b"").attributes
    assert set(answer) == {AttributeType.XOR_MAPPED_ADDRESS, AttributeType.FINGERPRINT}


def test_the_relay_does_not_stay_root(turn: Callable[..., Turn]) -> None:
    process = psutil.Process(turn().pid)
    until(lambda: 0 not in process.uids(), "the relay is root no more")  # it answers before


def test_a_call_outlives_the_credential_that_it_began_with(turn: Callable[..., Turn]) -> None:
    relay = turn()
    short = of(relay, life_s=5)
    with StunClient(relay.port, short) as person:
        assert person.allocate().code == OK
        until(lambda: newcomer(relay, short) == UNAUTHORIZED, "the credential expires")
        again = attribute(AttributeType.LIFETIME, LIFE_S.to_bytes(4, "big"))
        assert person.ask(Method.REFRESH, again).code == OK


def newcomer(relay: Turn, theirs: Credentials) -> int:
    with StunClient(relay.port, theirs) as another:
        return another.allocate().code


def test_the_relay_opens_no_tcp_connections(turn: Callable[..., Turn]) -> None:
    relay = turn()
    with StunClient(relay.port, of(relay), over="tcp") as person:
        assert person.allocate(transport=TCP).code == NO_SUCH_TRANSPORT
    with StunClient(relay.port, of(relay), over="tcp") as person:
        assert person.allocate().code == OK
        assert person.connect("8.8.8.8").code == FORBIDDEN


def test_one_person_holds_so_many_ports_whatever_the_credential(turn: Callable[..., Turn]) -> None:
    relay = turn()
    with ExitStack() as all_stay:
        people = [
            all_stay.enter_context(StunClient(relay.port, of(relay, life_s=LIFE_S - i)))
            for i in range(QUOTA + 1)
        ]
        codes = [person.allocate().code for person in people]
    assert codes == [*[OK] * QUOTA, QUOTA_REACHED]


def test_the_relay_speaks_no_tls_that_is_broken(turn: Callable[..., Turn]) -> None:
    relay = turn()
    with StunClient(relay.tls_port, of(relay), over="tls", tls=trusting(relay)) as person:
        assert person.allocate().code == OK
    old = trusting(relay)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.deprecated_call():
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", relay.tls_port), SILENCE_S) as plain,
        pytest.raises(OSError),  # noqa: PT011 it says no, or nothing
    ):
        old.wrap_socket(plain)


def trusting(relay: Turn) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=relay.certificate)
    context.check_hostname = False
    return context


def test_the_relay_comes_back_on_its_port_after_it_was_killed(turn: Callable[..., Turn]) -> None:
    relay = turn()
    for _ in range(3):
        relay.kill()
        relay.start()
        assert newcomer(relay, of(relay)) == OK


def test_coturn_understands_every_line(turn: Callable[..., Turn]) -> None:
    """It starts whatever stands there, and passes over what it cannot read."""
    said = turn().output()
    assert "Black listing: 10.0.0.0" in said, "the output is really read"
    assert re.findall(r"(?i).*(?:bad conf|wrong|cannot|error).*", said) == []


def test_the_relay_says_nothing_of_anybody(turn: Callable[..., Turn]) -> None:
    relay = turn(quiet=True)
    permits(relay, 4, ["8.8.8.8", *METADATA[4]])
    newcomer(relay, of(relay, life_s=-1))
    files = {file.path for file in psutil.Process(relay.pid).open_files()}
    relay.terminate()
    said = relay.output()
    assert re.findall(r"[0-9a-f:.]*(?:\d+\.){3}\d+|user|\d{10}", said) == []
    assert files == {str(relay.folder / "output.log")}
