"""What was said before somebody came: whoever reads it, at whatever reach, learns its square."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from presence import past
from presence.geo import (
    RADIUS_STOPS_M,
    Cell,
    Roughness,
    Tile,
    apart,
    cell_at,
    middle_cell,
    published_cell,
    tile_of,
    tiles_within,
)
from presence.registry import MemoryRegistry
from presence.registry.redis_fields import from_fields, to_fields
from presence.values import Person, Place, Session, Timing
from tests.presence.newcomers import HOME, NOW_MS, at, newcomer
from tests.presence.registry_harness import opened
from tests.support.clocks import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_django.fixtures import Settings

    from tests.presence.registry_harness import MakeHarness

# Here, on the equator, in the south, at the antimeridian, and as far north as anybody is.
SPOTS = [(52.5, 13.4), (0.001, 0.001), (-33.9, 151.2), (10.0, 179.9995), (84.9, 20.0)]
TILES = [tile_of(cell_at(*spot)) for spot in SPOTS]
CELLS = "0123456789bcdefghjkmnpqrstuvwxyz"
S = 1_000
BEFORE_MS = NOW_MS - S


@pytest.fixture(autouse=True)
def _clock(settings: Settings) -> None:
    settings.PLACE_CLOCK = True


def shown(session: Session, places: Iterable[Place], sent_ms: int = BEFORE_MS) -> list[bool]:
    return [past.is_shown(session, one, sent_ms) for one in places]


def readings(count: int, seed: int) -> Iterator[tuple[Session, Place]]:
    """Newcomers somewhere around a place where somebody spoke, each at some reach."""
    chance = random.Random(seed)
    for _ in range(count):
        tile = chance.choice(TILES)
        here = at(chance.randint(-20, 27), chance.randint(-14, 17), tile=tile)
        here = here._replace(radius_m=chance.choice(RADIUS_STOPS_M))
        yield newcomer(here), Place(f"{tile}{chance.choice(CELLS)}", chance.choice(RADIUS_STOPS_M))


# ---- What is told by it ------------------------------------------------------------------------


@pytest.mark.parametrize("author_m", [100, 200, 1000, 1500])
@pytest.mark.parametrize("tile", TILES)
def test_all_readers_together_learn_the_square_and_no_more(tile: Tile, author_m: int) -> None:
    """Every one of them is shown the same of each of its cells, so that none is likelier than
    another; and of any other square somebody is shown something else."""
    authors = [Place(f"{tile}{letter}", author_m) for letter in CELLS]
    answers: dict[Cell, list[bool]] = {one.cell: [] for one in authors}
    chance = random.Random(author_m)
    beside = [at(x, y, 100, tile) for x in range(-9, 17) for y in range(-2, 6)]
    around = [
        at(chance.randint(-30, 37), chance.randint(-14, 17), chance.choice(RADIUS_STOPS_M), tile)
        for _ in range(80)
    ]
    for here in (*beside, *around):
        reader = newcomer(here)
        for one in authors:
            answers[one.cell].append(past.is_shown(reader, one, BEFORE_MS))
    for one in authors:
        alike = {other.square for other in authors if answers[other.cell] == answers[one.cell]}
        assert alike == {one.square}


def test_all_that_was_said_in_range_is_shown_and_little_further() -> None:
    """Somewhat more than twice as far as whoever spoke reached, at the most."""
    for reader, said in readings(4_000, 2):
        here = reader.person.place
        if here.in_range(said):
            assert past.is_shown(reader, said, BEFORE_MS)
        elif apart(here.cell, said.cell) > 2.3 * said.radius_m:
            assert not past.is_shown(reader, said, BEFORE_MS)


def test_who_reaches_100_m_is_read_by_those_alone_who_could_have_heard_them() -> None:
    for reader, said in readings(2_000, 4):
        near = said._replace(radius_m=100)
        assert past.is_shown(reader, near, BEFORE_MS) == reader.person.place.in_range(near)


def test_whatever_is_shown_stands_in_a_tile_that_the_reader_follows() -> None:
    """So nothing more is read, subscribed to or searched for it."""
    for reader, said in readings(2_000, 1):
        if past.is_shown(reader, said, BEFORE_MS):
            assert said.tile in tiles_within(*reader.person.place.circle)


def test_whoever_is_shown_something_is_in_a_tile_where_readers_are_searched_for() -> None:
    for reader, said in readings(2_000, 3):
        if reader.person.place.in_range(said) or past.is_shown(reader, said, BEFORE_MS):
            assert reader.person.tile in past.tiles_of_readers(said)


def test_of_an_area_the_square_tells_no_more_than_that() -> None:
    """Whoever stands for one is in its middle cell, whichever of its cells they are in."""
    for letter in CELLS:
        stands = Place(published_cell(f"{HOME}{letter}", Roughness.AREA), 150, Roughness.AREA)
        assert stands.square == Place(middle_cell(HOME), 150).square


def test_what_is_said_while_one_is_there_is_shown_by_its_cell() -> None:
    reader, both = newcomer(at(-2, 2)), [at(0, 2), at(7, 2)]
    assert shown(reader, both, NOW_MS) == [True, False]
    wide = [one._replace(radius_m=1500) for one in both]
    assert shown(reader, wide) == [True, True]
    assert shown(reader, wide, NOW_MS) == [True, False]


# ---- The session of whoever reads ----------------------------------------------------------------


class HistoryReader:
    """Somebody without a socket, whose registry's clock the test moves."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.registry = MemoryRegistry(self.clock)
        self.session: Session

    async def come(self, place: Place) -> None:
        await self.registry.open("digest", "Alice")
        await self.ask(place)

    async def ask(self, place: Place) -> None:
        self.session = (await self.registry.request_place("digest", place, "")).session

    async def call(self) -> None:
        self.session = (await self.registry.place("digest", None, "")).session

    def shown(self, sent_ms: int, author_m: int = 1000) -> set[int]:
        """The columns, of a row of people each 93 m further east, from which they are shown what
        was said then."""
        return {x for x in range(30) if past.is_shown(self.session, at(x, 2, author_m), sent_ms)}


