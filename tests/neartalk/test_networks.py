"""The digests of networks under which calls are counted."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from neartalk.limits import networks_of, origin_of
from neartalk.limits.day_key import MemoryDayKey
from neartalk.limits.rules import DAY_MS
from tests.support.clocks import ManualClock

PEER = "192.0.2.1"


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("203.0.113.9", {"address": "203.0.113.9"}),
        (
            "2001:db8:1:2:3::4",
            {"64": "2001:db8:1:2::/64", "56": "2001:db8:1::/56", "48": "2001:db8:1::/48"},
        ),
        ("127.0.0.1", {}),
        ("::1", {}),
    ],
)
def test_ipv6_is_counted_by_networks_and_this_machine_not_at_all(
    address: str, networks: dict[str, str]
) -> None:
    assert networks_of(ip_address(address)) == networks
    assert list(networks_of(ip_address(address))) == list(networks)


def test_all_that_cannot_be_read_count_as_one() -> None:
    assert networks_of(None) == {"address": "unknown"}


async def test_a_digest_is_the_same_all_day_and_another_the_next() -> None:
    day = ManualClock()
    keys = MemoryDayKey(day)
    first = await origin_of(keys, PEER, "")
    day.now_ms += DAY_MS - 1
    assert await origin_of(keys, PEER, "") == first
    assert await origin_of(keys, "192.0.2.2", "") != first
    assert PEER not in str(first)
    day.now_ms += 1
    assert await origin_of(keys, PEER, "") != first
