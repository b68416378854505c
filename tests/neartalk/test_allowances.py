"""Allowances, kept in memory or in Redis: one contract."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from neartalk.codes import Refused
from neartalk.limits import RULES, Act, Rule, Rules, allow
from neartalk.limits import rules as limits
from neartalk.limits.allowances import Allowances
from neartalk.limits.memory import SWEEP, MemoryAllowances
from neartalk.limits.redis import RedisAllowances, key
from neartalk.redis.client import connect
from neartalk.redis.shared import store_at
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from pytest_django.fixtures import Settings

    Make = Callable[[], AbstractAsyncContextManager[Allowances]]

pytestmark = pytest.mark.usefixtures("patient")

HOUR_S = 3600


@pytest.fixture(params=["memory", "redis", "cluster"])
def make(request: pytest.FixtureRequest) -> Make:
    """A store, made inside of the test's own loop."""
    kept = request.param != "memory"
    url = request.getfixturevalue(f"{request.param}_url") if kept else ""

    @asynccontextmanager
    async def made() -> AsyncIterator[Allowances]:
        if not url:
            yield MemoryAllowances(Rules())
            return
        store = store_at(url.split(","))
        try:
            yield RedisAllowances(store, Rules())
        finally:
            await store.aclose()

    return made


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """So slow that nothing comes back while a test runs."""
    monkeypatch.setitem(RULES, "three", Rule(3, HOUR_S, burst=3))
    monkeypatch.setitem(RULES, "five", Rule(5, HOUR_S, burst=5))
    monkeypatch.setitem(RULES, "metres", Rule(3600, HOUR_S, burst=2000, saves=True))


async def test_of_a_thousand_at_once_exactly_the_allowance_is_taken(make: Make) -> None:
    async with make() as allowances:
        tries = (allowances.spend([Act("five", "alice")]) for _ in range(1000))
        found = await asyncio.gather(*tries)
        assert found.count((0, 0)) == 5
        waits = [wait_ms for _, wait_ms in found if wait_ms]
        assert all(0 < wait_ms <= HOUR_S * 1000 / 5 for wait_ms in waits)
        assert (await allowances.spend([Act("five", "bob")])) == (0, 0)


async def test_of_several_all_are_taken_or_none(make: Make) -> None:
    async with make() as allowances:
        both = [Act("five", "alice", beside="all"), Act("three", "all")]
        for _ in range(3):
            assert await allowances.spend(both) == (0, 0)
        each, wait_ms = await allowances.spend(both)
        assert (each, wait_ms > 0) == (2, True)
        found = [await allowances.spend([both[0]]) for _ in range(3)]
        assert found[:2] == [(0, 0)] * 2
        assert found[2] != (0, 0)


async def test_of_what_saves_and_what_does_not_both_are_taken_or_none(make: Make) -> None:
    async with make() as allowances:
        near = [Act("three", "alice"), Act("metres", "alice", 100)]
        far = [Act("three", "alice"), Act("metres", "alice", 100_000)]
        for both in (far, near, far, near, far, near):
            each, _ = await allowances.spend(both)
            assert each == (2 if both is far else 0)
        each, _ = await allowances.spend(near)
        assert each == 1
        assert await allowances.spend([Act("metres", "alice", 1690)]) == (0, 0)
        assert await allowances.spend([Act("metres", "alice", 1690)]) != (0, 0)


async def test_an_act_of_many_units_takes_as_much(make: Make) -> None:
    async with make() as allowances:
        assert await allowances.spend([Act("metres", "alice", 0)]) == (0, 0)
        assert await allowances.spend([Act("metres", "alice", 1500)]) == (0, 0)
        each, wait_ms = await allowances.spend([Act("metres", "alice", 1500)])
        assert each == 1
        assert 990_000 < wait_ms <= 1_000_000
        assert await allowances.spend([Act("metres", "alice", 490)]) == (0, 0)


