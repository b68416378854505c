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
# A place takes effect in one of the server's rounds, and what is newly in range comes after that.
EFFECT_S = 4.0


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
        elif cell != neighbour.told_cell and not neighbour.ended:
            neighbour.moving = True
            self.crowd.beside(self._move(neighbour, cell))

    async def _come_back(self, neighbour: SimulatedNeighbour) -> None:
        """The server no longer knows their session: it began anew, or the session expired."""
        neighbour.renew(await self.crowd.arrived(neighbour.walk))
        neighbour.moving = False

    async def _bring_into_effect(
        self, neighbour: SimulatedNeighbour, place: Place, seconds: float
    ) -> None:
        """They are at a place by then, unless they have said since that they are elsewhere."""
        person_id = neighbour.person.person_id
        await self.crowd.pause(max(0.0, seconds - EFFECT_S))
        if (neighbour.person.person_id, neighbour.told_cell) != (person_id, place.cell):
            return
        neighbour.moving = True
        await self.crowd.pause(2 * EFFECT_S)
        self._apply(neighbour, place)
        neighbour.moving = False

    def _apply(self, neighbour: SimulatedNeighbour, place: Place) -> None:
        neighbour.person = neighbour.person._replace(place=place)
        neighbour.moved_s = asyncio.get_running_loop().time()

    async def _move(self, neighbour: SimulatedNeighbour, cell: str) -> None:
        lat, lon = published_point(cell)
        spot = {"lat": lat, "lon": lon, "radius": neighbour.person.place.radius_m}
        api = self.crowd.api
        try:
            answer = await api.call("POST", "/api/location/update", neighbour.key, **spot)
            neighbour.told_cell = cell
            self._apply(neighbour, Place(answer["cell"], answer["radius"]))
            self.crowd.figures["moves"] += 1
            if answer["effective_in"]:
                place = Place(cell, answer["radius"])
                self.crowd.beside(self._bring_into_effect(neighbour, place, answer["effective_in"]))
        except ApiError as refused:
            await self.crowd.wait_for(refused)
        except httpx.HTTPError:
            await self.crowd.pause(AWAY_S)
        neighbour.moving = False
