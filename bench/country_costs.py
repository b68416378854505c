"""What one act costs, for bench/country.py: as it was measured when docs/scale.md was written, or
as a run of `make bench` read it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bench.measurements import Figure

if TYPE_CHECKING:
    from bench.measurements import Measurements


ONE, REDIS = "neartalk", "neartalk-redis"
IN_A_ROOM = 10


@dataclass(frozen=True)
class Costs:
    """CPU in microseconds of the app (`own`) and of Redis, and bytes; docs/scale.md says where each
    was measured. `delivery_us` are by messages a second that each hears."""

    idle: float = 3.8  # a socket, each second
    delivery_us: tuple[tuple[float, float], ...] = (
        (1, 20.7), (10, 12.2), (30, 8.7), (100, 3.6), (200, 2.1)
    )  # fmt: skip
    apart: float = 2.04  # times that, where everybody stands elsewhere
    message: float = 300
    people_frame: float = 60
    call: float = 4_100
    arrival: float = 18_000
    hint: float = 70
    tile: float = 36
    look: float = 480
    read: float = 8.5
    redis_message: float = 35
    redis_move: float = 90
    redis_arrival: float = 220
    redis_look: float = 52
    redis_read: float = 0.3
    redis_tile: float = 1.8
    redis_leases: tuple[tuple[float, float], ...] = ((10, 48), (200, 52), (2_000, 361))
    redis_told: float = 9
    session_bytes: float = 480
    person_bytes: float = 140
    message_bytes: float = 221
    socket_bytes: float = 25_500
    near_bytes: float = 1_000
    tile_bytes: float = 1_200
    delivery_bytes: float = 220
    frame_bytes: float = 120
    row_bytes: float = 107


COSTS = Costs()


def costs_read(measurements: Measurements, otherwise: Costs = COSTS) -> Costs:
    """With what was read in place of what was not; Redis' part and what bench/costs.py measures
    stay as they are."""

    def read(case: str, stack: str, name: str, rate: float = 0.0) -> float | None:
        return measurements.middle(Figure(case, stack, name, rate))

    delivered = delivery_us(measurements)
    at_10, spread = (read(case, REDIS, "us", 10) for case in ("one-cell", "spread"))
    found: dict[str, Any] = {
        "idle": scaled(read("idle", ONE, "share"), 1e6 / idle_sockets(measurements)),
        "delivery_us": delivered or None,
        "apart": scaled(spread, 1 / at_10) if at_10 else None,
        "message": message_us(measurements),
        "people_frame": read("walking", ONE, "frame_us"),
        "call": scaled(read("walking", ONE, "call_ms"), 1000),
        "arrival": scaled(read("arrivals", ONE, "arrival_ms"), 1000),
        "socket_bytes": scaled(read("idle", ONE, "kb"), 1024),
        "delivery_bytes": read("one-cell", REDIS, "bytes", 10),
        "row_bytes": read("page", ONE, "person_bytes"),
    }
    return replace(otherwise, **{name: value for name, value in found.items() if value})


def delivery_us(measurements: Measurements) -> tuple[tuple[float, float], ...]:
    """By messages a second, with Redis."""
    read = (one for one in measurements if (one.case, one.stack) == ("one-cell", REDIS))
    return tuple(
        (rate, us)
        for rate in sorted({one.rate for one in read})
        if (us := measurements.middle(Figure("one-cell", REDIS, "us", rate)))
    )


def message_us(measurements: Measurements) -> float | None:
    """What a message in a room of ten costs, less its deliveries at the price of a large crowd that
    hears as much."""
    room, crowd = (
        measurements.middle(Figure(case, REDIS, "us", 100)) for case in ("rooms", "one-cell")
    )
    return (room - crowd) * IN_A_ROOM if room and crowd else None


def idle_sockets(measurements: Measurements) -> int:
    return next((one.listeners for one in measurements if one.case == "idle"), 1)


def scaled(value: float | None, by: float) -> float | None:
    return None if value is None else value * by
