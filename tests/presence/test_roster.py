"""This process's picture of who is in the tiles it watches, against a count by hand."""

import random
from collections.abc import Iterable

import pytest

from presence.geo import apart, cell_at, in_range, label_m, tile_of, tiles_within
from presence.people import Person, Place, TileEvent
from presence.registry import Tileful
from presence.roster import SHOWN_MAX, Nearby, Roster

ALIVE = frozenset({"alive"})
NOW_MS = 1_700_000_000_000
BERLIN, DATE_LINE, NORTH = (52.52, 13.4), (-17.0, 180.0), (84.99, 10.0)
HERE = Place(cell_at(*BERLIN), 500)


def people_around(rng: random.Random, lat: float, lon: float, count: int) -> list[Person]:
    return [
        Person(
            f"person-{turn:04}",
            f"Name {turn}",
            cell_at(
                min(85.0, lat + rng.gauss(0, 0.006)),
                (lon + rng.gauss(0, 0.01) + 180) % 360 - 180,
            ),
            rng.choice([100, 200, 300, 500, 1000, 2000]),
            version=rng.randrange(1, 9),
            process=rng.choice(["alive", "alive", "dead", ""]),
            until_ms=NOW_MS + rng.choice([-1, 0, 1]),
        )
        for turn in range(count)
    ]


def roster_of(people: Iterable[Person]) -> Roster:
    roster, tiles = Roster(), dict[str, dict[str, Person]]()
    for person in people:
        tiles.setdefault(person.tile, {})[person.person_id] = person
    for tile, found in tiles.items():
        roster.load(tile, Tileful(1, found))
    return roster


def here(person: Person, version: int = 2) -> TileEvent:
    return TileEvent(person.tile, version, True, person)


def gone(person: Person, version: int = 2) -> TileEvent:
    return TileEvent(person.tile, version, False, person)


def ids(nearby: Nearby) -> list[str]:
    return [one.person_id for one in nearby.shown]


@pytest.mark.parametrize("place", [BERLIN, DATE_LINE, NORTH], ids=["Berlin", "date line", "north"])
@pytest.mark.parametrize("seed", range(5))
def test_nearby_is_who_is_in_range_and_alive_counted_by_hand(
    place: tuple[float, float], seed: int
) -> None:
    rng = random.Random(seed)
    people = people_around(rng, *place, 300)
    roster = roster_of(people)
    for radius_m in (100, 500, 2000):
        at = Place(people[0].cell, radius_m)
        due = sorted(
            (label_m(apart(at.cell, one.cell)), one.person_id)
            for one in people
            if in_range(at.cell, at.radius_m, one.cell, one.radius_m)
            and (one.process == "alive" or (not one.process and one.until_ms > NOW_MS))
        )
        nearby = roster.nearby(at, ALIVE, NOW_MS)
        assert [one[:2] for one in nearby.shown] == due[: SHOWN_MAX + 1]
        assert nearby.count == len(due)
        assert nearby.rest == max(0, len(due) - SHOWN_MAX - 1)
        assert all(
            nearby.totals[far] == sum(label == far for label, _ in due) for far in nearby.totals
        )


def test_everyone_sees_all_but_themselves_and_fifty_at_most() -> None:
    crowd = [Person(f"person-{turn:04}", "Ana", *HERE, 1, "alive") for turn in range(60)]
    nearby = roster_of(crowd).nearby(HERE, ALIVE, NOW_MS)
    for looking in (crowd[0], crowd[49], crowd[50], crowd[59]):
        seen = nearby.seen_by(looking.person_id)
        assert looking.person_id not in ids(seen)
        assert len(seen.shown) == 50
        assert (seen.count, seen.rest) == (59, 9)


def test_who_is_alone_sees_nobody() -> None:
    alone = Person("alone", "Ana", *HERE, 1, "alive")
    seen = roster_of([alone]).nearby(HERE, ALIVE, NOW_MS).seen_by("alone")
    assert (seen.shown, seen.count, dict(seen.totals)) == ((), 0, {})


def test_who_stands_in_two_tiles_while_they_move_is_there_once_as_the_newer() -> None:
    old = Person("mover", "Ana", cell_at(52.52, 13.40), 2000, 3, "alive")
    new = old.changed(cell=cell_at(52.52, 13.42), version=4)
    nearby = roster_of([old, new]).nearby(Place(HERE.cell, 2000), ALIVE, NOW_MS)
    assert [one.person for one in nearby.shown] == [new]
    assert nearby.count == 1


def test_a_change_shows_at_once() -> None:
    roster = roster_of([Person("first", "Ana", *HERE, 1, "alive")])
    second = Person("second", "Ben", *HERE, 1, "alive")
    assert roster.apply(here(second))
    assert ids(roster.nearby(HERE, ALIVE, NOW_MS)) == ["first", "second"]
    assert roster.apply(gone(second, 3))
    assert ids(roster.nearby(HERE, ALIVE, NOW_MS)) == ["first"]


def test_a_move_inside_a_tile_leaves_nobody_behind() -> None:
    before = Person("mover", "Ana", *HERE, 1, "alive")
    cell = next(
        cell
        for step in range(1, 9)
        if tile_of(cell := cell_at(52.52, 13.4 - step / 1000)) == before.tile
        and cell != before.cell
    )
    roster = roster_of([before])
    after = before.changed(cell=cell, version=2)
    assert roster.apply(here(after))
    assert roster.person(before.tile, "mover") == after
    assert [*roster.everyone([before.tile])] == [after]


def test_a_change_that_was_missed_is_noticed_and_changes_nothing() -> None:
    first = Person("first", "Ana", *HERE, 1, "alive")
    roster = roster_of([first])
    assert not roster.apply(gone(first, 3))
    assert ids(roster.nearby(HERE, ALIVE, NOW_MS)) == ["first"]


def test_a_change_known_already_is_passed_over() -> None:
    first = Person("first", "Ana", *HERE, 1, "alive")
    roster = roster_of([first])
    assert roster.apply(gone(first, 1))
    assert ids(roster.nearby(HERE, ALIVE, NOW_MS)) == ["first"]


def test_a_tile_that_is_not_watched_is_not_kept() -> None:
    first = Person("first", "Ana", *HERE, 1, "alive")
    roster = Roster()
    assert roster.apply(here(first, 1))
    assert not [*roster.everyone(tiles_within(*HERE))]
    roster = roster_of([first])
    roster.forget(first.tile)
    assert roster.person(first.tile, "first") is None
    assert roster.nearby(HERE, ALIVE, NOW_MS).count == 0
