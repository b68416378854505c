"""How a hunter looks with a session: at a place that is in effect, by a sweep of its reach."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bench.hunters.candidates import REACH_MAX, Sight
from presence.geo import RADIUS_STOPS_M
from presence.values import Place

if TYPE_CHECKING:
    from bench.hunters.product import Fields, Prober

# A move that has just taken effect is seen a moment later.
MOMENT_S = 0.05


async def go(hunter: Prober, place: Place) -> Fields:
    """Tells a place as soon as the limits let it, and waits until it is in effect."""
    answer = await hunter.insist(place)
    wait_s = float(answer.get("effective_in") or 0)
    if wait_s:
        await asyncio.sleep(wait_s + MOMENT_S)
    return answer


async def observe(hunter: Prober, cell: str, person_id: str) -> Sight | None:
    """What the place in effect shows of somebody, at every stop of one's reach that helps."""
    await hunter.insist(Place(cell, REACH_MAX))
    metres = (await hunter.listed()).get(person_id)
    if metres is None:
        return None
    return Sight(metres, await narrowest_stop(hunter, cell, person_id))


async def narrowest_stop(hunter: Prober, cell: str, person_id: str) -> int:
    """The narrowest stop that shows somebody who is shown at the widest: found by halves."""
    low, high = 0, len(RADIUS_STOPS_M) - 1
    while low < high:
        middle = (low + high) // 2
        await hunter.insist(Place(cell, RADIUS_STOPS_M[middle]))
        if person_id in await hunter.listed():
            high = middle
        else:
            low = middle + 1
    return RADIUS_STOPS_M[high]
