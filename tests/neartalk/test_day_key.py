"""The key of the day: one for all processes, and one request for all who wait for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.codes import Refused
from neartalk.limits import RedisDayKey
from neartalk.limits.day_key import KEY
from neartalk.limits.rules import DAY_MS
from neartalk.redis import named
from neartalk.redis.client import connect
from tests.support.clocks import ManualClock

if TYPE_CHECKING:
    from neartalk.redis import Store


async def test_all_processes_have_one_key_which_redis_forgets_after_a_day(redis_url: str) -> None:
    day = ManualClock()
    client = connect(redis_url)
    try:
        one, other = RedisDayKey(client, day), RedisDayKey(client, day)
        first = await one.today()
        assert len(first) == 32
        assert await other.today() == first
        assert DAY_MS - 60_000 < await client.pttl(named(KEY)) <= DAY_MS
        await client.delete(named(KEY))
        assert await one.today() == first
        day.now_ms += DAY_MS
        second = await one.today()
        assert second != first
        assert await other.today() == second
    finally:
        await client.aclose()


class HangingStore:
    """Answers nothing until `answers` is set; then it answers, or fails with `lost`."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.lost: Exception | None = None
        self.asked = 0

    async def ask(self, commands: Any) -> list[Any]:
        self.asked += 1
        await self.answers.wait()
        if self.lost:
            raise self.lost
        return [True, "ab" * 32, DAY_MS]


@pytest.fixture
def store() -> HangingStore:
    return HangingStore()


@pytest.fixture
def key(store: HangingStore) -> RedisDayKey:
    served: Store = store  # type: ignore[assignment]
    return RedisDayKey(served, ManualClock())


async def waiting(key: RedisDayKey, count: int) -> list[asyncio.Task[bytes]]:
    """So many callers, all of whom have asked by now."""
    callers = [asyncio.create_task(key.today()) for _ in range(count)]
    for _ in range(2):
        await asyncio.sleep(0)
    return callers


async def test_callers_share_one_request_and_its_failure(
    key: RedisDayKey, store: HangingStore
) -> None:
    callers = await waiting(key, 20)
    store.lost = TimeoutError()
    store.answers.set()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert [one.code for one in found if isinstance(one, Refused)] == ["store-unavailable"] * 20
    assert store.asked == 1


async def test_after_a_failure_the_next_caller_asks_again(
    key: RedisDayKey, store: HangingStore
) -> None:
    store.lost = TimeoutError()
    store.answers.set()
    with pytest.raises(Refused):
        await key.today()
    store.lost = None
    assert await key.today() == bytes.fromhex("ab" * 32)
    assert store.asked == 2


async def test_a_caller_that_is_cancelled_leaves_the_request_to_the_others(
    key: RedisDayKey, store: HangingStore
) -> None:
    first, second = await waiting(key, 2)
    first.cancel()
    store.answers.set()
    assert await second == bytes.fromhex("ab" * 32)
    assert first.cancelled()
    assert store.asked == 1
