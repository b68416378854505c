"""What people in many places cost several processes that share a Redis: with those of a place at
all of the processes, and with all of a place at one."""

from __future__ import annotations

from contextlib import aclosing
from itertools import pairwise
from typing import TYPE_CHECKING

import redis.asyncio as aioredis

from bench import crowd
from bench.load import Talk, measure
from bench.measurements import Measurement
from bench.stacks import STACKS, running
from bench.steps import loading, measurement_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from bench.case_size import CaseSize
    from bench.load import Live
    from bench.stacks import Running
    from presence.values import Place


async def dealt(stack: str, size: CaseSize) -> list[Measurement]:
    return await apart("dealt", stack, crowd.dealt(size.places, size.neighbours), size)


async def routed(stack: str, size: CaseSize) -> list[Measurement]:
    return await apart("routed", stack, crowd.routed(size.places, size.neighbours), size)


async def apart(
    case: str, stack: str, places: Sequence[Place], size: CaseSize
) -> list[Measurement]:
    """At each of the rates; the first of them twice, of which the first time does not count."""
    rates = [size.places * rate for rate in size.place_rates]
    published: list[int] = []
    with running(STACKS[stack]) as servers:
        seats = await crowd.seats(servers, places)
        lines = loading(servers, seats, [rates[0], *rates], size.seconds / 2, warm_up_s=0)
        live, talks = await measure(listening(lines, servers, published))
    counts = [after - before for before, after in pairwise(published)]
    pairs = [*zip(talks, counts, strict=True)][1:]
    return [measurement(case, stack, live, talk, count) for talk, count in pairs]


async def listening(
    lines: AsyncGenerator[Live | Talk, None], servers: Running, published: list[int]
) -> AsyncGenerator[Live | Talk, None]:
    """Adds how much was published up to each of the lines."""
    assert servers.redis
    async with aclosing(lines), aioredis.from_url(servers.redis.url) as client:
        async for line in lines:
            commands = await client.info("commandstats")
            published.append(commands.get("cmdstat_publish", {"calls": 0})["calls"])
            yield line


def measurement(case: str, stack: str, live: Live, talk: Talk, published: int) -> Measurement:
    """`busiest_us` is CPU of the busiest process for each delivery of all, `redis_s` that of Redis
    for 1000 messages."""
    plain = measurement_of(case, stack, live, talk)
    figures = {
        "a_second": talk.counted / talk.wall_s,
        "busiest_us": max(talk.cpu_s) * 1e6 / max(1, talk.counted),
        "redis_s": talk.cpu_s[-1] * 1000 / max(1, talk.sent),
        "published": published / max(1, talk.sent),
    }
    return Measurement(case, stack, plain.listeners, plain.rate, {**plain.figures, **figures})
