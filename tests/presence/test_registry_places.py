"""Places and departures: one contract, kept by the memory and by the Redis sibling alike."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from presence.geo import Roughness, Tile, cell_at, tile_of
from presence.registry import RedisRegistry
from presence.registry.contract import RECENT_TILES_MAX
from presence.registry.redis_fields import from_fields, to_fields
from presence.roster import Roster
from presence.values import HTTP_ONLY_MS, Change, Left, Person, Place, Session, TileEvent
from tests.presence.registry_harness import (
    ALICE,
    AT_HOME,
    AWAY,
    AWAY_TILE,
    HERE,
    HOME_TILE,
    MOVED_A_BIT,
    OUT,
    OUT_TILE,
    ROUNDS,
    TILES,
    WIDER,
    MakeHarness,
    events_of,
    now_of,
    opened,
    redis_harness,
    session_of,
    shown,
)
from tests.support.waiting import within

pytestmark = pytest.mark.usefixtures("patient")


# ---- Places ------------------------------------------------------------------------------------


async def test_a_first_place_publishes_the_person(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        alice = await opened(harness, "Alice")
        earliest = await now_of(harness)
        change = await harness.registry.place(alice.digest, AT_HOME, "one")
        session = change.session
        assert session.person == Person(ALICE, "Alice", HERE, 500, version=1, process="one")
        assert earliest <= session.placed_ms <= await now_of(harness)
        assert session.recent_tiles == ()
        assert change.events == (TileEvent(HOME_TILE, 1, True, session.person),)
        assert await harness.registry.get(alice.digest) == session
        assert await shown(harness) == {HOME_TILE: [session.person]}


async def test_whoever_is_held_stays_where_they_were_moved_last(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "")
        moved = (await harness.registry.place(digest, OUT, "")).session
        held = (await harness.registry.place(digest, None, "one")).session
        assert (held.person.place, held.person.process) == (OUT, "one")
        assert (held.placed_ms, held.recent_tiles) == (moved.placed_ms, moved.recent_tiles)
        assert await shown(harness) == {OUT_TILE: [held.person]}


async def test_since_when_somebody_is_in_their_cell_is_kept_whatever_else_changes(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        came = (await harness.registry.place(digest, AT_HOME, "one")).session
        assert came.cell_ms == came.placed_ms > 0
        wider = (await harness.registry.place(digest, AT_HOME._replace(radius_m=700), "")).session
        held = (await harness.registry.place(digest, None, "two")).session
        renamed = (await harness.registry.rename(digest, "Alicia")).session
        assert {one.cell_ms for one in (wider, held, renamed)} == {came.cell_ms}
        moved = (await harness.registry.place(digest, OUT, "one")).session
        assert moved.cell_ms == moved.placed_ms >= came.cell_ms
        assert (await harness.registry.find(moved.person.person_id)) == moved


async def test_another_roughness_is_another_place_that_is_kept(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = "digest of Alice"
        session = await harness.registry.open(digest, "Alice", roughness=Roughness.AREA)
        assert session.person.roughness == Roughness.AREA
        assert await session_of(harness, digest) == session
        fine, rough = Place(HERE, 500), Place(HERE, 500, Roughness.AREA)
        placed = (await harness.registry.place(digest, fine, "one")).session
        for place in (rough, fine, rough):
            await harness.pass_ms(2)
            before, placed = placed, (await harness.registry.place(digest, place, "one")).session
            assert placed.person.place == place
            assert placed.placed_ms == placed.cell_ms > before.cell_ms
            assert await shown(harness) == {HOME_TILE: [placed.person]}
        held = (await harness.registry.place(digest, None, "two")).session
        assert (held.person.place, held.cell_ms) == (rough, placed.cell_ms)
        assert (await harness.registry.rename(digest, "Alicia")).session.person.place == rough
        assert (await harness.registry.persons([ALICE]))[ALICE].place == rough


async def test_whoever_was_gone_from_the_lists_is_in_their_cell_since_they_are_back(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or they would be told from how far off something was said while nobody saw them there."""
    monkeypatch.setattr("presence.values.HTTP_ONLY_MS", 1)
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        came = (await harness.registry.place(digest, AT_HOME, "one")).session
        await harness.registry.depart(digest, "one")
        await harness.pass_ms(2)
        called = (await harness.registry.place(digest, None, "")).session
        assert called.cell_ms > came.cell_ms
        await harness.pass_ms(2)
        again = (await harness.registry.place(digest, None, "")).session
        assert again.cell_ms > called.cell_ms
        assert again.placed_ms == came.placed_ms