async def test_more_at_once_than_a_burst_has_to_wait_from_the_first_time(make: Make) -> None:
    async with make() as allowances:
        _, wait_ms = await allowances.spend([Act("metres", "alice", 100_000)])
        assert 97_900_000 < wait_ms <= 98_000_000


async def test_what_was_saved_may_be_spent_later() -> None:
    now_ms = 1_800_000_000_000
    allowances = MemoryAllowances(Rules(), lambda: now_ms)
    await allowances.spend([Act("metres", "alice", 0)])
    now_ms += 8_000_000
    assert await allowances.spend([Act("metres", "alice", 10_000)]) == (0, 0)
    assert (await allowances.spend([Act("metres", "alice", 1)]))[1] == 1000
    now_ms += 2 * limits.DAY_MS
    assert (await allowances.spend([Act("metres", "alice", 86_400 + 2001)]))[1] == 1000


async def test_what_was_saved_counts_in_redis_as_in_memory(redis_url: str) -> None:
    client = connect(redis_url)
    try:
        allowances = RedisAllowances(client, Rules())
        act = Act("metres", "alice", 10_000)
        assert (await allowances.spend([act]))[1] > 0
        second, _ = await client.time()
        await client.set(key(act), (int(second) - 8_000) * 1000)
        assert await allowances.spend([act]) == (0, 0)
        assert (await allowances.spend([Act("metres", "alice", 100)]))[1] > 0
    finally:
        await client.aclose()


async def test_a_clock_that_was_set_back_makes_nobody_wait_longer_than_the_rule_says() -> None:
    now_ms = 1_800_000_000_000
    allowances = MemoryAllowances(Rules(), lambda: now_ms)
    assert await allowances.spend([Act("five", "alice")]) == (0, 0)
    now_ms -= 100 * HOUR_S * 1000
    assert await allowances.spend([Act("five", "alice")]) == (0, 0)
    assert await allowances.spend([Act("five", "alice")]) == (1, HOUR_S * 1000 // 5)


@pytest.mark.parametrize("act", [Act("five", "alice"), Act("metres", "alice", 100)])
async def test_redis_bounds_a_wait_as_memory_does(redis_url: str, act: Act) -> None:
    client, rule = connect(redis_url), RULES[act.rule]
    try:
        second, _ = await client.time()
        await client.set(key(act), (int(second) + 100 * HOUR_S) * 1000)
        allowances = RedisAllowances(client, Rules())
        assert await allowances.spend([act]) == (0, 0)
        each, wait_ms = await allowances.spend([act])
        assert each == 1
        assert 0 < wait_ms <= rule.interval_ms * act.units
    finally:
        await client.aclose()


async def test_a_rule_that_is_off_asks_no_store(settings: Settings) -> None:
    settings.RATE_LIMITS_OFF = ["three"]
    allowances = MemoryAllowances(Rules())
    await allow(allowances, "too-often", Act("three", "alice"))
    assert allowances.tats_ms == {}


async def test_a_refusal_says_when_and_a_rule_that_is_off_refuses_nothing(
    make: Make, settings: Settings
) -> None:
    async with make() as allowances:
        act = Act("three", "alice")
        for _ in range(3):
            await allow(allowances, "too-often", act)
        with pytest.raises(Refused) as refused:
            await allow(allowances, "too-often", act)
        assert refused.value.code == "too-often"
        assert HOUR_S / 3 - WAIT_S < (refused.value.retry_after or 0) <= HOUR_S / 3
        settings.RATE_LIMITS_OFF = ["three"]
        await allow(allowances, "too-often", act)


async def test_what_is_full_again_is_forgotten() -> None:
    now_ms = 1_800_000_000_000
    allowances = MemoryAllowances(Rules(), lambda: now_ms)
    for number in range(SWEEP - 1):
        await allowances.spend([Act("five", str(number))])
    now_ms += HOUR_S * 1000
    for number in range(SWEEP):
        await allowances.spend([Act("five", f"later {number}")])
    assert len(allowances.tats_ms) <= SWEEP + 1
