"""What a process stands on, with what it counts and allows in memory, in Redis or in a cluster."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from neartalk.limits import RedisAllowances, RedisDistinctCounts, RedisMarks, RedisSlidingCounts
from neartalk.parts import Platform
from neartalk.redis.shared import store_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def platform_at(url: str) -> AsyncIterator[Platform]:
    """`url` is that of a Redis, or those of a cluster with commas between; "" is memory."""
    platform = Platform.build()
    if not url:
        yield platform
        return
    store = store_at(url.split(","))
    stores = {
        "allowances": RedisAllowances(store, platform.rules),
        "marks": RedisMarks(store),
        "counts": RedisSlidingCounts(store),
        "distinct": RedisDistinctCounts(store),
    }
    for name, one in stores.items():
        object.__setattr__(platform, name, one)
    try:
        yield platform
    finally:
        await store.aclose()