async def test_reaching_further_and_less_again_shows_the_past_by_squares_each_time() -> None:
    reader = HistoryReader()
    before_ms = reader.clock.now_ms - S
    await reader.come(at(-5, 2))
    seen: dict[int, set[int]] = {}
    for radius_m in (500, *RADIUS_STOPS_M, *reversed(RADIUS_STOPS_M)):
        await reader.ask(at(-5, 2, radius_m))
        columns = reader.shown(before_ms)
        assert seen.setdefault(radius_m, columns) == columns
    assert seen[400] == set()
    assert seen[500] == seen[700] == {*range(4)}
    assert seen[1000] == seen[2000] == {*range(8)}
    await reader.ask(at(-5, 2, 500))
    assert reader.shown(before_ms, 500) == {*range(4)}
    assert reader.shown(before_ms, 400) == set()


async def test_what_is_said_from_then_on_is_shown_at_any_reach() -> None:
    reader = HistoryReader()
    await reader.come(at(-5, 2))
    reader.clock.now_ms += S
    heard_ms = reader.clock.now_ms
    for radius_m in (1000, 150, 2000):
        await reader.ask(at(-5, 2, radius_m))
    assert reader.shown(heard_ms, 2000) == {*range(17)}


async def test_whoever_was_gone_and_comes_back_misses_nothing_and_learns_a_square() -> None:
    """As if they came for the first time. So nobody leaves sessions behind to ask with later."""
    reader = HistoryReader()
    await reader.come(at(-5, 2))
    heard_ms = reader.clock.now_ms
    reader.clock.now_ms += 100 * S
    missed_ms = reader.clock.now_ms
    assert reader.shown(heard_ms) == {0}
    reader.clock.now_ms += 100 * S
    await reader.call()
    assert not reader.session.in_cell_at(missed_ms)
    for reach_m in (500, 700, 500):
        await reader.ask(at(-5, 2, reach_m))
        assert reader.shown(missed_ms) == reader.shown(heard_ms) == {*range(4)}


# ---- Stores ------------------------------------------------------------------------------------


async def test_a_session_of_either_store_is_shown_the_past_by_squares(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        before_ms = (await harness.registry.status(())).now_ms - S
        for reach_m in (500, 2000, 500):
            change = await harness.registry.request_place(digest, at(-5, 2, reach_m), "")
            kept = await harness.registry.get(digest)
            for session in (change.session, kept):
                assert session
                west, east, low = at(0, 2, 1000), at(3, 2, 1000), at(0, 2, 400)
                assert shown(session, [west, east, low], before_ms) == [True, True, False]
                assert shown(session, [east], change.session.cell_ms) == [reach_m > 500]


def test_a_process_that_reads_the_past_at_two_reaches_finds_them_and_what_it_writes_is_read() -> (
    None
):
    """Of the release before, while both run."""
    al = Person("id", "Al", "u33dc0q", 700)
    told = Session("digest", al, 3, 1, timing=Timing(1, 2))
    fields = {name: str(one) for name, one in to_fields(told).items()}
    assert json.loads(fields["timing"]) == [1, 2, None, [700], [], "u33dc0q"]
    assert from_fields(fields) == told
    of_before = [1, 2, None, [500, 700], [[500, 3, 4]], "u33dc0q"]
    assert from_fields({**fields, "timing": json.dumps(of_before)}) == told
