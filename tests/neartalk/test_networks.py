"""The digests of networks under which calls are counted."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.limits import DOUBTS, Origins, ProxyDoubt, networks_of
from neartalk.limits.day_key import MemoryDayKey
from neartalk.limits.rules import DAY_MS
from tests.support.clocks import ManualClock

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

PEER = "192.0.2.1"


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("203.0.113.9", {"address": "203.0.113.9"}),
        (
            "2001:db8:1:2:3::4",
            {"64": "2001:db8:1:2::/64", "56": "2001:db8:1::/56", "48": "2001:db8:1::/48"},
        ),
    ],
)
def test_ipv6_is_counted_by_networks(address: str, networks: dict[str, str]) -> None:
    assert networks_of(ip_address(address)) == networks
    assert list(networks_of(ip_address(address))) == list(networks)


def test_all_that_cannot_be_read_count_as_one() -> None:
    assert networks_of(None) == {"address": "unknown"}


async def test_a_digest_is_the_same_all_day_and_another_the_next() -> None:
    day = ManualClock()
    origins = Origins(MemoryDayKey(day))
    first = await origins.of(scope(PEER))
    day.now_ms += DAY_MS - 1
    assert await origins.of(scope(PEER)) == first
    assert await origins.of(scope("192.0.2.2")) != first
    assert PEER not in str(first)
    day.now_ms += 1
    assert await origins.of(scope(PEER)) != first


def scope(peer: str, **headers: str) -> dict[str, Any]:
    """Of an ASGI call; `_` stands for `-` in the names of headers."""
    lines = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {"client": (peer, 1) if peer else None, "headers": lines}


# ---- Who is this machine -------------------------------------------------------------------------


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_is_not_counted_where_it_asks_itself(
    peer: str, settings: Settings
) -> None:
    for settings.TRUSTED_PROXIES in (0, 1, 2):
        assert await Origins(MemoryDayKey()).of(scope(peer)) == {}


@pytest.mark.parametrize(
    "claimed", ["127.0.0.1", "::1", '"[::1]:8080"', "::ffff:127.0.0.1", "unknown", ""]
)
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "", "10.0.0.1", "203.0.113.9"])
async def test_nobody_is_this_machine_because_a_header_claims_it(
    claimed: str, peer: str, settings: Settings
) -> None:
    """What a proxy on this machine asks is for somebody else, whoever they are."""
    settings.TRUSTED_PROXIES = 1
    assert await Origins(MemoryDayKey()).of(scope(peer, x_forwarded_for=claimed)) != {}
    settings.PROXY_HEADER = "forwarded"
    assert await Origins(MemoryDayKey()).of(scope(peer, forwarded=f"for={claimed}")) != {}
    assert await Origins(MemoryDayKey()).of(scope(peer, x_forwarded_for=claimed)) != {}


# ---- What is told of proxies ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusted", "peer", "headers", "doubt"),
    [
        (0, "127.0.0.1", {"x_forwarded_for": "203.0.113.9"}, "uncounted"),
        (0, "::ffff:172.17.0.1", {"forwarded": "for=203.0.113.9"}, "uncounted"),
        (0, "", {"x_real_ip": "203.0.113.9"}, "uncounted"),
        (0, "198.51.100.1", {"x_forwarded_for": "203.0.113.9"}, None),
        (0, "127.0.0.1", {}, None),
        (1, "127.0.0.1", {}, None),
        (1, "127.0.0.1", {"x_forwarded_for": "203.0.113.9"}, None),
        (1, "127.0.0.1", {"x_forwarded_for": "203.0.113.9, 203.0.113.10"}, None),
        (1, "10.0.0.9", {}, "missing"),
        (1, "127.0.0.1", {"forwarded": "for=203.0.113.9"}, "missing"),
        (2, "127.0.0.1", {"x_forwarded_for": "203.0.113.9"}, "missing"),
        (2, "127.0.0.1", {"x_forwarded_for": "203.0.113.9, 10.0.0.1"}, None),
        (1, "127.0.0.1", {"x_forwarded_for": "203.0.113.9, 10.0.0.1"}, "inner"),
        (1, "127.0.0.1", {"x_forwarded_for": "10.0.0.2, 10.0.0.1"}, None),
        (1, "127.0.0.1", {"x_forwarded_for": "unknown"}, "unreadable"),
        (1, "127.0.0.1", {"x_forwarded_for": "unknown, 203.0.113.9"}, None),
    ],
)
async def test_proxies_that_are_not_counted_as_they_stand_are_told_once_without_an_address(
    trusted: int,
    peer: str,
    headers: dict[str, str],
    doubt: str | None,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.TRUSTED_PROXIES = trusted
    origins = Origins(MemoryDayKey())
    for _ in range(3):
        await origins.of(scope(peer, **headers))
    assert origins.doubts == ({doubt: 3} if doubt else {})
    assert caplog.messages == ([DOUBTS[ProxyDoubt(doubt)].message] if doubt else [])
    assert not any("203.0.113" in str(record.__dict__) for record in caplog.records)
