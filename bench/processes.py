"""What people in many places cost several processes that share a Redis: with those of a place at
all of the processes, and with all of a place at one."""

from __future__ import annotations

from contextlib import aclosing
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import httpx
import redis.asyncio as aioredis
from prometheus_client.parser import text_string_to_metric_families

from bench import crowd
from bench.load import Talk, measure
from bench.readings import Reading
from bench.stacks import STACKS, running
from bench.steps import loading, spoken

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from bench.cases import Size
    from bench.load import Live
    from bench.stacks import Running
    from presence.people import Place


class Told(NamedTuple):
    """What processes have told each other so far: commands in Redis, and hints that came in."""

    published: int
    hints: float


async def dealt(stack: str, size: Size) -> list[Reading]:
    return await apart("dealt", stack, crowd.dealt(size.places, size.neighbours), size)


async def routed(stack: str, size: Size) -> list[Reading]:
    return await apart("routed", stack, crowd.routed(size.places, size.neighbours), size)


async def apart(case: str, stack: str, places: Sequence[Place], size: Size) -> list[Reading]:
    """At each of the rates; the first of them twice, of which the first time does not count."""
    rates = [size.places * rate for rate in size.place_rates]
    told: list[Told] = []
    with running(STACKS[stack]) as servers:
        seats = await crowd.seats(servers, places)
        lines = loading(servers, seats, [rates[0], *rates], size.seconds / 2, warm_up_s=0)
        live, talks = await measure(listening(lines, servers, told))
    spans = [*zip(talks, pairwise(told), strict=True)][1:]
    return [reading(case, stack, live, talk, *span) for talk, span in spans]


async def listening(
    lines: AsyncGenerator[Live | Talk, None], servers: Running, told: list[Told]
) -> AsyncGenerator[Live | Talk, None]:
    """Adds what was told up to each of the lines."""
    async with aclosing(lines):
        async for line in lines:
            told.append(await told_by(servers))
            yield line


async def told_by(servers: Running) -> Told:
    assert servers.redis
    async with aioredis.from_url(servers.redis.url) as client:
        commands = await client.info("commandstats")
    published = commands.get("cmdstat_publish", {"calls": 0})["calls"]
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        pages = [(await http.get(f"{url}/metrics")).raise_for_status().text for url in servers.urls]
    return Told(published, sum(map(hints_in, pages)))


def hints_in(page: str) -> float:
    """How many hints of others a process has taken, of whatever kind."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "neartalk_hints_total" and sample.labels["fate"] == "received"
    )


def reading(case: str, stack: str, live: Live, talk: Talk, before: Told, after: Told) -> Reading:
    """`busiest_us` is CPU of the busiest process for each delivery of all, `redis_s` that of Redis
    for 1000 messages; what was told is for each message."""
    plain = spoken(case, stack, live, talk)
    deliveries, messages = max(1, talk.counted), max(1, talk.sent)
    figures = {
        "a_second": talk.counted / talk.wall_s,
        "busiest_us": max(talk.cpu_s) * 1e6 / deliveries,
        "redis_s": talk.cpu_s[-1] * 1000 / messages,
        "published": (after.published - before.published) / messages,
        "hints": (after.hints - before.hints) / messages,
    }
    return Reading(case, stack, plain.listeners, plain.rate, {**plain.figures, **figures})
