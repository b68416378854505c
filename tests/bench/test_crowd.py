"""The crowds of the comparison: where people stand, and who receives whose messages."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from bench import crowd
from bench.town import RADII_M
from presence.geo import in_range
from tests.support.client import route_hint


def test_in_one_place_everybody_hears_everybody() -> None:
    assert crowd.audiences(crowd.one_place(30)) == [30] * 30


def test_rooms_hear_themselves_only() -> None:
    places = crowd.rooms(20, 10)
    assert crowd.audiences(places) == [10] * 200
    assert len({*places}) == 20


def test_a_town_has_300_cells_and_six_radii_evenly() -> None:
    places = crowd.town(1800)
    assert len({place.cell for place in places}) == 300
    assert {*Counter(place.radius_m for place in places).values()} == {1800 // len(RADII_M)}
    assert len({*places}) == 1800


def test_an_audience_is_everyone_in_range() -> None:
    places = crowd.town(60)
    one = places[7]
    heard = [in_range(one.cell, one.radius_m, two.cell, two.radius_m) for two in places]
    assert crowd.audiences(places)[7] == sum(heard)


def test_who_walks_is_in_the_next_cell_with_the_same_reach() -> None:
    [place] = crowd.one_place(1)
    there = crowd.next_to(place)
    assert there.cell != place.cell
    assert there.radius_m == place.radius_m
    assert in_range(there.cell, 0, place.cell, 0)


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_those_of_a_place_are_dealt_to_all_processes_or_routed_to_one_by_their_hint(
    processes: int,
) -> None:
    routed, dealt = crowd.routed(40, 25), crowd.dealt(40, 25)
    assert Counter(routed) == Counter(dealt)
    assert crowd.audiences(routed) == [25] * 1000
    # Sockets take processes in turn.
    at_one = {(place, turn % processes) for turn, place in enumerate(routed)}
    assert at_one == {(place, route_hint(place.cell) % processes) for place in routed}
    at_all = {(place, turn % processes) for turn, place in enumerate(dealt)}
    assert at_all == {*product(dealt, range(processes))}
