"""People who are not there, and what they do all day: they come, walk, chat, knock at each other,
answer whoever is there, and leave. All of it by the public API.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

import httpx

from chat.devtools import ChatClient, Visitor, arrive, leave
from neartalk.devtools import Api, ApiError
from presence.geo import cell_at, centre
from presence.people import Place
from voice.devtools.simulation.chatter import Chatter
from voice.devtools.simulation.doorbell import Doorbell
from voice.devtools.simulation.neighbour import Caller, Neighbour
from voice.devtools.simulation.walk import Walk, walks

RADII_M = (300, 500, 500, 700, 1000)
# One in so many is in voice.
CALLERS = 6
# Seconds.
ARRIVAL_S = 0.05
STEP_S = 1.0
AWAY_S = 2.0
FORGET_S = 60.0
LIFE_MS = 30 * 60_000


class Crowd:
    """`figures` counts what was done and seen, and `refused` calls that were refused, by code.
    `haste` makes all waits shorter.
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
    ) -> None:
        self.server_urls = server_urls
        self.spot = spot
        self.radius_m = radius_m
        self.haste = haste
        self.chance = random.Random(seed)
        self.walks = walks(self.chance, people, around_m)
        self.neighbours: list[Neighbour] = []
        self.ids: set[str] = set()
        self.figures: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.chatter = Chatter(self)
        self.doorbell = Doorbell(self)
        self.policy = "direct"
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def callers(self) -> list[Caller]:
        return [one.caller for one in self.neighbours if one.caller]

    async def run(self, stop: asyncio.Event) -> None:
        """Until then. Raises ApiError, httpx.HTTPError where there is no server to begin with."""
        async with Api(self.server_urls) as self.api:
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
        own = self._come(), self._walk(), self._forget()
        return (*own, self.chatter.live(), self.doorbell.live())

    # ---- Coming and going --------------------------------------------------------------------

    async def _come(self) -> None:
        for turn, walk in enumerate(self.walks):
            neighbour = Neighbour(await self._arrived(walk), self.server_urls, walk, self.chatter)
            neighbour.url_turn = turn
            self.neighbours.append(neighbour)
            neighbour.open()
            if turn == 0:
                answer = await self.api.call("GET", "/api/voice/ice", neighbour.key)
                self.policy = "relay" if answer["relay"] else "direct"
            if turn % CALLERS == 0:
                neighbour.caller = Caller(neighbour, self.server_urls, self.policy, self.doorbell)
                neighbour.caller.open()
            await self.pause(ARRIVAL_S)

    async def _arrived(self, walk: Walk) -> Visitor:
        """Waits as long as it takes."""
        radius_m = self.radius_m or self.chance.choice(RADII_M)
        while True:
            try:
                person = await arrive(self.api, walk.point.degrees(*self.spot), radius_m)
            except ApiError as refused:
                await self._wait_for(refused)
            except httpx.HTTPError:
                await self.pause(AWAY_S)
            else:
                self.ids.add(person.person_id)
                return person

    async def _come_back(self, neighbour: Neighbour) -> None:
        """The server began anew and knows nobody any more."""
        neighbour.begin_anew(await self._arrived(neighbour.walk))
        neighbour.moving = False

    # ---- Walking -----------------------------------------------------------------------------

    async def _walk(self) -> None:
        while True:
            await self.pause(STEP_S)
            for walk in self.walks:
                walk.step(STEP_S)
            for neighbour in self.neighbours:
                cell = cell_at(*neighbour.walk.point.degrees(*self.spot))
                if neighbour.moving:
                    continue
                if neighbour.over:
                    neighbour.moving = True
                    self.beside(self._come_back(neighbour))
                elif cell != neighbour.person.place.cell and not neighbour.ended:
                    neighbour.moving = True
                    self.beside(self._move(neighbour, cell))

    async def _move(self, neighbour: Neighbour, cell: str) -> None:
        lat, lon = centre(cell)
        spot = {"lat": lat, "lon": lon, "radius": neighbour.person.place.radius_m}
        try:
            answer = await self.api.call("POST", "/api/location/update", neighbour.key, **spot)
            place = Place(answer["cell"], answer["radius"])
            neighbour.person = neighbour.person._replace(place=place)
            neighbour.moved_s = asyncio.get_running_loop().time()
            self.figures["moves"] += 1
        except ApiError as refused:
            await self._wait_for(refused)
        except httpx.HTTPError:
            await self.pause(AWAY_S)
        neighbour.moving = False

    # ---- Steps -------------------------------------------------------------------------------

    async def _forget(self) -> None:
        """What lives no more: a crowd may stand for days."""
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

    async def _wait_for(self, refused: ApiError) -> None:
        """Raises it where waiting does not help."""
        self.refused[refused.code] += 1
        if refused.retry_after:
            await asyncio.sleep(refused.retry_after)
        elif refused.code not in {"session-unknown", "left"}:
            raise refused

    # ---- What became of it -------------------------------------------------------------------

    def refusals(self) -> dict[str, int]:
        """Refusals and closes by code, of calls and on every socket."""
        lines: list[ChatClient | Caller] = [*self.neighbours, *self.callers]
        return dict(sum((line.codes for line in lines), self.refused.copy()))
