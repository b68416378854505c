"""The dial: half-circles of the reach with a ring for each person on them, and its words."""

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache

from presence.delivery.fragments import Compiled, compile_template, fragment, placeholder
from presence.geo import RADIUS_STOPS_M

# viewBox 328 x 200, you at (12, 100), ten stops at equal steps from 28 to 302.
DIAL_FIRST, DIAL_STEP = 28.0, 274 / 9
MARKS_M = (100, 200, 500, 1000, 2000)
CROWD = 6


@lru_cache(maxsize=1024)
def dial(radius_m: int) -> Compiled:
    """Half-circles of the reach; who is in them stands in the placeholders."""
    shown = {
        "edge": reach_x(radius_m),
        "marks": [{"r": reach_x(at), "beyond": at > radius_m} for at in MARKS_M],
        **{name: placeholder(name) for name in ("words", "rings", "crowds")},
    }
    return compile_template("_dial.html", {"dial": shown})


@lru_cache
def crowd(far: int) -> Compiled:
    at = ring_x(far)
    shown = {"r": at, "x": round(12 + at, 1), "y": crowd_y(far), "count": placeholder("count")}
    return compile_template("_people_crowd.html", shown)


@lru_cache(maxsize=4096)
def ring(far: int, total: int, turn: int, colour: int) -> str:
    """A ring's place comes from its label and its turn in it, nothing else."""
    step = 5 if total >= 4 else 7
    at = round(ring_x(far) - step * (total - 1) / 2 + step * turn, 1)
    return fragment("_people_ring.html", {"r": at, "colour": colour}).strip()


# ---- Words and measures --------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def metres(value: int) -> str:
    """A reach in words: "500 m", "1 km", "1.5 km"."""
    return f"{value} m" if value < 1000 else f"{value / 1000:g} km"


def ring_x(far: int) -> float:
    return reach_x(max(far, 100)) + (8.2 if far == 0 else 0)


def crowd_y(far: int) -> int:
    """Numbers stand above and below the axis in turn: those of one label and the next are nearer
    to each other than they are wide."""
    turn = min(far, 500) // 50 + max(0, min(far, 1000) - 500) // 100 + max(0, far - 1000) // 200
    return 115 if turn % 2 else 90


def reach_x(value: float) -> float:
    """Distance on the dial for metres: the stops stand at equal steps, straight lines between."""
    if value <= RADIUS_STOPS_M[0]:
        return DIAL_FIRST * value / RADIUS_STOPS_M[0]
    step = bisect_left(RADIUS_STOPS_M, value) - 1
    low, high = RADIUS_STOPS_M[step : step + 2]
    return round(DIAL_FIRST + DIAL_STEP * (step + (value - low) / (high - low)), 1)


def words(count: int, totals: Iterable[tuple[int, int]]) -> str:
    """The dial for those who do not see it."""
    if not count:
        return "Nobody in reach"
    each = [
        f"{total} {'right around you' if far == 0 else f'at about {metres(far)}'}"
        for far, total in totals
    ]
    return f"{count} {'person' if count == 1 else 'people'} in reach: {', '.join(each)}"
