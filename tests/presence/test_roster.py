"""The roster of who is in the tiles of a process, against a count by hand."""

import random
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.door_holder import door_of
from presence.geo import Tile, apart, cell_at, in_range, label_m, tile_of
from presence.registry import TileSnapshot
from presence.roster import SHOWN_MAX, Nearby, Roster
from presence.values import Person, Place, TileEvent
from tests.support.instruction_counts import count_instructions

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
            reachable=rng.random() < 0.5,
        )
        for turn in range(count)
    ]


def roster_of(people: Iterable[Person]) -> Roster:
    roster, tiles = Roster(), dict[str, dict[str, Person]]()
    for person in people:
        tiles.setdefault(person.tile, {})[person.person_id] = person
    for tile, found in tiles.items():
        roster.load(tile, TileSnapshot(1, found))
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
    old = Person("mover", "Ana", cell_at(52.52, 13.40), 2000, version=3, process="alive")
    new = old.changed(cell=cell_at(52.52, 13.42), version=4)
    nearby = roster_of([old, new]).nearby(Place(HERE.cell, 2000), ALIVE, NOW_MS)
    assert [one.person for one in nearby.shown] == [new]
    assert nearby.count == 1


def test_who_has_just_moved_on_leaves_the_label_they_stand_in() -> None:
    aside = cell_at(52.52, 13.404)
    people = [
        Person("stays", "Ana", *HERE, 1, "alive"),
        Person("walks", "Ben", aside, 500, version=1, process="alive"),
    ]
    seen = roster_of(people).nearby(HERE, ALIVE, NOW_MS).seen_by("walks")
    assert (ids(seen), dict(seen.totals)) == (["stays"], {0: 1})


def test_who_is_not_there_yet_takes_nobody_away() -> None:
    people = [Person("stays", "Ana", *HERE, 1, "alive")]
    seen = roster_of(people).nearby(HERE, ALIVE, NOW_MS).seen_by("comes")
    assert (ids(seen), seen.count, seen.rest) == (["stays"], 1, 0)


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
    assert [*roster.people[before.tile].values()] == [after]


def test_a_tile_that_is_read_again_shows_who_came_went_and_changed() -> None:
    stays, goes, turns = (Person(name, "Ana", *HERE, 1, "alive") for name in ("a", "b", "c"))
    comes, turned = Person("d", "Ben", *HERE, 1, "alive"), turns.changed(name="Cleo", version=2)
    roster = roster_of([stays, goes, turns])
    roster.load(stays.tile, TileSnapshot(5, {one.person_id: one for one in (stays, turned, comes)}))
    nearby = roster.nearby(HERE, ALIVE, NOW_MS)
    assert [one.person for one in nearby.shown] == [stays, turned, comes]
    assert roster.apply(gone(stays, 6))


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
    assert not any(roster.people.values())
    roster = roster_of([first])
    roster.forget(first.tile)
    assert roster.person(first.tile, "first") is None
    assert roster.nearby(HERE, ALIVE, NOW_MS).count == 0


# --- against a plain picture ------------------------------------------------------------------


class Plain:
    """The same picture, kept in the plainest way, and asked by walking over everybody."""

    def __init__(self) -> None:
        self.versions: dict[Tile, int] = {}
        self.people: dict[Tile, dict[str, Person]] = {}

    def load(self, tile: Tile, snapshot: TileSnapshot) -> None:
        self.versions[tile], self.people[tile] = snapshot.version, {**snapshot.people}

    def forget(self, tile: Tile) -> None:
        self.versions.pop(tile, None)
        self.people.pop(tile, None)

    def apply(self, event: TileEvent) -> bool:
        known = self.versions.get(event.tile)
        if known is None or event.version <= known:
            return True
        if event.version > known + 1:
            return False
        self.versions[event.tile] = event.version
        self.people[event.tile].pop(event.person.person_id, None)
        if event.here:
            self.people[event.tile][event.person.person_id] = event.person
        return True

    def everyone(self) -> list[Person]:
        return [person for people in self.people.values() for person in people.values()]

    def nearby(self, place: Place, processes: frozenset[str], now_ms: int) -> list[Person]:
        """Nearest first; of somebody who is in range twice, the newer one."""
        found = {
            one.person_id: one
            for one in sorted(self.everyone(), key=lambda one: one.version)
            if place.in_range(one.place) and one.alive(processes, now_ms)
        }
        return sorted(
            found.values(), key=lambda one: (label_m(apart(place.cell, one.cell)), one.person_id)
        )


