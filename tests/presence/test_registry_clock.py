"""Told places, and who lingers: one contract, kept by the memory and by the Redis sibling alike."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest

from presence.geo import apart, cell_at, tile_of
from presence.place_clock import FAR_M, HOLDS_MS
from presence.registry.placing import SEEN_MS
from presence.roster import Roster
from presence.values import Change, Person, Place, Session, Timing
from tests.presence.registry_harness import (
    AT_HOME,
    HERE,
    HOME_TILE,
    MOVED_A_BIT,
    NEXT_DOOR,
    OUT,
    OUT_TILE,
    TILES,
    WIDER,
    MakeHarness,
    RegistryHarness,
    now_of,
    opened,
    session_of,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.usefixtures("patient")

STREETS_AWAY = Place(cell_at(52.52, 13.41), 500)
NARROW = Place(HERE, 100)
FAR_HOLDS_MS = 240_000
# How long a step may take.
PATIENCE_MS = 60_000


@pytest.fixture(autouse=True)
def _clock(settings: Settings) -> None:
    settings.PLACE_CLOCK = True


def lowest(first: int, last: int) -> int:
    return first


async def settled_at_home(harness: RegistryHarness, held_s: int = 300) -> str:
    """The digest of somebody at home since then, held by a process."""
    harness.registry.draw = lowest  # type: ignore[attr-defined]
    digest = (await opened(harness, "Alice")).digest
    await harness.registry.request_place(digest, AT_HOME, "one")
    harness.skip_ms(held_s * 1000)
    return digest


async def seen_from(
    harness: RegistryHarness,
    place: Place,
    hidden: frozenset[str] = frozenset(),
    at_ms: int | None = None,
) -> list[Person]:
    """Whom somebody at a place is shown, now or at that time."""
    roster = Roster()
    for tile, snapshot in (await harness.registry.people(TILES)).items():
        roster.load(tile, snapshot)
    now_ms = await now_of(harness) if at_ms is None else at_ms
    found = roster.nearby(place, frozenset({"one", "two"}), now_ms, hidden)
    return [one.person for one in found.shown]


# ---- A told place waits ------------------------------------------------------------------------


async def test_a_first_place_that_is_told_holds_at_once(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        change = await harness.registry.request_place(digest, Place(HERE, 620), "one")
        assert change.session.person.place == Place(HERE, 500), "set down to a stop"
        assert change.session.timing == Timing(change.session.placed_ms)
        assert await shown(harness) == {HOME_TILE: [change.session.person]}
        assert await session_of(harness, digest) == change.session


async def test_a_told_place_waits_and_stands_in_nothing_that_others_see(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness)
        change = await harness.registry.request_place(digest, MOVED_A_BIT, "one")
        session = change.session
        assert (session.person.place, session.requested) == (AT_HOME, MOVED_A_BIT)
        assert NEXT_DOOR not in repr(change.events)
        assert await shown(harness) == {HOME_TILE: [session.person]}
        assert await session_of(harness, digest) == session
        assert not session.is_due(await now_of(harness))


async def test_whoever_publishes_them_once_it_is_due_brings_it_into_effect(
    make_harness: MakeHarness,
) -> None:
    """Whichever process that is: the one before may be dead."""
    async with make_harness() as harness:
        digest = await settled_at_home(harness)
        await harness.registry.request_place(digest, MOVED_A_BIT, "one")
        held = (await harness.registry.place(digest, None, "two")).session
        assert (held.person.place, held.requested) == (AT_HOME, MOVED_A_BIT)
        harness.skip_ms(20_000)
        assert held.is_due(await now_of(harness))
        earliest = await now_of(harness)
        change = await harness.registry.place(digest, None, "two")
        assert change.session.person.place == change.session.requested == MOVED_A_BIT
        assert change.session.timing.pending is None
        assert earliest <= change.session.timing.moved_ms == change.session.cell_ms
        assert await shown(harness) == {HOME_TILE: [change.session.person]}
        assert await session_of(harness, digest) == change.session
        again = await harness.registry.place(digest, None, "two")
        assert again.session.timing == change.session.timing


async def test_where_a_network_looks_far_and_wide_a_far_place_waits_longer(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness, held_s=100)
        for told, waits_ms in ((STREETS_AWAY, 140_000), (MOVED_A_BIT, 140_000)):
            change = await harness.registry.request_place(
                digest, told, "one", far_holds_ms=FAR_HOLDS_MS
            )
            assert (change.session.person.place, change.session.requested) == (AT_HOME, told)
            pending = change.session.timing.pending
            assert pending
            left_ms = pending.due_ms - await now_of(harness)
            assert waits_ms - PATIENCE_MS <= left_ms <= waits_ms
            assert await session_of(harness, digest) == change.session


async def test_what_is_near_takes_effect_before_what_is_far_and_waits_longer(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness)
        await harness.registry.request_place(digest, MOVED_A_BIT, "one")
        change = await harness.registry.request_place(
            digest, STREETS_AWAY, "one", far_holds_ms=FAR_HOLDS_MS
        )
        assert await session_of(harness, digest) == change.session
        harness.skip_ms(20_000)
        moved = (await harness.registry.place(digest, None, "one")).session
        assert (moved.person.place, moved.requested) == (MOVED_A_BIT, STREETS_AWAY)
        assert moved.timing.pending
        assert moved.timing.pending.due_ms == moved.timing.moved_ms + FAR_HOLDS_MS
        assert await session_of(harness, digest) == moved


async def test_whoever_departs_and_comes_back_still_waits(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness, held_s=60)
        waits = (await harness.registry.request_place(digest, MOVED_A_BIT, "one")).session.timing
        await harness.registry.depart(digest, "one")
        back = await harness.registry.request_place(digest, MOVED_A_BIT, "")
        assert (back.session.person.place, back.session.timing) == (AT_HOME, waits)


async def test_nothing_else_that_a_session_does_moves_it_or_forgets_what_waits(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness)
        bob = await opened(harness, "Bob")
        waits = (await harness.registry.request_place(digest, MOVED_A_BIT, "one")).session.timing
        await harness.registry.rename(digest, "Alicia")
        await harness.registry.block(digest, bob.person.person_id)
        await harness.registry.note(digest, "too-slow")
        after = await session_of(harness, digest)
        assert (after.timing, after.person.place, after.note) == (waits, AT_HOME, "too-slow")
        wider = (
            await harness.registry.request_place(digest, MOVED_A_BIT._replace(radius_m=700), "one")
        ).session
        assert wider.note == "too-slow"
        assert wider.person.place == AT_HOME._replace(radius_m=700), "a reach holds at once"


async def test_a_store_that_began_anew_is_told_what_waits(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness)
        session = (await harness.registry.request_place(digest, MOVED_A_BIT, "one")).session
        await harness.restart()
        await harness.registry.restore([session], "two")
        known = await session_of(harness, digest)
        assert (known.person.place, known.timing) == (AT_HOME, session.timing)
        harness.skip_ms(20_000)
        moved = (await harness.registry.place(digest, None, "two")).session
        assert moved.person.place == MOVED_A_BIT


async def test_two_places_told_at_once_leave_one_that_waits(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness)
        told = MOVED_A_BIT, STREETS_AWAY
        for _ in range(10):
            changes = await asyncio.gather(
                *(harness.registry.request_place(digest, place, "one") for place in told),
                harness.registry.rename(digest, "Alice"),
            )
            newest = max(changes, key=lambda change: change.session.person.version).session
            session = await session_of(harness, digest)
            assert session == newest
            assert session.requested in told
            assert session.person.place == AT_HOME
            assert await shown(harness) == {HOME_TILE: [session.person]}


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_done_the_clock_holds_and_lists_say_what_is_in_effect(
    make_harness: MakeHarness, seed: int
) -> None:
    chance = random.Random(seed)
    places = [AT_HOME, MOVED_A_BIT, STREETS_AWAY, OUT]
    async with make_harness() as harness:
        harness.registry.draw = chance.randint  # type: ignore[attr-defined]
        digest = (await opened(harness, "Alice")).digest
        session = (await harness.registry.request_place(digest, AT_HOME, "one")).session
        effects: list[TimedEffect] = []
        for _ in range(60):
            harness.skip_ms(chance.choice([100, 5_000, 19_000, 30_000, 60_000, 130_000]))
            now_ms, before = await now_of(harness), session
            session = await act(harness, session, places, chance)
            if session.person.cell != before.person.cell:
                after_ms = await now_of(harness)
                assert before.is_due(after_ms), "nothing moves before its time"
                effects.append(TimedEffect(now_ms, after_ms, session.person.place))
            tiles = {tile_of(place.cell) for place in places}
            snapshots = (await harness.registry.people(tiles)).values()
            listed = {key: one for each in snapshots for key, one in each.people.items()}
            here = bool(session.person.process or session.person.until_ms)
            assert (listed.pop(session.person.person_id, None) == session.person) is here
            assert all(one.lingers for one in listed.values())
        assert effects
        assert_held(effects)


async def act(
    harness: RegistryHarness, session: Session, places: Sequence[Place], chance: random.Random
) -> Session:
    """Does something by chance; the session as it is after that."""
    registry, digest, process = harness.registry, session.digest, session.person.process
    match chance.choice(["tell", "tell", "publish", "reach", "depart", "rename", "restart"]):
        case "tell":
            change: Change | None = await registry.request_place(
                digest, chance.choice(places), process
            )
        case "publish":
            change = await registry.place(digest, None, chance.choice(["one", "two", ""]))
        case "reach":
            asked = session.requested._replace(radius_m=chance.choice([100, 500, 2000]))
            change = await registry.request_place(digest, asked, process)
        case "depart":
            change = await registry.depart(digest, process) if process else None
        case "rename":
            change = await registry.rename(digest, session.person.name)
        case _:
            await harness.restart()
            harness.registry.draw = chance.randint  # type: ignore[attr-defined]
            await harness.registry.restore([session], "two")
            change = await harness.registry.place(digest, None, "two")
    assert await session_of(harness, digest) == (change.session if change else session)
    return change.session if change else session


class TimedEffect(NamedTuple):
    """A place took effect between these two times of the store."""

    earliest_ms: int
    latest_ms: int
    place: Place


def assert_held(effects: Sequence[TimedEffect]) -> None:
    """Each place for two minutes but before a far move, and never three in less."""
    for before, after in pairwise(effects):
        far = apart(before.place.cell, after.place.cell) > FAR_M
        assert far or after.latest_ms - before.earliest_ms >= HOLDS_MS
    for first, third in zip(effects, effects[2:], strict=False):
        assert third.latest_ms - first.earliest_ms >= HOLDS_MS


# ---- Whoever looked is seen --------------------------------------------------------------------


@pytest.mark.parametrize("how", ["depart", "close"])
async def test_whoever_leaves_at_once_is_seen_for_half_a_minute(
    make_harness: MakeHarness, how: str
) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness, held_s=1)
        session = await session_of(harness, digest)
        before = session.person
        if how == "close":
            change = await harness.registry.close(digest)
        else:
            change = await harness.registry.depart(digest, "one")
        assert change
        assert [(one.here, one.person.lingers) for one in change.events] == [
            (True, True),
            (False, False),
        ]
        (seen,) = await seen_from(harness, MOVED_A_BIT)
        assert (seen.person_id, seen.name, seen.place) == (before.person_id, "Alice", AT_HOME)
        last_ms = session.placed_ms + SEEN_MS - 1
        assert len(await seen_from(harness, MOVED_A_BIT, at_ms=last_ms)) == 1
        harness.skip_ms(SEEN_MS)
        assert await seen_from(harness, MOVED_A_BIT) == []
        (listed,) = (await shown(harness))[HOME_TILE]
        await harness.registry.reap([listed])
        assert await shown(harness) == {}


async def test_whoever_was_there_for_long_leaves_at_once(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness, held_s=37)
        await harness.registry.close(digest)
        assert await shown(harness) == {}


async def test_whoever_is_banned_is_gone_at_once(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness, held_s=1)
        await harness.registry.close(digest, at_once=True)
        assert await shown(harness) == {}


async def test_whoever_moves_far_at_once_is_seen_where_they_were_and_counted_once(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness, held_s=1)
        await harness.registry.request_place(digest, OUT, "one")
        moved = (await harness.registry.place(digest, None, "one")).session.person
        assert moved.place == OUT
        near_home = Place(cell_at(52.52, 13.395), 500)
        assert not near_home.in_range(OUT)
        (seen,) = await seen_from(harness, near_home)
        assert (seen.place, seen.lingers) == (AT_HOME, True)
        assert seen.key.startswith(f"{moved.person_id}~")
        assert HERE not in seen.key, "the release before sends it as an id"
        between = Place(cell_at(52.52, 13.41), 700)
        assert await seen_from(harness, between._replace(cell=OUT.cell)) == [moved]
        harness.skip_ms(SEEN_MS)
        assert await seen_from(harness, near_home) == []
        assert tile_of(OUT.cell) == OUT_TILE


async def test_whoever_reached_far_and_no_more_is_seen_by_all_whom_they_were_told_of(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness)
        far_reader = Place(OUT.cell, 2000)
        await harness.registry.request_place(digest, WIDER, "one")
        assert len(await seen_from(harness, far_reader)) == 1
        session = (await harness.registry.request_place(digest, NARROW, "one")).session
        assert session.person.place == NARROW
        assert [one.lingers for one in await seen_from(harness, far_reader)] == [True]
        assert await seen_from(harness, AT_HOME) == [session.person], "once, and as they are"
        harness.skip_ms(SEEN_MS)
        assert await seen_from(harness, far_reader) == []
        assert await seen_from(harness, AT_HOME) == [session.person]


async def test_whoever_blocks_somebody_at_once_lingers_for_them(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness, held_s=1)
        bob = await opened(harness, "Bob")
        changes = await harness.registry.block(digest, bob.person.person_id)
        (lingers,) = changes[0].events
        assert (lingers.here, lingers.person.lingers) == (True, True)
        theirs = (await session_of(harness, bob.digest)).unlisted
        (seen,) = await seen_from(harness, MOVED_A_BIT, theirs)
        assert seen.lingers
        assert await seen_from(harness, MOVED_A_BIT, theirs | {f"{seen.person_id}~"}) == []
        assert [one.lingers for one in await seen_from(harness, MOVED_A_BIT)] == [False]
        again = await harness.registry.block(digest, bob.person.person_id)
        assert not any(one.person.lingers for change in again for one in change.events)
        harness.skip_ms(SEEN_MS)
        assert await seen_from(harness, MOVED_A_BIT, theirs) == []


async def test_nothing_that_mends_lists_takes_out_whoever_lingers(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness, held_s=1)
        session = await session_of(harness, digest)
        await harness.registry.close(digest)
        before = await shown(harness)
        assert await harness.registry.reconcile(before[HOME_TILE]) == []
        assert await harness.registry.unlist(session.person, [HOME_TILE]) == []
        assert await shown(harness) == before


async def test_whoever_is_not_listed_lingers_nowhere(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = await settled_at_home(harness, held_s=1)
        await harness.registry.depart(digest, "one")
        harness.skip_ms(SEEN_MS)
        change = await harness.registry.close(digest)
        assert change is None or not any(one.here for one in change.events)
