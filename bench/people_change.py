"""CPU of one change of people for a cohort: who is near is found anew, compared with what was sent
last, and rendered for the page. What writing costs is not in it.

    DJANGO_SETTINGS_MODULE=neartalk.settings python -m bench.people_change [--people N] [--turns N]

Prints microseconds where one moves (`moved_us`) and where nobody does (`still_us`): medians over
blocks of so many turns, as other programs make some of them slower.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from itertools import cycle
from statistics import median
from typing import TYPE_CHECKING

import django

from presence.delivery import CohortListing, panel
from presence.delivery.frames import Form
from presence.geo import CELL_DEGREES, cell_at, tile_of
from presence.registry import TileSnapshot
from presence.roster import Roster, difference
from presence.values import Person, TileEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "0" * 16
PEOPLE, TURNS, BLOCKS = 80, 500, 15
RADIUS_M = 1_000
SPOT = 52.52, 13.405


def cost(people: int, turns: int) -> dict[str, float]:
    """Everybody reaches all others, and one after the other goes to the next cell."""
    cells = [cell_at(SPOT[0], SPOT[1] + CELL_DEGREES * turn) for turn in range(3)]
    cells = [cell for cell in cells if tile_of(cell) == tile_of(cells[0])] or cells[:1]
    each = [
        Person(f"{turn:016x}", f"Quiet Heron {turn}", cells[0], RADIUS_M, version=1, process=HERE)
        for turn in range(people)
    ]
    roster, tile = Roster(), tile_of(cells[0])
    roster.load(tile, TileSnapshot(1, {one.person_id: one for one in each}))
    place = each[0].place

    def walks() -> Iterator[TileEvent]:
        version = 1
        for turn in cycle(range(1, people)):
            version += 1
            where = cells[version // people % len(cells)]
            each[turn] = replace(each[turn], cell=where, version=version)
            yield TileEvent(tile, version, True, each[turn])

    events, written = walks(), 0
    listing = CohortListing(roster.nearby(place, frozenset({HERE}), 0), 1)

    def turn(moves: bool) -> float:
        nonlocal listing, written
        if moves:
            roster.apply(next(events))
        before_s = time.process_time()
        found = CohortListing(roster.nearby(place, frozenset({HERE}), 0), listing.version + 1)
        change = difference(listing.whole, found.whole)
        if change:
            written += len(panel.people_changed(Form.HTML, found.version, change).wire)
        listing = found
        return time.process_time() - before_s

    figures = {
        name: median(sum(turn(moves) for _ in range(turns)) for _ in range(BLOCKS)) / turns * 1e6
        for name, moves in (("still_us", False), ("moved_us", True))
    }
    return {**figures, "frame_bytes": written / (turns * BLOCKS)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--turns", type=int, default=TURNS)
    asked = parser.parse_args()
    django.setup()
    json.dump(cost(asked.people, asked.turns), sys.stdout)
    print()


if __name__ == "__main__":
    main()
