"""A store that has lost what it held has another epoch, whatever it lost it by."""

import asyncio

import pytest
from redis.crc import key_slot

from neartalk.redis import named
from presence.registry.epoch import KEYS, MARKERS, SLOTS
from tests.presence.registry_harness import RedisRegistryHarness, now_of, redis_harness

pytestmark = pytest.mark.usefixtures("patient")


def test_each_part_of_the_slots_has_a_marker() -> None:
    parts = {key_slot(key.encode()) * MARKERS // SLOTS for key in KEYS}
    assert parts == set(range(MARKERS))


async def epoch_of(harness: RedisRegistryHarness) -> str:
    return (await harness.registry.status(())).epoch


@pytest.mark.parametrize("kind", ["redis", "cluster"])
async def test_a_flush_is_a_new_epoch_and_all_processes_agree_on_it(
    request: pytest.FixtureRequest, kind: str
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    async with redis_harness(url) as one, redis_harness(url) as other:
        first = await asyncio.gather(*(epoch_of(each) for each in (one, other)))
        first = [await epoch_of(each) for each in (one, other)]
        assert first[0] == first[1] == await epoch_of(one)
        await one.client.flushall()
        again = [await epoch_of(each) for each in (one, other)]
        assert again[0] == again[1] != first[0]
        await other.client.flushdb()
        assert await epoch_of(one) not in {first[0], again[0]}


async def test_of_a_cluster_one_master_that_is_flushed_is_a_new_epoch(cluster_url: str) -> None:
    async with redis_harness(cluster_url) as harness:
        first = await epoch_of(harness)
        await harness.client.delete(named(KEYS[0]))
        assert await epoch_of(harness) != first


async def test_a_clock_that_was_set_back_is_a_new_epoch(redis_url: str) -> None:
    async with redis_harness(redis_url) as harness:
        await harness.registry.renew("one")
        first = await epoch_of(harness)
        await harness.registry.renew("one")
        assert await epoch_of(harness) == first
        # As if the clock had been ten minutes ahead until now.
        ahead = await now_of(harness) + 600_000
        await harness.client.zadd(named("leases"), {":clock": ahead, "dead": ahead + 15_000})
        await harness.registry.renew("one")
        again = await epoch_of(harness)
        assert again != first
        status = await harness.registry.status(())
        assert status.processes == {"one"}
        await harness.registry.renew("one")
        assert await epoch_of(harness) == again
