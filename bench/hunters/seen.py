"""Whoever looks and is gone at once: for how long is that one shown to those who were looked at?"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from bench.hunters.candidates import REACH_MAX, cells_within
from bench.hunters.exact import HOME
from bench.hunters.product import Prober, ProberSocket, Product
from presence.geo import cell_at
from presence.values import Place

REACH_M = 500
SHOWN_S = 25.0
STEP_S = 0.25
WATCHED_S = 100.0
LONELY = cell_at(52.8, 13.4)
AWAY = Place(cell_at(52.56, 13.4), REACH_MAX)

Vanish = Callable[[Prober, Place, str], Awaitable[Any]]


async def leaves(hunter: Prober, place: Place, hunted: str) -> None:
    await hunter.leave()


async def moves_away(hunter: Prober, place: Place, hunted: str) -> None:
    await hunter.publish(AWAY)


async def narrows(hunter: Prober, place: Place, hunted: str) -> None:
    await hunter.publish(Place(place.cell, 100))


async def blocks(hunter: Prober, place: Place, hunted: str) -> None:
    await hunter.call("POST", "/api/block", {"person_id": hunted})


async def falls_silent(hunter: Prober, place: Place, hunted: str) -> None:
    """Says nothing more: it is forgotten in time."""


async def begins_anew(hunter: Prober, place: Place, hunted: str) -> None:
    """Opens another session with the key of this one, which ends it."""
    await hunter.call("POST", "/api/session/create", {"username": "Another"})


BLOCKED = "blocks them"
WAYS: dict[str, Vanish] = {
    "leaves": leaves,
    "moves away": moves_away,
    "narrows its reach": narrows,
    BLOCKED: blocks,
    "falls silent": falls_silent,
    "begins anew": begins_anew,
}


async def by_list(hunter: Prober, vanish: Callable[[], Awaitable[Any]]) -> bool:
    told = bool(await hunter.listed())
    await vanish()
    return told


async def by_count(hunter: Prober, vanish: Callable[[], Awaitable[Any]]) -> bool:
    """By `in_range` alone, which was answered already."""
    await vanish()
    return True


async def by_socket(hunter: Prober, vanish: Callable[[], Awaitable[Any]]) -> bool:
    line = hunter.open()
    told = bool((await line.expect("people"))["people"])
    await line.close()
    await vanish()
    return told


async def by_socket_still_open(hunter: Prober, vanish: Callable[[], Awaitable[Any]]) -> bool:
    line = hunter.open()
    told = bool((await line.expect("people"))["people"])
    await vanish()
    await line.close()
    return told


LOOKS = {
    "list": by_list,
    "count": by_count,
    "socket": by_socket,
    "open socket": by_socket_still_open,
}


async def lie_in_wait(product: Product, way: str, chance: random.Random) -> float:
    """Stands there long since; somebody comes and is seen; the hunter is gone at once. For how long
    the one who came was shown the hunter."""
    hunter, hunted = await product.visitor(), await product.visitor()
    here = chance.choice(cells_within(LONELY, 5000))
    place = Place(chance.choice(cells_within(here, REACH_M)), REACH_MAX)
    await hunter.publish(place)
    listening = hunter.open()
    await listening.expect("people")
    await asyncio.sleep(WATCHED_S)
    await hunted.publish(Place(here, REACH_M))
    line = hunted.open()
    await line.expect("people")
    watch = Watch(line)
    watching = asyncio.ensure_future(watch.watch())
    async with asyncio.timeout(WATCHED_S):
        while hunted.person_id not in listening.list.people:
            listening.news.clear()
            await listening.news.wait()
    await WAYS[way](hunter, place, hunted.person_id)
    await listening.close()
    await asyncio.sleep(WATCHED_S)
    watching.cancel()
    await line.close()
    await hunted.leave()
    return watch.shown_s[hunter.person_id]


class Watch:
    """How long each person is shown in a list."""

    def __init__(self, line: ProberSocket) -> None:
        self.line = line
        self.shown_s: dict[str, float] = defaultdict(float)

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(STEP_S)
            for person_id in self.line.list.people:
                self.shown_s[person_id] += STEP_S


async def attack(probes: int, seed: int = 1) -> dict[str, Any]:
    """So many probes, of each kind as many: a look that tells of the hunted, and away."""
    chance, product = random.Random(seed), Product()
    hunted = await product.visitor()
    await hunted.publish(Place(HOME, REACH_M))
    line = hunted.open()
    await line.expect("people")
    watch = Watch(line)
    watching = asyncio.ensure_future(watch.watch())
    kinds = [(look, way) for look in LOOKS for way in WAYS]
    told: dict[str, str] = {}
    for turn in range(probes):
        look, way = kinds[turn % len(kinds)]
        hunter = await product.visitor()
        place = Place(chance.choice(cells_within(HOME, REACH_M)), REACH_MAX)
        await hunter.publish(place)
        vanish = partial(WAYS[way], hunter, place, hunted.person_id)
        if await LOOKS[look](hunter, vanish):
            told[hunter.person_id] = f"{look}, {way}"
        await asyncio.sleep(chance.uniform(0, 20))
    await asyncio.sleep(WATCHED_S)
    watching.cancel()
    await line.close()
    shown = [(watch.shown_s[one], kind) for one, kind in told.items()]
    for way in [*WAYS] * (probes // len(kinds)):
        shown.append((await lie_in_wait(product, way, chance), f"waiting for them, {way}"))
    blocked = [shown_s >= SHOWN_S for shown_s, kind in shown if kind.endswith(BLOCKED)]
    others = [(shown_s, kind) for shown_s, kind in shown if not kind.endswith(BLOCKED)]
    return {
        "told": len(others),
        "shown": sum(shown_s >= SHOWN_S for shown_s, _ in others),
        "unseen": sorted({kind for shown_s, kind in others if shown_s < SHOWN_S}),
        "blocked": len(blocked),
        "blocked_shown": sum(blocked),
    }
