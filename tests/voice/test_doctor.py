"""What manage.py doctor finds of STUN and the relay: a real allocation, and each way it fails."""

from __future__ import annotations

import socket
import ssl
import threading
from ipaddress import IPv4Address, ip_network
from typing import TYPE_CHECKING

import pytest

from neartalk.doctor import CheckOptions, Severity
from voice.doctor import checks_for, relay, stun, trouble, turn
from voice.relay import RelayServer, TurnError, connection, server_of
from voice.relay.stun import (
    BINDING,
    MAPPED,
    NONCE,
    REALM,
    SUCCESS,
    attribute,
    attributes_in,
    message,
    unmasked,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_django.fixtures import Settings

    from neartalk.doctor import Finding
    from tests.support.turn import Turn

WAIT_S = 20.0
SHORT_S = 0.2


def finding(found: Iterable[Finding]) -> tuple[str, str]:
    """The only finding."""
    [one] = found
    assert one.hint or one.severity is Severity.OK
    return str(one.severity), one.message


def test_a_relay_that_works_is_well_over_each_way_and_each_fault_is_said(
    turn: Callable[..., Turn], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = turn()
    udp, tcp = (f"turn:127.0.0.1:{relay.port}?transport={way}" for way in ("udp", "tcp"))
    tls = f"turns:127.0.0.1:{relay.tls_port}"
    settings.TURN_SECRET = relay.secret
    settings.VOICE_NETWORKS = [ip_network("127.0.0.0/8")]
    assert finding(stun(f"stun:127.0.0.1:{relay.port}", WAIT_S))[0] == "ok"
    lent = ("ok", "It lends an address to speak through.")
    assert [finding(ask(url)) for url in (udp, tcp)] == [lent, lent]
    state, says = finding(ask(tls))
    assert (state, says) == ("fault", "Browsers refuse its certificate: self-signed certificate.")
    monkeypatch.setattr(
        ssl, "create_default_context", trusting(ssl.create_default_context, relay.certificate)
    )
    assert finding(ask(tls)) == lent
    settings.VOICE_NETWORKS = []
    assert finding(ask(udp))[1].startswith("It lends an address that is not public")
    settings.TURN_SECRET = "another"
    assert finding(ask(udp))[1] == "It does not take the credentials that people are given."
    relay.stop()
    assert finding(ask(udp)) == ("fault", "It does not answer: ConnectionRefusedError.")


def ask(url: str) -> list[Finding]:
    return [*turn(url, WAIT_S)]


def trusting(
    make: Callable[..., ssl.SSLContext], certificate: object
) -> Callable[[], ssl.SSLContext]:
    return lambda: make(cafile=str(certificate))


def test_nobody_waits_for_a_relay_that_is_silent() -> None:
    """It is asked again, for a datagram may be lost, but not for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"stun:127.0.0.1:{silent.getsockname()[1]}"
        assert finding(stun(url, SHORT_S)) == ("fault", "It does not answer: TimeoutError.")


def test_attributes_are_read_as_they_are_written_also_the_last_one_that_is_empty() -> None:
    written = [(REALM, b"odd"), (MAPPED, b"even"), (NONCE, b"")]
    body = b"".join(attribute(kind, value) for kind, value in written)
    assert [*attributes_in(body)] == written


def test_a_datagram_that_is_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RETRANSMIT_S", 0.02)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def lose_one_and_answer() -> None:
            server.recvfrom(1500)
            request, asker = server.recvfrom(1500)
            seen = attribute(MAPPED, bytes([0, 1, *bytes(6)]))
            server.sendto(message(BINDING | SUCCESS, seen, request[8:20]), asker)

        thread = threading.Thread(target=lose_one_and_answer, daemon=True)
        thread.start()
        assert finding(stun(f"stun:127.0.0.1:{server.getsockname()[1]}", WAIT_S))[0] == "ok"
        thread.join(WAIT_S)


def test_an_address_is_unmasked() -> None:
    """The sample of RFC 5769, 2.2."""
    assert unmasked(bytes.fromhex("0001a147e112a643"), bytes(12)) == IPv4Address("192.0.2.1")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("stun:a.example", RelayServer("a.example", 3478, "udp")),
        ("turn:a.example:99?transport=tcp", RelayServer("a.example", 99, "tcp")),
        ("turns:a.example", RelayServer("a.example", 5349, "tls")),
        ("turns:a.example:443?transport=tcp", RelayServer("a.example", 443, "tls")),
        ("turn:[2001:db8::1]:3478", RelayServer("2001:db8::1", 3478, "udp")),
    ],
)
def test_an_address_leads_where_browsers_go(url: str, server: RelayServer) -> None:
    assert server_of(url) == server


@pytest.mark.parametrize(
    "url", ["", "turn.example.org", "http://a", "turns:a?transport=udp", "turn:", "turn:a:b"]
)
def test_what_is_no_address_is_said(url: str) -> None:
    state, says = finding(stun(url, WAIT_S))
    assert state == "fault"
    assert says.startswith("It is no address: ")


@pytest.mark.parametrize(
    ("why", "says"),
    [
        (TurnError(401), "It does not take the credentials"),
        (TurnError(486), "It is full."),
        (TurnError(500), "It answers with 500."),
        (TurnError(0), "It answers with what is no STUN."),
        (OSError(), "It does not answer: OSError."),
    ],
)
def test_each_no_has_its_sentence(why: Exception, says: str) -> None:
    assert trouble(why).message.startswith(says)
    assert trouble(why).hint


def test_what_is_set_of_a_relay_is_looked_at(settings: Settings) -> None:
    settings.STUN_URLS, settings.TURN_URLS, settings.TURN_SECRET = ["stun:a"], [], ""
    assert [check.about for check in checks_for(CheckOptions())] == ["relay", "stun:a"]
    assert finding(relay())[1].startswith("There is none")
    settings.TURN_URLS, settings.TURN_SECRET = ["turns:b"], "short"
    assert [check.about for check in checks_for(CheckOptions())] == ["relay", "stun:a", "turns:b"]
    assert finding(relay()) == (
        "fault",
        "TURN_SECRET can be guessed by whoever was given one credential.",
    )
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:b"], "4mXz0vQ9hT7kLw2Rb8NcYp5Jd"
    assert finding(relay())[1].startswith("No TURN_URLS begins with turns:")
