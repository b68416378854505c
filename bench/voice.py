"""What voice costs a person in Chromium: each of a few who all speak with each other, and one among
others who cost little, at a desk or with a phone."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from playwright.async_api import async_playwright

from bench.browsers import DESKTOP, PHONE, spent, talker
from bench.busy import Busy
from bench.cores import cores, pinned
from bench.measurements import Measurement
from bench.others import others
from bench.stacks import STACKS, running
from tests.support.client import HERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.browsers import Sample, Talker
    from bench.case_size import CaseSize
    from tests.support.servers import Server

# What a phone's processor is slower by; browsers' own tools take it for a cheap one.
SLOWER = 4
SETTLE_S = 3.0


async def mesh(stack: str, size: CaseSize) -> list[Measurement]:
    """So many people who all speak with each other, all at once, and then all of them muted."""
    return [await meshed(stack, people, size.voice_s) for people in size.meshes]


async def meshed(stack: str, people: int, seconds: float) -> Measurement:
    async with AsyncExitStack() as ending:
        servers = ending.enter_context(running(STACKS[stack]))
        # One core is too few for so many browsers, and a server that relays no sound needs little.
        ending.enter_context(pinned(cores().servers | cores().others))
        playwright = await ending.enter_async_context(async_playwright())
        everyone = [
            await ending.enter_async_context(talker(playwright, servers.urls[0], HERE, **DESKTOP))
            for _ in range(people)
        ]
        for one, other in combinations(everyone, 2):
            await one.knock(other.person_id)
            await other.let_in(one.person_id)
        await asyncio.gather(*(one.expect_sound(people - 1) for one in everyone))
        figures = await measured(everyone, people - 1, seconds, "speaking")
        for one in everyone:
            await one.mute(True)
        figures |= await measured(everyone, people - 1, seconds, "muted")
        figures |= middle([await one.memory() for one in everyone])
    return measurement("voice-mesh", stack, people, figures)


async def desktop(stack: str, size: CaseSize) -> list[Measurement]:
    """One of so many, with others who cost little: a machine need not bear everybody's browser."""
    return await among_others("voice-desktop", stack, size.desktops, size.voice_s, DESKTOP)


async def phone(stack: str, size: CaseSize) -> list[Measurement]:
    """One person with a phone and ever more connections."""
    slower = {"slower": SLOWER}
    return await among_others("voice-phone", stack, size.phones, size.voice_s, PHONE, **slower)


async def among_others(
    case: str,
    stack: str,
    sizes: Sequence[int],
    seconds: float,
    options: dict[str, Any],
    slower: float = 1,
) -> list[Measurement]:
    found: list[Measurement] = []
    async with AsyncExitStack() as ending:
        servers = ending.enter_context(running(STACKS[stack]))
        ending.enter_context(pinned(cores().servers | cores().others))
        playwright = await ending.enter_async_context(async_playwright())
        server = cast("Server", servers.servers[0])
        crowd = await ending.enter_async_context(others(playwright, server, HERE))
        me = await ending.enter_async_context(talker(playwright, server.url, HERE, **options))
        for connections in sizes:
            for turn in range(there(found), connections):
                await me.let_in(await crowd.bring(f"Other {turn}", me.person_id))
            await me.expect_sound(connections)
            figures = await measured([me], connections, seconds, "speaking")
            if slower > 1:
                # What slows the main thread down keeps it busy: of this only its own time counts.
                await me.slow_down(slower)
                figures |= await measured([me], connections, seconds, "slow")
                await me.slow_down(1)
            await me.mute(True)
            await crowd.mute(True)
            figures |= await measured([me], connections, seconds, "muted")
            figures |= await me.memory()
            await me.mute(False)
            await crowd.mute(False)
            found.append(measurement(case, stack, connections, figures))
    return found


def measurement(case: str, stack: str, size: int, figures: dict[str, float]) -> Measurement:
    others = max(value for name, value in figures.items() if name.endswith("_others"))
    return Measurement(case, stack, size, 0, {**figures, "others": others})


def there(found: Sequence[Measurement]) -> int:
    return found[-1].listeners if found else 0


# ---- Steps -----------------------------------------------------------------------------------


async def measured(
    everyone: Sequence[Talker], calls: int, seconds: float, when: str
) -> dict[str, float]:
    """The middle one of everyone's figures, and how busy the machine was."""
    await asyncio.sleep(SETTLE_S)
    busy = Busy.now()
    before = await samples(everyone)
    await asyncio.sleep(seconds)
    after = await samples(everyone)
    figures = middle([spent(*both, calls) for both in zip(before, after, strict=True)])
    return {f"{when}_{name}": value for name, value in {**figures, **busy.until_now()}.items()}


async def samples(everyone: Sequence[Talker]) -> list[Sample]:
    return await asyncio.gather(*(one.sample() for one in everyone))


def middle(everyone: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: median(one[name] for one in everyone) for name in everyone[0]}
