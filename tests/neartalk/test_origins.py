"""Where a call comes from: which address counts, under which networks, and the key of the day."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from neartalk.limits import RedisKeys, address_of, headers_of, networks_of, origin_of
from neartalk.limits.origins import KEY, MemoryKeys
from neartalk.limits.rules import DAY_MS
from neartalk.redis.client import connect

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

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
    proxies: int, forwarded: str, address: str | None, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert address_of(PEER, forwarded) == (ip_address(address) if address else None)


def test_what_a_client_writes_itself_changes_nothing(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    forged = [f"203.0.113.{last}, 198.51.100.1" for last in range(100)]
    assert {address_of(PEER, each) for each in forged} == {ip_address("198.51.100.1")}


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


def test_all_lines_of_the_header_count_in_their_order() -> None:
    scope = {
        "client": [PEER, 1],
        "headers": [(b"x-forwarded-for", b"a"), (b"host", b"x"), (b"X-Forwarded-For", b"b, c")],
    }
    assert headers_of(scope) == (PEER, "a,b, c")
    assert headers_of({"client": None, "headers": []}) == ("", "")


# ---- The key of the day --------------------------------------------------------------------------


class Day:
    now_ms = 1_800_000_000_000

    def clock(self) -> int:
        return self.now_ms


async def test_a_digest_is_the_same_all_day_and_another_the_next() -> None:
    day = Day()
    keys = MemoryKeys(day.clock)
    first = await origin_of(keys, PEER, "")
    day.now_ms += DAY_MS - 1
    assert await origin_of(keys, PEER, "") == first
    assert await origin_of(keys, "192.0.2.2", "") != first
    assert PEER not in str(first)
    day.now_ms += 1
    assert await origin_of(keys, PEER, "") != first


async def test_all_processes_have_one_key_which_redis_forgets_after_a_day(redis_url: str) -> None:
    day = Day()
    client = connect(redis_url)
    try:
        one, other = RedisKeys(client, day.clock), RedisKeys(client, day.clock)
        first = await one.today()
        assert len(first) == 32
        assert await other.today() == first
        assert DAY_MS - 60_000 < await client.pttl(KEY) <= DAY_MS
        await client.delete(KEY)
        assert await one.today() == first
        day.now_ms += DAY_MS
        second = await one.today()
        assert second != first
        assert await other.today() == second
    finally:
        await client.aclose()
