"""How much of everything the cases measure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CaseSize:
    """How much of everything; a trial takes less."""

    seconds: float = 6.0
    listeners: int = 1000
    sizes: tuple[int, ...] = (10, 100, 300, 2000)
    rates: tuple[float, ...] = (1, 10, 30, 100, 200)
    rooms: int = 20
    each: int = 10
    room_rate: float = 100.0
    places: int = 40
    neighbours: int = 25
    place_rates: tuple[float, ...] = (4, 10, 100)
    idle: int = 5000
    walkers: int = 1000
    cell_s: float = 90.0
    # Each socket is sent a mark every 10 s: windows in which nobody speaks have as many.
    silence_s: float = 20.0
    storm: int = 2000
    storm_s: float = 10.0
    history: int = 500
    voice_s: float = 10.0
    meshes: tuple[int, ...] = (2, 4)
    desktops: tuple[int, ...] = (1, 3, 7)
    phones: tuple[int, ...] = (1, 2, 4, 8, 12, 16)
    around: int = 8
    joins: int = 3
    elsewhere: tuple[int, ...] = (0, 200)
    doors: int = 200
    doors_s: float = 60.0
    simulated: tuple[int, ...] = (80, 200)
    page_s: float = 300.0
    arrivals: int = 200
    ceiling_rates: tuple[float, ...] = (100, 150, 200, 300, 400, 500, 600, 800)
    ceiling_place_rates: tuple[float, ...] = (40, 60, 80, 100, 125, 150, 200)


TRIAL = CaseSize(
    seconds=3,
    listeners=200,
    sizes=(10, 50, 400),
    rates=(1, 10, 50, 100),
    rooms=5,
    places=8,
    neighbours=5,
    place_rates=(1, 10),
    idle=300,
    walkers=100,
    silence_s=10,
    cell_s=9,
    storm=200,
    storm_s=2,
    history=100,
    voice_s=3,
    meshes=(2,),
    desktops=(1,),
    phones=(1, 2),
    around=2,
    joins=1,
    elsewhere=(0, 10),
    doors=12,
    doors_s=4,
    simulated=(10,),
    page_s=15,
    arrivals=20,
    ceiling_rates=(100, 400),
    ceiling_place_rates=(40, 100),
)
