"""The address of a client behind trusted proxies."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from neartalk.limits import client_address, peer_and_forwarded

PEER = "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "", PEER),
        (0, "203.0.113.9", PEER),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1,203.0.113.9, ", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (1, "", PEER),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "2001:db8::1%eth0", "2001:db8::1"),
        (1, "no address", None),
        (1, "203.0.113.9:1234", None),
    ],
)
def test_the_address_is_what_the_outermost_trusted_proxy_saw(
    proxies: int, forwarded: str, address: str | None
) -> None:
    assert client_address(PEER, forwarded, proxies) == (ip_address(address) if address else None)


def test_what_a_client_writes_itself_changes_nothing() -> None:
    forged = [f"203.0.113.{last}, 198.51.100.1" for last in range(100)]
    assert {client_address(PEER, each, 1) for each in forged} == {ip_address("198.51.100.1")}


def test_all_lines_of_the_header_count_in_their_order() -> None:
    scope = {
        "client": [PEER, 1],
        "headers": [(b"x-forwarded-for", b"a"), (b"host", b"x"), (b"X-Forwarded-For", b"b, c")],
    }
    assert peer_and_forwarded(scope) == (PEER, "a,b, c")
    assert peer_and_forwarded({"client": None, "headers": []}) == ("", "")
