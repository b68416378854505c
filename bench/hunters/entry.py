"""Many come in through one address: how long each waits, and what a script pays for as many.

Nobody works here. A solution is found at once, by the counter that the product chose; what counts
is how many tries a device needs up to it.
"""

from __future__ import annotations

import asyncio
import random
from importlib import import_module
from typing import Any

from altcha import Challenge, Payload, solve_challenge

from bench.hunters.candidates import cells_within
from bench.hunters.exact import HOME
from bench.hunters.moved_time import TIME
from bench.hunters.product import CallAnswer, Prober, Product
from presence.values import Place

ADDRESS = "198.51.100.30"
PATH = "/api/session"
WITHIN_S = 600.0
# A price may rise while it is paid.
TRIES = 6
# More than ten, three kilometres apart.
TILES = 12


class Counters:
    """The counter of each challenge that the product makes, by its nonce."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}
        module = import_module("neartalk.limits.challenge")
        create = module.create_challenge

        def noted(*args: Any, **options: Any) -> Any:
            challenge = create(*args, **options)
            self.of[challenge.parameters.nonce] = options["counter"]
            return challenge

        module.create_challenge = noted  # type: ignore[attr-defined]


class PayingGuest:
    """Comes in as the page does: works as often as it is asked to."""

    def __init__(self, product: Product, counters: Counters, tries_s: float) -> None:
        self.product, self.counters, self.tries_s = product, counters, tries_s
        self.tries = 0
        self.prices: list[int] = []
        self.waited_s = 0.0

    async def come(self, name: str) -> Prober | None:
        began_s, body = TIME.now_s, {"username": name}
        for _ in range(TRIES):
            answer = await self.call("POST", "create", body)
            if answer.status == 201:
                self.waited_s = TIME.now_s - began_s
                return Prober(self.product, answer.fields, ADDRESS)
            if not str(answer.fields["code"]).startswith("work-"):
                return None
            challenge = await self.call("GET", "challenge")
            if challenge.status == 200:
                body["altcha"] = await self.work(challenge.fields)
        return None

    async def call(self, method: str, name: str, body: object = None) -> CallAnswer:
        return await self.product.call(method, f"{PATH}/{name}", body, address=ADDRESS)

    async def work(self, fields: dict[str, Any]) -> str:
        made = Challenge.from_dict(fields)
        counter = self.counters.of[made.parameters.nonce]
        self.prices.append(fields["parameters"]["data"]["price_ms"])
        self.tries += counter
        if self.tries_s:
            await asyncio.sleep(counter / self.tries_s)
        found = solve_challenge(made, counter_start=counter)
        assert found
        return Payload(made, found).to_base64()


async def guests(people: int, seed: int, tries_s: float) -> dict[str, Any]:
    """So many people come to one square within ten minutes, at random moments."""
    chance, product, counters = random.Random(seed), Product(), Counters()
    square = [*cells_within(HOME, 100)]
    come = sorted(chance.uniform(0, WITHIN_S) for _ in range(people))
    waited: list[float] = []
    prices: dict[int, int] = {}

    async def one(turn: int, at_s: float) -> None:
        await asyncio.sleep(at_s)
        guest = PayingGuest(product, counters, tries_s)
        visitor = await guest.come(f"Guest {turn}")
        if visitor:
            await visitor.insist(Place(chance.choice(square), 500))
            waited.append(guest.waited_s)
            price = max(guest.prices, default=0)
            prices[price] = prices.get(price, 0) + 1

    await asyncio.gather(*(one(turn, at_s) for turn, at_s in enumerate(come)))
    waited.sort()
    return {
        "came": people,
        "in": len(waited),
        "p50_s": round(percentile(waited, 0.5), 1),
        "p95_s": round(percentile(waited, 0.95), 1),
        "longest_s": round(waited[-1], 1),
        "by_price_ms": prices,
    }


async def script(sessions: int, seed: int, *, spread: bool) -> dict[str, Any]:
    """What as many sessions cost a script that takes them one after the other, in tries: in one
    place, or in as many tiles as make it dearer."""
    chance, product, counters = random.Random(seed), Product(), Counters()
    near = [*cells_within(HOME, 100)]
    far = cells_in_tiles()
    tries, taken = 0, 0
    for turn in range(sessions):
        guest = PayingGuest(product, counters, 0)
        visitor = await guest.come(f"Guest {turn}")
        tries += guest.tries
        if visitor:
            taken += 1
            cell = far[turn % len(far)] if spread else chance.choice(near)
            await visitor.insist(Place(cell, 500))
        await asyncio.sleep(3.5)
    return {"sessions": taken, "tries": tries}


def cells_in_tiles() -> list[str]:
    geo = import_module("presence.geo")
    return [geo.cell_at(52.5, 13.0 + turn / 20) for turn in range(TILES)]


def percentile(found: list[float], share: float) -> float:
    return sorted(found)[min(len(found) - 1, int(share * len(found)))]


async def attack(
    size: int, seed: int = 1, *, tries_s: float = 0, spread: bool | None = None
) -> dict[str, Any]:
    """People, or a script where `spread` is said."""
    if spread is None:
        return await guests(size, seed, tries_s)
    return await script(size, seed, spread=spread)
