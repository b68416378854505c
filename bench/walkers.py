"""People who move and leave while something breaks, and whether lists are true afterwards."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import httpx

from chat.devtools import in_reach
from neartalk.devtools import ApiError
from presence.geo import published_point
from presence.values import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from chat.devtools import ChatClient
    from neartalk.devtools import Api

STEP_S = 0.05


async def wander(
    api: Api, walkers: Sequence[ChatClient], spot: Callable[[], tuple[float, float]], seconds: float
) -> int:
    """Each of them says again and again for so long that they are elsewhere. Returns how often."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + seconds

    async def one(walker: ChatClient) -> int:
        moves = 0
        while loop.time() < ends_s:
            await move(api, walker, spot())
            moves += 1
            await asyncio.sleep(random.uniform(STEP_S, len(walkers) * STEP_S))
        return moves

    return sum(await asyncio.gather(*map(one, walkers)))


async def move(api: Api, walker: ChatClient, spot: tuple[float, float]) -> None:
    """Says it again until it is known to be done: of one whose answer was lost nobody knows."""
    lat, lon = spot
    radius_m = walker.person.place.radius_m
    while True:
        try:
            answer = await api.call(
                "POST", "/api/location/update", walker.key, lat=lat, lon=lon, radius=radius_m
            )
        except (ApiError, httpx.HTTPError):
            await asyncio.sleep(STEP_S)
            continue
        # The place in effect, where they are listed.
        walker.person = walker.person._replace(place=Place(answer["cell"], answer["radius"]))
        return


async def stand(api: Api, walkers: Iterable[ChatClient]) -> None:
    """Each says that they are where they are listed: no move waits to take effect any more."""
    for walker in walkers:
        before = ""
        while walker.person.place.cell != before:
            before = walker.person.place.cell
            await move(api, walker, published_point(before))


async def depart(api: Api, leavers: Sequence[ChatClient], seconds: float) -> None:
    """They leave within so long: half of them by a word, half by closing their page."""
    for turn, leaver in enumerate(leavers):
        await asyncio.sleep(seconds / len(leavers))
        if turn % 2:
            await end(api, leaver)
        await leaver.close()


async def end(api: Api, leaver: ChatClient) -> None:
    while True:
        try:
            await api.call("POST", "/api/session/leave", leaver.key)
        except ApiError as refused:
            if refused.code == "session-unknown":
                return
        except httpx.HTTPError:
            pass
        else:
            return
        await asyncio.sleep(STEP_S)


def lists_wrong(here: Collection[ChatClient]) -> int:
    """Pages whose list of people is not who is in range, by name (the nearest 50 of them)."""
    return sum(not list_right(page, here) for page in here)


def list_right(page: ChatClient, here: Iterable[ChatClient]) -> bool:
    others = {
        other.person.person_id: other.person.name
        for other in here
        if other is not page and in_reach(page.person.place, other.person.place)
    }
    shown = page.people.items() <= others.items()
    return shown and page.count == len(others) and len(page.people) == min(50, len(others))
