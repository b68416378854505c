"""How crowded a country is, and what that makes of a message: people are put down by kind of
place, and the app's own geometry says who hears whom, which tiles each reaches, and how many
processes must be told.

    python -m bench.density

prints the tables of docs/scale.md, with what `bench/costs.py` measured. Nothing here is timed.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from statistics import mean
from typing import TYPE_CHECKING

from presence.geo import CELL_DEGREES, cell_at, tile_of, tiles_within
from presence.grid import Grid
from presence.values import Place
from voice.callers import district_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from presence.geo import Tile

# Of a country as large as Germany.
RESIDENTS = 83_000_000
SOUTH, WEST = 51.0, 10.0
KM_NORTH, KM_EAST = 111.2, 70.0  # in a degree, there
SPEAKERS = 300

# One in five of those who have the page open talks, and then once in three minutes.
TALK_PER_S = 0.2 / 180
# One in five walks, and is in another cell after 90 s.
MOVES_PER_S = 0.2 / 90

# Whoever has many around reaches less far. Most leave the dial where it stands, at 500 m.
WIDE = {500: 0.5, 1000: 0.2, 2000: 0.3}
USUAL = {200: 0.15, 300: 0.15, 500: 0.5, 1000: 0.1, 2000: 0.1}
NARROW = {100: 0.15, 200: 0.2, 300: 0.15, 500: 0.5}


@dataclass(frozen=True)
class PlaceKind:
    """A kind of place: the share of all people who are in such, how many stand on a square
    kilometre whether they have the page open or not, and the side of the square that is looked at.
    """

    name: str
    share: float
    people_km2: float
    side_km: float
    reach: Mapping[int, float]


KINDS = (
    PlaceKind("rural", 0.22, 100, 16, WIDE),
    PlaceKind("town", 0.35, 1_000, 10, USUAL),
    PlaceKind("city", 0.325, 3_500, 10, USUAL),
    PlaceKind("centre", 0.10, 15_000, 4, NARROW),
    PlaceKind("stadium", 0.005, 500_000, 0.3, NARROW),
)


@dataclass(frozen=True)
class Step:
    """So many have the page open at once, of so many who are there; a process takes so many. Each
    of the regions is an installation of its own."""

    at_once: int
    residents: int
    sockets: int
    regions: int = 1

    @property
    def share(self) -> float:
        return self.at_once / self.residents

    @property
    def processes(self) -> int:
        return math.ceil(self.at_once / self.regions / self.sockets)


STEPS = (
    Step(10_000, 1_000_000, 5_000),
    Step(1_000_000, RESIDENTS, 5_000),
    Step(50_000_000, RESIDENTS, 2_500, regions=50),
)


@dataclass(frozen=True)
class Spread:
    """What happens in one tile goes to so many processes, and each follows so many tiles."""

    told: float
    tiles: float


@dataclass(frozen=True)
class PlaceCount:
    """What was found in one kind of place. `receivers` hear one message, whoever said it included;
    `in_tile` is how many people stand in a tile, and `busiest` in the fullest."""

    kind: PlaceKind
    people: int
    sockets: int
    receivers: float
    reached: float
    in_tile: float
    busiest: int
    anywhere: Spread
    routed: Spread


# ---- People ------------------------------------------------------------------------------------


def settled(kind: PlaceKind, share: float, rng: random.Random) -> Counter[Place]:
    """Those who have the page open in the square, evenly over its cells; at least one."""
    cells = square(kind.side_km)
    people = max(1, round(kind.people_km2 * kind.side_km**2 * share))
    radii, weights = [*kind.reach], [*kind.reach.values()]
    reaches = rng.choices(radii, weights, k=people)
    return Counter(map(Place, rng.choices(cells, k=people), reaches))


@cache
def square(side_km: float) -> list[str]:
    """All cells of a square."""
    rows = max(1, round(side_km / KM_NORTH / CELL_DEGREES))
    columns = max(1, round(side_km / KM_EAST / CELL_DEGREES))
    return [
        cell_at(SOUTH + row * CELL_DEGREES, WEST + column * CELL_DEGREES)
        for row in range(rows)
        for column in range(columns)
    ]


@cache
def tiles_of_square(side_km: float) -> frozenset[Tile]:
    return frozenset(map(tile_of, square(side_km)))


def grid_of(crowd: Mapping[Place, int]) -> Grid[Counter[int]]:
    """How many there are by cell and reach."""
    grid = Grid[Counter[int]]()
    for place, people in crowd.items():
        if place.cell not in grid:
            grid[place.cell] = Counter()
        grid[place.cell][place.radius_m] += people
    return grid


def receivers(grid: Grid[Counter[int]], place: Place) -> int:
    """How many hear what is said at a place."""
    return sum(
        people
        for metres, _, reaches in grid.within(place)
        for radius_m, people in reaches.items()
        if radius_m >= metres
    )


@cache
def reached(place: Place) -> frozenset[Tile]:
    return tiles_within(*place.circle)


# ---- Processes ---------------------------------------------------------------------------------


def holders(processes: int, people: float) -> float:
    """How many of so many processes hold somebody of these people, each of whom is at any."""
    if processes <= 1:
        return 1.0
    return processes * -math.expm1(people * math.log1p(-1 / processes))


def watched(crowd: Mapping[Place, int]) -> dict[Tile, Counter[str]]:
    """How many people reach each tile, by the district (five characters) that they are in."""
    found: dict[Tile, Counter[str]] = defaultdict(Counter)
    for place, people in crowd.items():
        for tile in reached(place):
            found[tile][district_of(place)] += people
    return found


def spread(crowd: Mapping[Place, int], members: Mapping[Tile, float], processes: float) -> Spread:
    """`members` are the processes in the group of each tile, of so many in the square."""
    people: Counter[Tile] = Counter()
    for place, count in crowd.items():
        people[tile_of(place.cell)] += count
    told = sum(members[tile] * count for tile, count in people.items()) / people.total()
    return Spread(told, sum(members.values()) / processes)


def anywhere(crowd: Mapping[Place, int], step: Step) -> Spread:
    """Everybody is at any of all processes."""
    members = {
        tile: holders(step.processes, by_district.total())
        for tile, by_district in watched(crowd).items()
    }
    return spread(crowd, members, sum(crowd.values()) / step.sockets)


def routed(crowd: Mapping[Place, int], step: Step) -> Spread:
    """Everybody of a district is at one process, or at as few as it takes, and the next district at
    any other: processes have districts from all over the country."""
    inside: Counter[str] = Counter()
    for place, count in crowd.items():
        inside[district_of(place)] += count
    members = {
        tile: holders(
            step.processes,
            sum(
                holders(math.ceil(inside[district] / step.sockets), people)
                for district, people in by_district.items()
            ),
        )
        for tile, by_district in watched(crowd).items()
    }
    return spread(crowd, members, sum(crowd.values()) / step.sockets)


# ---- What is found -----------------------------------------------------------------------------


def counted(kind: PlaceKind, step: Step, seed: int = 1) -> PlaceCount:
    rng = random.Random(f"{kind.name} {seed}")
    crowd = settled(kind, step.share, rng)
    grid = grid_of(crowd)
    speakers = rng.choices([*crowd], [*crowd.values()], k=SPEAKERS)
    tiles: Counter[Tile] = Counter()
    for place, people in crowd.items():
        tiles[tile_of(place.cell)] += people
    return PlaceCount(
        kind=kind,
        people=round(step.at_once * kind.share),
        sockets=step.sockets,
        receivers=mean(receivers(grid, place) for place in speakers),
        reached=mean(len(reached(place)) for place in speakers),
        in_tile=crowd.total() / len(tiles_of_square(kind.side_km)),
        busiest=max(tiles.values()),
        anywhere=anywhere(crowd, step),
        routed=routed(crowd, step),
    )


def overall(counts: Iterable[PlaceCount], figure: str) -> float:
    """The mean of a figure over everybody."""
    each = [(getattr(one, figure), one.people) for one in counts]
    return sum(value * people for value, people in each) / sum(people for _, people in each)


def main() -> None:
    for step in STEPS:
        print(f"\n{step.at_once:,} at once, {step.share:.1%} of whoever is there\n")
        print(
            "| place | people a km2 | hear a message | heard a minute | tiles a person reaches"
            " | messages a minute in the fullest tile | told, anywhere | told, by place"
            " | tiles a process, anywhere | by place |"
        )
        print("|---|" + "---:|" * 9)
        for kind in KINDS:
            print(row(counted(kind, step), step))


def row(count: PlaceCount, step: Step) -> str:
    cells = [
        count.kind.name,
        f"{count.kind.people_km2 * step.share:,.0f}",
        f"{count.receivers:,.0f}",
        f"{count.receivers * TALK_PER_S * 60:,.1f}",
        f"{count.reached:.0f}",
        f"{count.busiest * TALK_PER_S * 60:,.1f}",
        f"{count.anywhere.told:,.1f}",
        f"{count.routed.told:.1f}",
        f"{count.anywhere.tiles:,.0f}",
        f"{count.routed.tiles:,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
