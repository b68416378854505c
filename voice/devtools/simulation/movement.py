"""How simulated people get from place to place: their walks, as calls of the public API."""

import asyncio
from typing import TYPE_CHECKING

import httpx

from neartalk.devtools import ApiError
from presence.geo import cell_at, published_point
from presence.values import Place
from voice.devtools.simulation.neighbour import SimulatedNeighbour

if TYPE_CHECKING:
    from voice.devtools.simulation.crowd import Crowd

STEP_S = 1.0
AWAY_S = 2.0


class Movement:
    """Moves everyone once a second. Somebody is `moving` while a call of theirs is under way."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd

    async def live(self) -> None:
        while True:
            await self.crowd.pause(STEP_S)
            for walk in self.crowd.walks:
                walk.step(STEP_S)
            for neighbour in self.crowd.neighbours:
                if not neighbour.moving:
                    self._step(neighbour)

    def _step(self, neighbour: SimulatedNeighbour) -> None:
        cell = cell_at(*neighbour.walk.point.degrees(*self.crowd.spot))
        if neighbour.over:
            neighbour.moving = True
            self.crowd.beside(self._come_back(neighbour))
        elif cell != neighbour.person.place.cell and not neighbour.ended:
            neighbour.moving = True
            self.crowd.beside(self._move(neighbour, cell))

    async def _come_back(self, neighbour: SimulatedNeighbour) -> None:
        """The server no longer knows their session: it began anew, or the session expired."""
        neighbour.renew(await self.crowd.arrived(neighbour.walk))
        neighbour.moving = False

    async def _move(self, neighbour: SimulatedNeighbour, cell: str) -> None:
        lat, lon = published_point(cell)
        spot = {"lat": lat, "lon": lon, "radius": neighbour.person.place.radius_m}
        api = self.crowd.api
        try:
            answer = await api.call("POST", "/api/location/update", neighbour.key, **spot)
            place = Place(answer["cell"], answer["radius"])
            neighbour.person = neighbour.person._replace(place=place)
            neighbour.moved_s = asyncio.get_running_loop().time()
            self.crowd.figures["moves"] += 1
        except ApiError as refused:
            await self.crowd.wait_for(refused)
        except httpx.HTTPError:
            await self.crowd.pause(AWAY_S)
        neighbour.moving = False