class World:
    """What the registry would hold, from which both pictures are fed."""

    def __init__(self) -> None:
        self.tiles: dict[Tile, TileSnapshot] = {}
        self.where: dict[str, Person] = {}
        self.version = 0

    def changed(self, tile: Tile, here: bool, person: Person) -> TileEvent:
        before = self.tiles.get(tile, TileSnapshot())
        people = {one: each for one, each in before.people.items() if one != person.person_id}
        if here:
            people[person.person_id] = person
        self.tiles[tile] = TileSnapshot(before.version + 1, people)
        return TileEvent(tile, before.version + 1, here, person)

    def place(self, person: Person) -> list[TileEvent]:
        """Writes the new tile, then leaves the old."""
        self.version += 1
        person = person.changed(version=self.version)
        before = self.where.get(person.person_id)
        self.where[person.person_id] = person
        events = [self.changed(person.tile, True, person)]
        if before and before.tile != person.tile:
            events.append(self.changed(before.tile, False, person))
        return events

    def leave(self, person_id: str) -> list[TileEvent]:
        before = self.where.pop(person_id, None)
        return [self.changed(before.tile, False, before)] if before else []


SPOTS = [
    cell_at(lat + north / 1000, (lon + east / 1000 + 180) % 360 - 180)
    for lat, lon in (BERLIN, DATE_LINE)
    for north, east in ((0, 0), (0, 1.5), (0, 4), (3, 0), (6, -6), (-14, 9))
]
PEOPLE = st.builds(
    Person,
    person_id=st.sampled_from("abc"),
    name=st.just("Ana"),
    cell=st.sampled_from(SPOTS),
    radius_m=st.sampled_from([100, 300, 1000, 2000]),
    process=st.sampled_from(["", "one", "two", "gone"]),
    until_ms=st.integers(0, 4),
    reachable=st.booleans(),
)
SPOT_TILES = st.sampled_from(sorted({tile_of(cell) for cell in SPOTS}))
ARRIVALS = st.lists(st.sampled_from(["heard", "lost", "twice"]), min_size=2, max_size=2)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), PEOPLE, ARRIVALS),
        st.tuples(st.just("leave"), PEOPLE, ARRIVALS),
        st.tuples(st.just("load"), SPOT_TILES),
        st.tuples(st.just("forget"), SPOT_TILES),
    ),
    max_size=40,
)


def apply(step: tuple[Any, ...], world: World, *pictures: Roster | Plain) -> None:
    match step:
        case "load", tile:
            for picture in pictures:
                picture.load(tile, world.tiles.get(tile, TileSnapshot()))
        case "forget", tile:
            for picture in pictures:
                picture.forget(tile)
        case act, person, arrivals:
            events = world.place(person) if act == "place" else world.leave(person.person_id)
            for event, arrival in zip(events, arrivals, strict=False):
                for _ in range(("lost", "heard", "twice").index(arrival)):
                    first, second = (picture.apply(event) for picture in pictures)
                    assert first == second


@settings(deadline=None, max_examples=300)
@given(
    STEPS,
    st.sampled_from([100, 300, 2000]),
    st.sets(st.sampled_from(["one", "two"])).map(frozenset),
    st.integers(0, 5),
)
def test_whatever_happens_the_answers_are_those_of_a_plain_picture(
    steps: list[tuple[Any, ...]], radius_m: int, processes: frozenset[str], now_ms: int
) -> None:
    world, roster, plain = World(), Roster(), Plain()
    for tile in {tile_of(cell) for cell in SPOTS[:5]}:
        apply(("load", tile), world, roster, plain)
    for step in steps:
        apply(step, world, roster, plain)
        for cell in SPOTS[::3]:
            place = Place(cell, radius_m)
            due = plain.nearby(place, processes, now_ms)
            nearby = roster.nearby(place, processes, now_ms)
            labels = [label_m(apart(cell, one.cell)) for one in due]
            assert [one.person for one in nearby.shown] == due
            assert [one.label_m for one in nearby.shown] == labels
            assert nearby.totals == Counter(labels)
        everyone = plain.everyone()
        same(chain.from_iterable(map(dict.values, roster.people.values())), everyone)
        same(
            roster.dead(processes, now_ms),
            (one for one in everyone if not one.alive(processes, now_ms)),
        )
        same(
            roster.lapsed(now_ms - 2, now_ms),
            (one for one in everyone if not one.process and now_ms - 2 < one.until_ms <= now_ms),
        )
        assert all(one.cell in roster.cells for one in everyone)
        assert len(roster.cells) == len({one.cell for one in everyone})
        assert roster.versions == plain.versions
        assert all(roster.person(one.tile, one.person_id) == one for one in everyone)


