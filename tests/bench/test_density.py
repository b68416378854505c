"""Who is put where, who hears whom, and how many processes must be told."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from bench import density
from bench.density import KINDS, RESIDENTS, STEPS, PlaceKind, Step
from presence.geo import tiles_within
from presence.values import Place

SCALE = Path(__file__).resolve().parents[2] / "docs/scale.md"
VILLAGE = PlaceKind("village", 1, 400, 2, {200: 0.5, 2000: 0.5})


def crowd(seed: int = 1) -> Counter[Place]:
    return density.settled(VILLAGE, 0.1, random.Random(seed))


def test_everybody_is_somewhere_and_the_country_is_full() -> None:
    assert sum(kind.share for kind in KINDS) == pytest.approx(1)
    for kind in KINDS:
        assert sum(kind.reach.values()) == pytest.approx(1)
    # The squares that people stand on are no larger than the country.
    km2 = sum(kind.share * RESIDENTS / kind.people_km2 for kind in KINDS)
    assert 150_000 < km2 < 357_000


def test_people_are_as_many_and_as_dense_as_said() -> None:
    assert crowd().total() == 160
    assert len(density.square(2)) == pytest.approx(4 / 0.1528 / 0.0961, rel=0.05)


def test_a_seed_says_it_all() -> None:
    assert crowd(1) == crowd(1) != crowd(2)


def test_receivers_are_all_in_range() -> None:
    people = crowd()
    grid = density.grid_of(people)
    for here in [*people][:20]:
        heard = sum(count for there, count in people.items() if here.in_range(there))
        assert density.receivers(grid, here) == heard


def test_holders_are_those_who_hold_anybody() -> None:
    assert density.holders(1, 50) == 1
    assert density.holders(10, 1) == pytest.approx(1)
    assert density.holders(2, 2) == pytest.approx(1.5)
    assert density.holders(10, 1_000_000) == pytest.approx(10)
    assert density.holders(10, 0) == 0


def test_one_process_is_told_all_and_follows_all() -> None:
    people = crowd()
    alone = Step(160, 1_600, 160)
    every = {tile for place in people for tile in tiles_within(*place.circle)}
    for spread in (density.anywhere(people, alone), density.routed(people, alone)):
        assert (spread.told, spread.tiles) == pytest.approx((1, len(every)))


def test_by_place_fewer_processes_are_told_than_anywhere() -> None:
    people, step = crowd(), Step(1_000_000, 10_000_000, 10)
    routed, anywhere = density.routed(people, step), density.anywhere(people, step)
    assert 1 < routed.told < anywhere.told
    assert routed.tiles < anywhere.tiles


def test_the_steps_are_those_of_the_docs() -> None:
    assert [step.at_once for step in STEPS] == [10_000, 1_000_000, 50_000_000]
    assert [step.processes for step in STEPS] == [2, 200, 400]


@pytest.mark.parametrize("step", STEPS[1:], ids=["million", "country"])
@pytest.mark.parametrize("kind", KINDS[3:], ids=["centre", "stadium"])
def test_the_docs_say_what_is_found(kind: PlaceKind, step: Step) -> None:
    found = density.counted(kind, step)
    told = [
        [cell.strip() for cell in line.split("|")[2:-1]]
        for line in SCALE.read_text().splitlines()
        if line.startswith(f"| {kind.name} |")
    ]
    assert [
        f"{kind.people_km2 * step.share:,.0f}",
        f"{found.receivers:,.0f}",
        f"{found.anywhere.tiles:,.0f} / {found.routed.tiles:,.0f}",
    ] in [[cells[0], cells[1], cells[5]] for cells in told]
