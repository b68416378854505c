"""How often something happened lately, how many different things, and marks: one contract, in
memory and in Redis."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from neartalk.limits import (
    DistinctCounts,
    Marks,
    MemoryDistinctCounts,
    MemoryMarks,
    MemorySlidingCounts,
    Quota,
    RedisDistinctCounts,
    RedisMarks,
    RedisSlidingCounts,
    SlidingCounts,
)
from neartalk.limits.marks import SWEEP_S
from neartalk.redis import named
from neartalk.redis.shared import store_at
from tests.support.processes import LoopClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    Make = Callable[[], AbstractAsyncContextManager[tuple[SlidingCounts, Marks]]]

pytestmark = pytest.mark.usefixtures("patient")

HOUR_MS = 3_600_000


@pytest.fixture(params=["memory", "redis", "cluster"])
def make(request: pytest.FixtureRequest) -> Make:
    """Both stores, made inside of the test's own loop."""
    kept = request.param != "memory"
    url = request.getfixturevalue(f"{request.param}_url") if kept else ""

    @asynccontextmanager
    async def made() -> AsyncIterator[tuple[SlidingCounts, Marks]]:
        if not url:
            yield MemorySlidingCounts(), MemoryMarks()
            return
        store = store_at(url.split(","))
        try:
            yield RedisSlidingCounts(store), RedisMarks(store)
        finally:
            await store.aclose()

    return made


def quota(subject: str, most: int, beside: str = "all", period_ms: int = HOUR_MS) -> Quota:
    return Quota(subject, period_ms, most, beside)


async def test_of_many_at_once_exactly_as_many_are_counted_as_may_be(make: Make) -> None:
    async with make() as (counts, _):
        added = await asyncio.gather(*(counts.add([quota("alice", 7)]) for _ in range(100)))
        assert added.count(True) == 7
        (found,) = await counts.counts([quota("alice", 7)])
        assert found.times == 7
        assert HOUR_MS - 60_000 < found.left_ms <= HOUR_MS
        assert await counts.add([quota("bob", 7)])


async def test_of_several_all_are_counted_or_none(make: Make) -> None:
    async with make() as (counts, _):
        assert await counts.add([quota("near", 1), quota("wide", 5)])
        assert not await counts.add([quota("near", 1), quota("wide", 5)])
        assert not await counts.add([quota("other", 5), quota("near", 1)])
        found = await counts.counts([quota("near", 1), quota("wide", 1), quota("other", 1)])
        assert [one.times for one in found] == [1, 1, 0]
        assert await counts.add([])
        assert await counts.counts([quota("nobody", 1)]) == [(0, 0)]


async def test_what_happened_before_a_period_is_not_counted_in_it() -> None:
    now_ms = 1_800_000_000_000
    counts = MemorySlidingCounts(lambda: now_ms)
    await counts.add([quota("alice", 9)])
    now_ms += 1000
    await counts.add([quota("alice", 9)])
    short, long = quota("alice", 9, period_ms=1000), quota("alice", 9)
    assert await counts.counts([short, long]) == [(1, 1000), (2, HOUR_MS - 1000)]


async def test_of_many_who_mark_at_once_one_is_the_first_and_marks_end(make: Make) -> None:
    async with make() as (_, marks):
        new = await asyncio.gather(*(marks.add("once", HOUR_MS) for _ in range(50)))
        assert new.count(True) == 1
        assert await marks.known(["never", "once"])
        assert not await marks.known(["never"])
        assert not await marks.known([])


async def test_a_mark_lasts_as_long_as_it_was_made_for() -> None:
    now_ms = 1_800_000_000_000
    marks = MemoryMarks(lambda: now_ms)
    assert await marks.add("a", 1000)
    now_ms += 999
    assert not await marks.add("a", 9000)
    now_ms += 1
    assert not await marks.known(["a"])
    assert await marks.add("a", 1000)


async def test_old_counts_are_forgotten() -> None:
    now_ms = 1_800_000_000_000
    counts = MemorySlidingCounts(lambda: now_ms)
    for turn in range(3000):
        await counts.add([quota(str(turn), 5)])
        now_ms += 100_000
    assert len(counts.times_ms) < 2000


