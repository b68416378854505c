"""From costs and density to machines.

    python -m bench.country

prints the other tables of docs/scale.md. Pure arithmetic: `Costs` are what was measured, `density`
says what happens how often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.density import KINDS, MOVES_PER_S, STEPS, TALK_PER_S, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.density import PlaceCount, Step

PEOPLE_S, ROUND_S, LIFE_S, IDLE_S = 5.0, 2.0, 1800.0, 1800.0
SHOWN_MAX = 50
# A visit lasts twenty minutes; its session stays for thirty more.
VISIT_S = 1200.0
# Who comes and who goes is seen by others, as is who moves.
CHANGES_PER_S = MOVES_PER_S + 2 / VISIT_S
# Of a core, in the busiest hour.
BUSY = 0.5


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


@dataclass(frozen=True)
class Need:
    """Of one person in a kind of place, each second: microseconds of the app and of Redis, of the
    layer's Redis too, and bytes to them. Memory in bytes."""

    app_us: float
    redis_us: float
    layer_us: float
    sent: float
    memory: float
    redis_memory: float


def at(points: Sequence[tuple[float, float]], x: float) -> float:
    """On the line between the two points around x; beyond them what the last one says."""
    if x <= points[0][0]:
        return points[0][1]
    for (x_low, y_low), (x_high, y_high) in pairwise(points):
        if x <= x_high:
            return y_low + (y_high - y_low) * (x - x_low) / (x_high - x_low)
    return points[-1][1]


def frames_per_s(receivers: float) -> float:
    """How often somebody is shown who is near: 5 s after the last time at the earliest."""
    changes = receivers * CHANGES_PER_S
    return 1 / (PEOPLE_S + 1 / changes)


def rows_of(receivers: float) -> float:
    """How many people a frame tells of: those of the nearest 50 who came, left or changed since the
    last one."""
    return CHANGES_PER_S * min(receivers, SHOWN_MAX) / frames_per_s(receivers)


def looked_through(count: PlaceCount) -> float:
    """How many people a call reads from Redis, if it comes to a process that does not watch."""
    return count.reached * count.in_tile


def need(count: PlaceCount, costs: Costs = COSTS, *, by_place: bool = True) -> Need:
    """`by_place`: calls come to the process that has the sockets of their district, too."""
    heard = count.receivers * TALK_PER_S
    elsewhere = 1.0 if count.kind.name == "stadium" else costs.apart
    delivery_us = at(costs.delivery_us, heard) * elsewhere
    frames, spread = frames_per_s(count.receivers), count.routed
    looks = 0.0 if by_place else MOVES_PER_S + 1 / VISIT_S
    reads = looks * looked_through(count)
    hints = (TALK_PER_S + CHANGES_PER_S) * spread.told
    tiles = spread.tiles / count.sockets
    return Need(
        app_us=costs.idle
        + heard * delivery_us
        + TALK_PER_S * costs.message
        + frames * costs.people_frame
        + MOVES_PER_S * costs.call
        + costs.arrival / VISIT_S
        + hints * costs.hint
        + tiles * costs.tile / ROUND_S
        + looks * costs.look
        + reads * costs.read,
        redis_us=TALK_PER_S * costs.redis_message
        + MOVES_PER_S * costs.redis_move
        + costs.redis_arrival / VISIT_S
        + tiles * costs.redis_tile / ROUND_S
        + looks * costs.redis_look
        + reads * costs.redis_read,
        layer_us=hints * costs.redis_told,
        sent=heard * costs.delivery_bytes
        + frames * (costs.frame_bytes + rows_of(count.receivers) * costs.row_bytes),
        memory=costs.socket_bytes + costs.near_bytes * spread.told + costs.tile_bytes * tiles,
        redis_memory=costs.session_bytes * (1 + IDLE_S / VISIT_S)
        + costs.person_bytes
        + costs.message_bytes * TALK_PER_S * LIFE_S,
    )


def total(counts: Iterable[PlaceCount], of: Callable[[PlaceCount], float]) -> float:
    """For everybody."""
    return sum(of(count) * count.people for count in counts)


def leases_us(processes: int, costs: Costs = COSTS) -> float:
    """What all processes ask of the one key of leases, in microseconds a second. From the last
    point on it grows as between the last two."""
    (x_low, y_low), (x_high, y_high) = costs.redis_leases[-2:]
    each = at(costs.redis_leases, processes)
    if processes > x_high:
        each += (processes - x_high) * (y_high - y_low) / (x_high - x_low)
    return processes / ROUND_S * each


def main() -> None:
    needs = [("what", *(f"{step.at_once:,}" for step in STEPS))]
    columns = [[*figures(step).items()] for step in STEPS]
    needs += [
        (name, *(column[row][1] for column in columns)) for row, (name, _) in enumerate(columns[0])
    ]
    for line in needs:
        print(f"| {' | '.join(line)} |")
    print("\n| place | app, us | people frames | kbit/s | Redis, us |")
    for step in STEPS:
        for kind in KINDS:
            one = counted(kind, step)
            told = need(one)
            print(
                f"| {step.at_once:,} {kind.name} | {told.app_us:,.0f} |"
                f" {frames_per_s(one.receivers) * COSTS.people_frame:,.0f} |"
                f" {told.sent * 8 / 1000:,.0f} | {told.redis_us:,.2f} |"
            )


def figures(step: Step) -> dict[str, str]:
    """Of one region, where there are several."""
    counts = [counted(kind, step) for kind in KINDS]
    here = step.at_once / step.regions

    def mean(of: Callable[[PlaceCount], float]) -> float:
        return total(counts, of) / step.at_once

    app = mean(lambda one: need(one).app_us) * here / 1e6
    app_anywhere = mean(lambda one: need(one, by_place=False).app_us) * here / 1e6
    redis_anywhere = mean(lambda one: need(one, by_place=False).redis_us) * here / 1e6
    processes = max(step.processes, math.ceil(app / BUSY))
    return {
        "people in a region": f"{here:,.0f}",
        "regions": f"{step.regions:,}",
        "messages a second": f"{here * TALK_PER_S:,.0f}",
        "deliveries a second": f"{mean(lambda one: one.receivers * TALK_PER_S) * here:,.0f}",
        "moves a second": f"{here * MOVES_PER_S:,.0f}",
        "cores of the app": f"{app:,.1f}",
        "cores where calls come to any process": f"{app_anywhere:,.1f}",
        "processes": f"{processes:,}",
        "tiles a process follows": f"{mean(lambda one: one.routed.tiles):,.0f}",
        "tiles a process follows, anywhere": f"{mean(lambda one: one.anywhere.tiles):,.0f}",
        "memory of all processes, GB": f"{mean(lambda one: need(one).memory) * here / 1e9:,.1f}",
        "cores of Redis where calls come to any process": f"{redis_anywhere:,.2f}",
        "cores of Redis": f"{mean(lambda one: need(one).redis_us) * here / 1e6:,.2f}",
        "the key of leases, of a core": f"{leases_us(processes) / 1e6:.1%}",
        "the same for all regions as one": f"{leases_us(processes * step.regions) / 1e6:.1%}",
        "cores of the layer": f"{mean(lambda one: need(one).layer_us) * here / 1e6:,.2f}",
        "memory of Redis, GB": f"{mean(lambda one: need(one).redis_memory) * here / 1e9:,.2f}",
        "bandwidth, Gbit/s": f"{mean(lambda one: need(one).sent) * here * 8 / 1e9:,.2f}",
    }


if __name__ == "__main__":
    main()