def test_a_session_of_the_release_before_is_in_its_cell_since_it_was_last_placed() -> None:
    written = to_fields(Session("digest", Person("id", "Alice"), 3, placed_ms=7, cell_ms=5))
    fields = {field: str(value) for field, value in written.items()}
    assert from_fields(fields).cell_ms == 5
    del fields["cell_ms"]
    assert from_fields(fields).cell_ms == 7


async def test_a_move_within_a_tile_tells_the_tile_once(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "one")
        change = await harness.registry.place(digest, MOVED_A_BIT, "one")
        assert events_of(change) == [(HOME_TILE, 2, True)]
        assert change.session.recent_tiles == ()
        assert change.session.person.version == 2
        assert await shown(harness) == {HOME_TILE: [change.session.person]}


async def test_a_move_to_another_tile_enters_it_and_then_leaves_the_old(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "one")
        change = await harness.registry.place(digest, OUT, "one")
        person = change.session.person
        assert events_of(change) == [(OUT_TILE, 1, True), (HOME_TILE, 2, False)]
        assert {event.person for event in change.events} == {person}
        assert person.version == 2
        assert change.session.recent_tiles == (Left(HOME_TILE, change.session.placed_ms),)
        assert await shown(harness) == {OUT_TILE: [person]}


async def test_while_somebody_moves_readers_of_both_tiles_keep_the_newer_entry(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        near = Place(cell_at(52.52, 13.406), 2000)
        await harness.registry.place(digest, WIDER, "one")
        roster = Roster()
        for tile in {*TILES, tile_of(near.cell)}:
            roster.load(tile, (await harness.registry.people([tile]))[tile])
        for place in (near, WIDER):
            change = await harness.registry.place(digest, place, "one")
            assert len(change.events) == 2
            for event in change.events:
                assert roster.apply(event)
                (listed,) = roster.nearby(WIDER, frozenset({"one"}), 0).shown
                assert listed.person == change.session.person


async def test_only_a_change_of_place_counts_as_one(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        placed = (await harness.registry.place(digest, AT_HOME, "one")).session
        await harness.pass_ms(3)
        change = await harness.registry.place(digest, AT_HOME, "two")
        assert change.session.placed_ms == placed.placed_ms
        assert change.session.person.process == "two"
        assert change.session.person.version == 2
        assert events_of(change) == [(HOME_TILE, 2, True)]
        for place in (WIDER, MOVED_A_BIT, OUT):
            await harness.pass_ms(3)
            before, now = change.session.placed_ms, await now_of(harness)
            change = await harness.registry.place(digest, place, "two")
            assert before < now <= change.session.placed_ms


async def test_without_a_process_a_person_is_shown_for_a_minute(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        earliest = await now_of(harness)
        person = (await harness.registry.place(digest, AT_HOME, "")).session.person
        latest = await now_of(harness)
        assert earliest + HTTP_ONLY_MS <= person.until_ms <= latest + HTTP_ONLY_MS
        assert await shown(harness) == {HOME_TILE: [person]}
        assert person.alive(frozenset(), person.until_ms - 1)
        assert not person.alive(frozenset(), person.until_ms)
        held = (await harness.registry.place(digest, AT_HOME, "one")).session.person
        assert (held.process, held.until_ms) == ("one", 0)


async def test_the_trail_lists_the_tiles_left_oldest_first(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        times = []
        for place in (AT_HOME, OUT, AWAY, AT_HOME):
            await harness.pass_ms(2)
            session = (await harness.registry.place(digest, place, "one")).session
            times.append(session.placed_ms)
        left = zip((HOME_TILE, OUT_TILE, AWAY_TILE), times[1:], strict=True)
        assert session.recent_tiles == tuple(Left(*each) for each in left)
        assert (await session_of(harness, digest)).recent_tiles == session.recent_tiles


async def test_the_trail_forgets_what_was_left_longer_ago_than_a_message_lives(
    make_harness: MakeHarness, settings: Settings
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "one")
        trail = (await harness.registry.place(digest, OUT, "one")).session.recent_tiles
        assert [left.tile for left in trail] == [HOME_TILE]
        settings.MESSAGE_LIFE_SECONDS = 1
        await harness.pass_ms(1000)
        trail = (await harness.registry.place(digest, AWAY, "one")).session.recent_tiles
        assert [left.tile for left in trail] == [OUT_TILE]
        await harness.pass_ms(1000)
        assert (await harness.registry.place(digest, AWAY, "one")).session.recent_tiles == ()


async def test_the_trail_keeps_the_newest_tiles_of_someone_who_races(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        cells = [cell_at(52.52, 13.4 + step / 50) for step in range(RECENT_TILES_MAX + 6)]
        for cell in cells:
            session = (await harness.registry.place(digest, Place(cell, 500), "one")).session
        left = [tile_of(cell) for cell in cells[:-1]]
        assert [each.tile for each in session.recent_tiles] == left[-RECENT_TILES_MAX:]
        found = await harness.registry.people(left)
        assert not any(snapshot.people for snapshot in found.values())


async def test_two_placements_at_once_leave_exactly_one_entry(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        for _ in range(ROUNDS):
            changes = await asyncio.gather(
                *(harness.registry.place(digest, place, "one") for place in (AT_HOME, OUT, AWAY)),
            )
            newest = max(change.session.person.version for change in changes)
            session = await session_of(harness, digest)
            assert session.person.version == newest
            assert await shown(harness) == {session.person.tile: [session.person]}


async def test_readers_learn_of_changes_at_once_in_the_order_of_their_versions(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        roster = Roster()
        for tile, snapshot in (await harness.registry.people(TILES)).items():
            roster.load(tile, snapshot)
        people = [await opened(harness, f"Person {number}") for number in range(10)]
        moves = [(one, place) for one in people for place in (AT_HOME, OUT, AWAY, AT_HOME)]
        changes = await asyncio.gather(
            *(harness.registry.place(one.digest, place, "one") for one, place in moves)
        )
        events = sorted(
            (event for change in changes for event in change.events),
            key=lambda event: (event.tile, event.version),
        )
        assert all(roster.apply(event) for event in events)
        for tile, snapshot in (await harness.registry.people(TILES)).items():
            assert roster.versions.get(tile) == snapshot.version
            kept = {person.person_id: person for person in roster.people[tile].values()}
            assert kept == snapshot.people


async def test_a_placement_overtaken_on_its_way_to_the_tile_leaves_no_ghost(
    redis_url: str,
) -> None:
    async with redis_harness(redis_url) as harness:
        digest = (await opened(harness, "Alice")).digest
        overtaking: list[tuple[Callable[[], Any], list[Tile]]] = [
            (lambda: harness.registry.place(digest, MOVED_A_BIT, "one"), [HOME_TILE]),
            (lambda: harness.registry.place(digest, OUT, "one"), [OUT_TILE]),
            (lambda: harness.registry.depart(digest, "one"), []),
            (lambda: harness.registry.close(digest), []),
        ]
        for overtake, left in overtaking:
            async with overtaken(harness.registry.place(digest, AT_HOME, "one"), harness.registry):
                await overtake()
            listed = await shown(harness)
            assert [*listed] == left
            for people in listed.values():
                assert people == [(await session_of(harness, digest)).person]


async def test_readers_of_an_overtaken_placement_end_with_what_is_stored(redis_url: str) -> None:
    async with redis_harness(redis_url) as harness:
        digest = (await opened(harness, "Alice")).digest
        late = harness.registry.place(digest, AT_HOME, "one")
        async with overtaken(late, harness.registry) as answer:
            moved = await harness.registry.place(digest, OUT, "one")
        assert events_of(moved) == [(OUT_TILE, 1, True)]
        assert events_of(await answer) == [(HOME_TILE, 1, True), (HOME_TILE, 2, False)]
        assert (await answer).events[1].person == moved.session.person


async def test_a_rename_overtaken_by_a_move_leaves_no_ghost(redis_url: str) -> None:
    async with redis_harness(redis_url) as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "one")
        async with overtaken(harness.registry.rename(digest, "Alicia"), harness.registry):
            await harness.registry.place(digest, OUT, "one")
        session = await session_of(harness, digest)
        assert session.person.name == "Alicia"
        assert await shown(harness) == {OUT_TILE: [session.person]}


@asynccontextmanager
async def overtaken(
    act: Coroutine[Any, Any, Change], registry: RedisRegistry
) -> AsyncIterator[asyncio.Task[Change]]:
    """Begins an act and holds what it publishes until everything inside is over."""
    enter, on_its_way, over = registry.tiles.enter, asyncio.Event(), asyncio.Event()

    async def slow(person: Person) -> tuple[TileEvent, ...]:
        setattr(registry.tiles, "enter", enter)  # noqa: B010
        on_its_way.set()
        await within(over.wait(), "the test lets the registry go on")
        return await enter(person)

    setattr(registry.tiles, "enter", slow)  # noqa: B010
    task = asyncio.create_task(act)
    await within(on_its_way.wait(), "the registry is about to publish")
    try:
        yield task
    finally:
        over.set()
        await task


# ---- Departures --------------------------------------------------------------------------------


async def test_only_the_process_that_holds_a_person_takes_them_out(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        assert await harness.registry.depart(digest, "one") is None
        placed = (await harness.registry.place(digest, AT_HOME, "one")).session
        assert await harness.registry.depart(digest, "two") is None
        assert await session_of(harness, digest) == placed
        assert await shown(harness) == {HOME_TILE: [placed.person]}
        change = await harness.registry.depart(digest, "one")
        assert events_of(change) == [(HOME_TILE, 2, False)]
        assert await shown(harness) == {}
        assert await harness.registry.depart(digest, "one") is None


async def test_who_departs_keeps_the_session_and_the_place(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        placed = (await harness.registry.place(digest, AT_HOME, "one")).session
        change = await harness.registry.depart(digest, "one")
        session = await session_of(harness, digest)
        assert change is not None
        assert change.session == session
        assert session.person == placed.person.changed(process="", version=2)
        assert session.placed_ms == placed.placed_ms
        back = await harness.registry.place(digest, AT_HOME, "two")
        assert events_of(back) == [(HOME_TILE, 3, True)]
        assert back.session.placed_ms == placed.placed_ms


async def test_a_late_departure_does_not_take_out_who_is_held_elsewhere(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "one")
        held = (await harness.registry.place(digest, AT_HOME, "two")).session
        assert await harness.registry.depart(digest, "one") is None
        assert await shown(harness) == {HOME_TILE: [held.person]}


async def test_a_closed_session_is_gone_with_its_person(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        placed = (await harness.registry.place(alice.digest, AT_HOME, "one")).session.person
        held = (await harness.registry.place(bob.digest, AT_HOME, "one")).session.person
        change = await harness.registry.close(alice.digest)
        assert events_of(change) == [(HOME_TILE, 3, False)]
        assert change is not None
        assert change.session.person == placed.changed(cell="", version=2)
        assert change.events[0].person == change.session.person
        assert await harness.registry.get(alice.digest) is None
        assert await harness.gone(alice.digest)
        assert await harness.registry.close(alice.digest) is None
        assert await shown(harness) == {HOME_TILE: [held]}
        assert alice.person.person_id not in await harness.everything()


async def test_a_session_closed_before_it_had_a_place_tells_nobody(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice = await opened(harness, "Alice")
        assert await harness.registry.close(alice.digest) is None
        assert await harness.registry.get(alice.digest) is None