async def test_a_mark_that_is_over_is_forgotten_though_nothing_else_happens() -> None:
    now_ms, time = 1_800_000_000_000, LoopClock()
    marks = MemoryMarks(lambda: now_ms)
    for name, life_ms in (("short", 1000), ("long", 90_000)):
        await marks.add(name, life_ms)
    for left in (["long"], []):
        now_ms += 60_000
        await time.pass_s(SWEEP_S + 1)
        assert [*marks.ends_ms] == left
    await marks.add("later", 1000)
    now_ms += 60_000
    await time.pass_s(SWEEP_S + 1)
    assert not marks.ends_ms


# ---- Different members --------------------------------------------------------------------------


@pytest.fixture(params=["memory", "redis", "cluster"])
def make_distinct(
    request: pytest.FixtureRequest,
) -> Callable[[], AbstractAsyncContextManager[DistinctCounts]]:
    kept = request.param != "memory"
    url = request.getfixturevalue(f"{request.param}_url") if kept else ""

    @asynccontextmanager
    async def made() -> AsyncIterator[DistinctCounts]:
        if not url:
            yield MemoryDistinctCounts()
            return
        store = store_at(url.split(","))
        try:
            yield RedisDistinctCounts(store)
        finally:
            await store.aclose()

    return made


async def test_each_member_of_a_subject_counts_once_until_it_is_removed(
    make_distinct: Callable[[], AbstractAsyncContextManager[DistinctCounts]],
) -> None:
    async with make_distinct() as distinct:
        added = [await distinct.add("alice", one, HOUR_MS) for one in ("a", "b", "a", "c")]
        assert added == [1, 2, 2, 3]
        await distinct.remove("alice", "b")
        await distinct.remove("alice", "never")
        await distinct.remove("nobody", "a")
        assert await distinct.count("alice", HOUR_MS) == 2
        assert await distinct.count("bob", HOUR_MS) == 0
        many = await asyncio.gather(*(distinct.add("bob", str(n), HOUR_MS) for n in range(50)))
        assert sorted(many) == [*range(1, 51)]


async def test_in_redis_nothing_of_a_subject_is_kept_for_longer_than_its_period(
    redis_url: str,
) -> None:
    store = store_at([redis_url])
    try:
        distinct = RedisDistinctCounts(store)
        await distinct.add("carol", "a", 9_000_000)
        await distinct.add("carol", "b", HOUR_MS)
        assert 0 < await store.send("PTTL", named("distinct:carol")) <= HOUR_MS
    finally:
        await store.aclose()


async def test_members_of_before_the_period_are_neither_counted_nor_kept() -> None:
    now_ms = 1_800_000_000_000
    distinct = MemoryDistinctCounts(lambda: now_ms)
    await distinct.add("alice", "a", 1000)
    now_ms += 600
    await distinct.add("alice", "b", 1000)
    now_ms += 400
    assert await distinct.count("alice", 1000) == 1
    assert await distinct.add("alice", "c", 1000) == 2
    assert [*distinct.added_ms["alice"]] == ["b", "c"]
    now_ms -= 3_600_000
    assert await distinct.count("alice", HOUR_MS) == 0


async def test_a_few_subjects_are_forgotten_too_with_what_is_added_after_their_period() -> None:
    now_ms = 1_800_000_000_000
    distinct = MemoryDistinctCounts(lambda: now_ms)
    await distinct.add("alice", "a", HOUR_MS)
    now_ms += HOUR_MS
    await distinct.add("bob", "b", HOUR_MS)
    assert [*distinct.added_ms] == [*distinct.ends_ms] == ["bob"]


async def test_subjects_without_members_are_forgotten() -> None:
    now_ms = 1_800_000_000_000
    distinct = MemoryDistinctCounts(lambda: now_ms)
    for turn in range(3000):
        await distinct.add(str(turn), "a", 1000)
        now_ms += 100_000
    assert len(distinct.added_ms) < 1100
    assert distinct.added_ms.keys() == distinct.ends_ms.keys()
