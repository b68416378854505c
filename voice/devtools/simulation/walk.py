"""How simulated people move: on foot, from one place to another, with pauses; some sit, some go
together. In metres east and north of a point. Pure.
"""

import math
import random
from typing import NamedTuple

from presence.geo import EARTH_RADIUS_M, LATITUDE_MAX

# Metres a second: R. Bohannon, Comfortable and maximum walking speed, Age and Ageing 26(1), 1997.
SPEED, SPEED_SPREAD = 1.38, 0.15
SLOWEST, FASTEST = 0.9, 1.9
PAUSE_S = (20.0, 240.0)
# A table at a café, and how far apart those are who go together.
TABLE_M, TOGETHER_M = 12.0, 6.0
SITTING, TOGETHER = 0.35, 0.25
GROUP = (2, 4)
PEOPLE_A_PLACE = 8


class Point(NamedTuple):
    east_m: float
    north_m: float

    def beside(self, chance: random.Random, most_m: float) -> "Point":
        """A random point at most so far away, more often near than far."""
        far, turn = most_m * chance.random() ** 0.7, chance.uniform(0, 2 * math.pi)
        return Point(self.east_m + far * math.cos(turn), self.north_m + far * math.sin(turn))

    def degrees(self, lat: float, lon: float) -> tuple[float, float]:
        """Latitude and longitude, these being those of the middle. Nobody crosses 85 degrees."""
        north = math.degrees(self.north_m / EARTH_RADIUS_M)
        east = math.degrees(self.east_m / EARTH_RADIUS_M / math.cos(math.radians(lat)))
        there = max(-LATITUDE_MAX, min(LATITUDE_MAX, lat + north))
        return there, (lon + east + 180) % 360 - 180


MIDDLE = Point(0.0, 0.0)


class Walk:
    """Somebody on foot. `step` moves them, `point` is where they are."""

    def __init__(self, chance: random.Random, places: list[Point]) -> None:
        self.chance = chance
        self.places = places
        self.point = chance.choice(places).beside(chance, TABLE_M)
        self.goal = self.point
        self.speed = min(FASTEST, max(SLOWEST, chance.gauss(SPEED, SPEED_SPREAD)))
        self.pause_s = chance.uniform(0, 3 * PAUSE_S[0])

    def step(self, seconds: float) -> None:
        if self.pause_s > 0:
            self.pause_s -= seconds
            if self.pause_s <= 0:
                self.goal = self.chance.choice(self.places).beside(self.chance, TABLE_M)
            return
        self._approach(self.speed * seconds)
        if self.point == self.goal:
            self.pause_s = self.chance.uniform(*PAUSE_S)

    def _approach(self, metres: float) -> None:
        left = math.dist(self.point, self.goal)
        if left <= metres:
            self.point = self.goal
            return
        share = metres / left
        self.point = Point(
            self.point.east_m + share * (self.goal.east_m - self.point.east_m),
            self.point.north_m + share * (self.goal.north_m - self.point.north_m),
        )


class Sit(Walk):
    """Somebody who sits at a café."""

    def step(self, seconds: float) -> None:
        pass


class Follow(Walk):
    """Somebody who walks beside another."""

    def __init__(self, chance: random.Random, leader: Walk) -> None:
        super().__init__(chance, leader.places)
        self.leader = leader
        self.beside = MIDDLE.beside(chance, TOGETHER_M)
        self.step(0)

    def step(self, seconds: float) -> None:
        at = self.leader.point
        self.point = Point(at.east_m + self.beside.east_m, at.north_m + self.beside.north_m)


def walks(chance: random.Random, people: int, around_m: float) -> list[Walk]:
    """The walks of so many people within a circle; a leader comes before their followers."""
    room_m = max(0.0, around_m - TABLE_M - TOGETHER_M)
    places = [MIDDLE.beside(chance, room_m) for _ in range(max(4, people // PEOPLE_A_PLACE))]
    found: list[Walk] = []
    while len(found) < people:
        kind = chance.random()
        if kind < SITTING:
            found.append(Sit(chance, places))
            continue
        found.append(leader := Walk(chance, places))
        if kind < SITTING + TOGETHER / sum(GROUP) * 2:
            others = chance.randint(*GROUP) - 1
            found += [Follow(chance, leader) for _ in range(others)]
    return found[:people]
