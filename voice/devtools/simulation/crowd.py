"""A crowd of simulated people: they come, walk, chat, knock at each other, answer whoever is real,
and leave. All of it by the public API.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

import httpx

from chat.devtools import ChatClient, Visitor, arrive, leave
from neartalk.devtools import Api, ApiError
from voice.devtools.simulation.caller import SimulatedCaller
from voice.devtools.simulation.chatter import Chatter
from voice.devtools.simulation.doorbell import Doorbell
from voice.devtools.simulation.movement import Movement
from voice.devtools.simulation.neighbour import SimulatedNeighbour
from voice.devtools.simulation.walk import Walk, walks

RADII_M = (300, 500, 500, 700, 1000)
# One in so many is in voice; every other of them has an open door.
CALLERS = 6
# Seconds.
ARRIVAL_S = 0.05
AWAY_S = 2.0
FORGET_S = 60.0
LIFE_MS = 30 * 60_000


class Crowd:
    """All simulated people. `figures` counts what was done and shown, `refused` the calls that were
    refused, by code. `haste` divides all waits. With an `address` all come through that one.
    """

    def __init__(
        self,
        server_urls: Sequence[str],
        people: int,
        spot: tuple[float, float],
        *,
        around_m: float = 600,
        radius_m: int | None = None,
        seed: int | None = None,
        haste: float = 1.0,
        address: str = "",
    ) -> None:
        self.server_urls = server_urls
        self.spot = spot
        self.radius_m = radius_m
        self.haste = haste
        self.address = address
        self.paid_s: list[float] = []
        self.chance = random.Random(seed)
        self.walks = walks(self.chance, people, around_m)
        self.neighbours: list[SimulatedNeighbour] = []
        self.ids: set[str] = set()
        self.figures: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.movement = Movement(self)
        self.chatter = Chatter(self)
        self.doorbell = Doorbell(self)
        self.policy = "direct"
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def callers(self) -> list[SimulatedCaller]:
        return [one.caller for one in self.neighbours if one.caller]

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop` is set. Raises ApiError, and httpx.HTTPError if there is no server."""
        async with Api(self.server_urls, self.address) as self.api:
            self.paid_s = self.api.paid_s
            await self.api.call("GET", "/api/health")
            try:
                async with asyncio.TaskGroup() as self.group:
                    for life in self._lives():
                        self.beside(life)
                    await stop.wait()
                    for task in [*self.tasks]:
                        task.cancel()
            except ExceptionGroup as several:
                raise several.exceptions[0] from several
            finally:
                await asyncio.gather(*(caller.close() for caller in self.callers))
                await leave(self.server_urls, self.neighbours)

    def _lives(self) -> tuple[Coroutine[Any, Any, None], ...]:
        parts = self.movement.live(), self.chatter.live(), self.doorbell.live()
        return self._come(), self._forget(), *parts

    # ---- Coming and going --------------------------------------------------------------------

    async def _come(self) -> None:
        for turn, walk in enumerate(self.walks):
            neighbour = SimulatedNeighbour(
                await self.arrived(walk), self.server_urls, walk, self.chatter
            )
            neighbour.url_turn, neighbour.address = turn, self.address
            self.neighbours.append(neighbour)
            neighbour.open()
            if turn == 0:
                answer = await self.api.call("GET", "/api/voice/ice", neighbour.key)
                self.policy = "relay" if answer["relay"] else "direct"
            if turn % CALLERS == 0:
                door = "ask" if turn % (2 * CALLERS) else "open"
                neighbour.caller = SimulatedCaller(
                    neighbour, self.server_urls, self.policy, self.doorbell, door
                )
                neighbour.caller.address = self.address
                neighbour.caller.open()
            await self.pause(ARRIVAL_S)

    async def arrived(self, walk: Walk) -> Visitor:
        """A new session in the place of a walk; waits as long as that takes."""
        radius_m = self.radius_m or self.chance.choice(RADII_M)
        while True:
            try:
                person = await arrive(self.api, walk.point.degrees(*self.spot), radius_m)
            except ApiError as refused:
                await self.wait_for(refused)
            except httpx.HTTPError:
                await self.pause(AWAY_S)
            else:
                self.ids.add(person.person_id)
                return person

    # ---- Steps -------------------------------------------------------------------------------

    async def _forget(self) -> None:
        """Forgets expired messages: a crowd may run for days."""
        while True:
            await self.pause(FORGET_S)
            oldest_ms = max((int(one.mark or 0) for one in self.neighbours), default=0) - LIFE_MS
            for neighbour in self.neighbours:
                neighbour.forget(oldest_ms)
            self.chatter.forget(oldest_ms)

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.group.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def pause(self, least_s: float, most_s: float | None = None) -> None:
        await asyncio.sleep(self.chance.uniform(least_s, most_s or least_s) / self.haste)

    async def wait_for(self, refused: ApiError) -> None:
        """Waits as long as a refusal says. Raises it where waiting does not help."""
        self.refused[refused.code] += 1
        if refused.retry_after:
            await asyncio.sleep(refused.retry_after)
        elif refused.code not in {"session-unknown", "left"}:
            raise refused

    # ---- What became of it -------------------------------------------------------------------

    def refusals(self) -> dict[str, int]:
        """Refusals and closes by code, of calls and on every socket."""
        clients: list[ChatClient | SimulatedCaller] = [*self.neighbours, *self.callers]
        return dict(sum((one.codes for one in clients), self.refused.copy()))
