"""The hunt of city.py by one who opens a new session for each probe: the first place of a session
holds at once. What it costs is the work that the product asks for, done on one core.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from bench.hunters.candidates import (
    REACH_MAX,
    around,
    best_place,
    cells_of,
    few,
    fitting,
    places_to_try,
)
from bench.hunters.city import NAME, REACH_M, SIDE_M, cell_in_city, spots
from bench.hunters.entry import Counters, PayingGuest
from bench.hunters.looking import observe
from bench.hunters.moved_time import TIME
from bench.hunters.product import Product
from neartalk.limits.challenge import TRIES_S
from presence.geo import RADIUS_STOPS_M
from presence.values import Place

if TYPE_CHECKING:
    from bench.hunters.candidates import Cell, Sight
    from bench.hunters.product import ProberSocket

# Of OpenSSL on one core (bench/PRICE.md): 4.5 million iterations a second, 2,000 a try.
SCRIPT_TRIES_S = 2_250
SHUT_OUT = "shut out"
# Who is patient takes no session that costs more, asks again after so long, and stays there.
CHEAP_MS, AGAIN_S = 5_000, 20.0


class Disposable:
    """A new session for each probe. Whoever is `patient` waits until one is cheap, and keeps each
    with a socket, as people do."""

    def __init__(self, product: Product, counters: Counters, wanted: str, *, patient: bool) -> None:
        self.product, self.counters, self.wanted = product, counters, wanted
        self.sessions = self.tries = 0
        self.lines: list[ProberSocket] | None = [] if patient else None

    async def probe(self, cell: Cell) -> Sight | None:
        guest = PayingGuest(self.product, self.counters, SCRIPT_TRIES_S)
        if self.lines is not None:
            await cheap(guest)
        visitor = await guest.come(f"Guest {self.sessions}")
        self.tries += guest.tries
        if visitor is None:
            raise PermissionError(SHUT_OUT)
        self.sessions += 1
        await visitor.insist(Place(cell, REACH_MAX))
        found = await observe(visitor, cell, self.wanted)
        if self.lines is None:
            await visitor.leave()
        else:
            self.lines.append(visitor.open())
        return found

    async def close(self) -> None:
        for line in self.lines or ():
            await line.close()


async def cheap(guest: PayingGuest) -> None:
    """Returns once the next session costs little."""
    if await price_ms(guest) > CHEAP_MS:
        await asyncio.sleep(AGAIN_S)
        await cheap(guest)


async def price_ms(guest: PayingGuest) -> int:
    """What the next session costs."""
    answer = await guest.call("GET", "challenge")
    return int(answer.fields["parameters"]["data"]["price_ms"]) if answer.status == 200 else 0


async def hunt(seed: int, *, patient: bool) -> dict[str, float]:
    chance, product = random.Random(seed), Product()
    hunted = await product.visitor(name=NAME)
    where = cell_in_city(chance.uniform(0, SIDE_M), chance.uniform(0, SIDE_M))
    await hunted.publish(Place(where, REACH_M))
    line = hunted.open()
    await line.expect("people")
    hunter, began_s = Disposable(product, Counters(), hunted.person_id, patient=patient), TIME.now_s
    route = spots()
    chance.shuffle(route)
    for here in route:
        if seen := await hunter.probe(here):
            break
    left = fitting(around(here, RADIUS_STOPS_M), here, seen)
    while len(cells_of(left)) > 1:
        sample = few(left, chance)
        here = best_place(sample, places_to_try(sample, here, chance))
        left = fitting(left, here, await hunter.probe(here))
    await hunter.close()
    await line.close()
    return {
        "seconds": TIME.now_s - began_s,
        "sessions": hunter.sessions,
        "phone_s": hunter.tries / TRIES_S / hunter.sessions,
        "right": cells_of(left) == {where},
    }


async def attack(hunts: int, seed: int = 1, *, patient: bool = False) -> dict[str, Any]:
    found = [await hunt(seed * 1000 + turn, patient=patient) for turn in range(hunts)]
    half = len(found) // 2
    return {
        "hunts": hunts,
        "right": sum(bool(one["right"]) for one in found),
        "median_s": round(sorted(one["seconds"] for one in found)[half], 1),
        "sessions": sorted(one["sessions"] for one in found)[half],
        "phone_s": round(sorted(one["phone_s"] for one in found)[half], 1),
    }