def same(found: Iterable[Person], due: Iterable[Person]) -> None:
    def order(one: Person) -> tuple[str, int]:
        return one.person_id, one.version

    assert sorted(found, key=order) == sorted(due, key=order)


def test_nothing_is_kept_of_tiles_that_are_watched_no_more() -> None:
    people = people_around(random.Random(7), *BERLIN, 300)
    roster = roster_of([*people, *(one.changed(cell=HERE.cell, version=9) for one in people[:9])])
    for tile in [*roster.versions]:
        roster.forget(tile)
    assert not any(vars(roster).values())


# --- what it costs ----------------------------------------------------------------------------


def steps_of_a_day(roster: Roster) -> list[int]:
    """What it takes to ask, to move, to come, to go and to look for the lapsed and the dead."""
    processes = frozenset({"alive", "dead"})
    roster.nearby(HERE, processes, NOW_MS)
    version = roster.versions[tile_of(HERE.cell)]
    comes = Person("walker", "Ana", *HERE, 1, "alive")
    goes = comes.changed(version=2, process="", until_ms=NOW_MS + 30_000)
    return [
        count_instructions(act)
        for act in (
            lambda: roster.nearby(HERE, processes, NOW_MS),
            lambda: roster.apply(here(comes, version + 1)),
            lambda: roster.apply(here(goes, version + 2)),
            lambda: roster.apply(gone(goes, version + 3)),
            lambda: roster.lapsed(NOW_MS - 4000, NOW_MS),
            lambda: roster.dead(processes, NOW_MS - 4000),
        )
    ]


def test_everything_costs_the_same_however_many_are_elsewhere() -> None:
    near = people_around(random.Random(1), *BERLIN, 200)
    costs = []
    for elsewhere in (100, 100_000):
        far = (
            Person(
                f"far-{turn}",
                "Ben",
                cell_at(40 + turn % 100 / 100, 20 + turn // 1000 / 100),
                500,
                version=1,
                process="alive" if turn % 9 else "",
                until_ms=2 * NOW_MS,
            )
            for turn in range(elsewhere)
        )
        costs.append(steps_of_a_day(roster_of([*near, *far])))
    assert costs[0] == costs[1]


def test_a_full_cell_costs_no_more_to_ask_about_than_one_with_those_who_are_shown() -> None:
    few, many = (
        roster_of(Person(f"person-{turn:05}", "Ana", *HERE, 1, "alive") for turn in range(count))
        for count in (SHOWN_MAX + 1, 20_000)
    )
    few.nearby(HERE, ALIVE, NOW_MS)
    costs = [count_instructions(lambda: one.nearby(HERE, ALIVE, NOW_MS)) for one in (few, many)]  # noqa: B023
    assert many.nearby(HERE, ALIVE, NOW_MS).count == 20_000
    assert costs[1] <= costs[0]


def test_whoever_is_away_costs_no_more_to_count_until_their_time_is_over() -> None:
    def of(count: int) -> Roster:
        away = Person("", "Ana", *HERE, 1, until_ms=NOW_MS + 60_000, reachable=True)
        return roster_of(away.changed(person_id=f"person-{turn:05}") for turn in range(count))

    few, many = of(SHOWN_MAX + 1), of(5_000)
    for roster in (few, many):
        roster.nearby(HERE, ALIVE, NOW_MS)
    costs = [count_instructions(lambda: one.nearby(HERE, ALIVE, NOW_MS)) for one in (few, many)]  # noqa: B023
    assert costs[1] <= costs[0]
    assert many.nearby(HERE, ALIVE, NOW_MS + 59_999).count == 5_000
    assert many.nearby(HERE, ALIVE, NOW_MS + 60_000).count == 0
    assert many.nearby(HERE, ALIVE, NOW_MS).count == 5_000, "of a clock that was set back a little"
    fresh = of(100)
    assert fresh.nearby(HERE, ALIVE, NOW_MS).count == 100
    assert not fresh.nearby(HERE, ALIVE, NOW_MS - 10**8).totals, "of one that was set back far"


def test_an_open_door_is_shown_while_the_process_lives_that_has_it() -> None:
    """Whichever process holds its person."""
    ana = Person("ana", "Ana", *HERE, version=1, process="alive", door=door_of("voice"))
    roster = roster_of([ana])
    for processes, is_open in ((ALIVE, False), (ALIVE | {"voice"}, True)):
        shown = roster.nearby(HERE, processes, NOW_MS).shown
        assert [one.is_open for one in shown] == [is_open]
    assert roster.tiles_of({"voice"}) == {ana.tile}
    roster.apply(gone(ana))
    assert not roster.tiles_of({"voice"})
    assert not roster.doors
