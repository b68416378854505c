"""From costs and density to machines.

    python -m bench.country [READINGS]

prints the other tables of docs/scale.md. Pure arithmetic: `Costs` are what was measured, `density`
says what happens how often. READINGS is bench/build/readings.json, as `make bench` leaves it: what
it read stands in place of the costs here.
"""

from __future__ import annotations

import math
import sys
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bench.country_costs import COSTS, Costs, costs_read
from bench.density import KINDS, MOVES_PER_S, STEPS, TALK_PER_S, counted
from bench.measurements import Measurements

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


def app_parts(
    count: PlaceCount, costs: Costs = COSTS, *, by_place: bool = True
) -> dict[str, float]:
    """Microseconds of the app for one person, each second, by what takes them."""
    heard = count.receivers * TALK_PER_S
    elsewhere = 1.0 if count.kind.name == "stadium" else costs.apart
    looks = looks_per_s(by_place)
    spread = count.routed
    return {
        "sockets": costs.idle,
        "deliveries": heard * at(costs.delivery_us, heard) * elsewhere,
        "messages": TALK_PER_S * costs.message,
        "changes of people": frames_per_s(count.receivers) * costs.people_frame,
        "moves": MOVES_PER_S * costs.call,
        "arrivals": costs.arrival / VISIT_S,
        "hints": hints_per_s(count) * costs.hint,
        "tiles": spread.tiles / count.sockets * costs.tile / ROUND_S,
        "reads": looks * (costs.look + looked_through(count) * costs.read),
    }


def sent_parts(count: PlaceCount, costs: Costs = COSTS) -> dict[str, float]:
    """Bytes to one person, each second, by what they tell."""
    frames = frames_per_s(count.receivers)
    return {
        "messages": count.receivers * TALK_PER_S * costs.delivery_bytes,
        "people": frames * (costs.frame_bytes + rows_of(count.receivers) * costs.row_bytes),
    }


def looks_per_s(by_place: bool) -> float:
    """How often a call comes to a process that does not watch; never where they go by place."""
    return 0.0 if by_place else MOVES_PER_S + 1 / VISIT_S


def hints_per_s(count: PlaceCount) -> float:
    return (TALK_PER_S + CHANGES_PER_S) * count.routed.told


def need(count: PlaceCount, costs: Costs = COSTS, *, by_place: bool = True) -> Need:
    """`by_place`: calls come to the process that has the sockets of their district, too."""
    looks = looks_per_s(by_place)
    tiles = count.routed.tiles / count.sockets
    return Need(
        app_us=sum(app_parts(count, costs, by_place=by_place).values()),
        redis_us=TALK_PER_S * costs.redis_message
        + MOVES_PER_S * costs.redis_move
        + costs.redis_arrival / VISIT_S
        + tiles * costs.redis_tile / ROUND_S
        + looks * (costs.redis_look + looked_through(count) * costs.redis_read),
        layer_us=hints_per_s(count) * costs.redis_told,
        sent=sum(sent_parts(count, costs).values()),
        memory=costs.socket_bytes + costs.near_bytes * count.routed.told + costs.tile_bytes * tiles,
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
    costs = COSTS
    if sys.argv[1:]:
        costs = costs_read(Measurements.load(Path(sys.argv[1])))
        for name, value in asdict(costs).items():
            mark = "" if value == getattr(COSTS, name) else "  (read)"
            print(f"{name:16} {value}{mark}")
        print()
    needs = [("what", *(f"{step.at_once:,}" for step in STEPS))]
    columns = [[*figures(step, costs).items()] for step in STEPS]
    needs += [
        (name, *(column[row][1] for column in columns)) for row, (name, _) in enumerate(columns[0])
    ]
    for line in needs:
        print(f"| {' | '.join(line)} |")
    print("\n| place | app, us | people frames | kbit/s | Redis, us |")
    for step in STEPS:
        for kind in KINDS:
            one = counted(kind, step)
            told = need(one, costs)
            print(
                f"| {step.at_once:,} {kind.name} | {told.app_us:,.0f} |"
                f" {frames_per_s(one.receivers) * costs.people_frame:,.0f} |"
                f" {told.sent * 8 / 1000:,.0f} | {told.redis_us:,.2f} |"
            )


def parts_of(step: Step, costs: Costs) -> dict[str, str]:
    """Cores and Gbit/s of one region, by what takes them."""
    counts = [counted(kind, step) for kind in KINDS]
    here = step.regions * 1e6

    def all_of(of: Callable[[PlaceCount], dict[str, float]], name: str) -> float:
        return total(counts, lambda one: of(one)[name])

    cores = {
        f"cores of the app: {name}": all_of(lambda one: app_parts(one, costs), name) / here
        for name in app_parts(counts[0], costs)
    }
    bits = {
        f"Gbit/s: {name}": all_of(lambda one: sent_parts(one, costs), name) * 8e-3 / here
        for name in sent_parts(counts[0], costs)
    }
    return {name: f"{value:,.2f}" for name, value in (cores | bits).items()}


def figures(step: Step, costs: Costs = COSTS) -> dict[str, str]:
    """Of one region, where there are several."""
    counts = [counted(kind, step) for kind in KINDS]
    here = step.at_once / step.regions

    def mean(of: Callable[[PlaceCount], float]) -> float:
        return total(counts, of) / step.at_once

    def each(figure: str, *, by_place: bool = True) -> float:
        return mean(lambda one: getattr(need(one, costs, by_place=by_place), figure)) * here

    app = each("app_us") / 1e6
    processes = max(step.processes, math.ceil(app / BUSY))
    redis_anywhere = each("redis_us", by_place=False)
    everywhere_us = leases_us(processes * step.regions, costs)
    return {
        "people in a region": f"{here:,.0f}",
        "regions": f"{step.regions:,}",
        "messages a second": f"{here * TALK_PER_S:,.0f}",
        "deliveries a second": f"{mean(lambda one: one.receivers * TALK_PER_S) * here:,.0f}",
        "moves a second": f"{here * MOVES_PER_S:,.0f}",
        "cores of the app": f"{app:,.1f}",
        "cores where calls come to any process": f"{each('app_us', by_place=False) / 1e6:,.1f}",
        "processes": f"{processes:,}",
        "tiles a process follows": f"{mean(lambda one: one.routed.tiles):,.0f}",
        "tiles a process follows, anywhere": f"{mean(lambda one: one.anywhere.tiles):,.0f}",
        "memory of all processes, GB": f"{each('memory') / 1e9:,.1f}",
        "cores of Redis where calls come to any process": f"{redis_anywhere / 1e6:,.2f}",
        "cores of Redis": f"{each('redis_us') / 1e6:,.2f}",
        "the key of leases, of a core": f"{leases_us(processes, costs) / 1e6:.1%}",
        "the same for all regions as one": f"{everywhere_us / 1e6:.1%}",
        "cores of the layer": f"{each('layer_us') / 1e6:,.2f}",
        "memory of Redis, GB": f"{each('redis_memory') / 1e9:,.2f}",
        "bandwidth, Gbit/s": f"{each('sent') * 8 / 1e9:,.2f}",
        **parts_of(step, costs),
    }


if __name__ == "__main__":
    main()
