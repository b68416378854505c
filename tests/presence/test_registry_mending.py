"""Steps of which only a part was carried out are mended: one contract of all stores."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from presence.registry.redis_fields import (
    TILE_KEEP_MS,
    held_key,
    people_key,
    person_session_key,
    session_key,
)
from presence.registry.redis_leases import RENEWED_EACH
from presence.values import Person, Session
from tests.presence.registry_harness import (
    ALICE,
    AT_HOME,
    BOB,
    HOME_TILE,
    OUT,
    OUT_TILE,
    MakeHarness,
    MemoryRegistryHarness,
    RedisRegistryHarness,
    RegistryHarness,
    events_of,
    opened,
    redis_harness,
    session_of,
    shown,
)
from tests.support.waiting import deadline, within


async def list_again(harness: RegistryHarness, person: Person) -> None:
    """An entry of before, as if its removal had been lost."""
    if isinstance(harness, RedisRegistryHarness):
        await harness.registry.tiles.enter(person)
    else:
        assert isinstance(harness, MemoryRegistryHarness)
        harness.registry.tiles.enter(person)


async def test_an_entry_that_a_move_left_behind_is_removed(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        before = (await harness.registry.place(digest, AT_HOME, "one")).session.person
        after = (await harness.registry.place(digest, OUT, "one")).session.person
        await list_again(harness, before)
        assert await shown(harness) == {HOME_TILE: [before], OUT_TILE: [after]}
        changes = await harness.registry.reconcile([before, after])
        assert events_of(*changes) == [(HOME_TILE, 4, False)]
        # A roster believes nothing older than what it has.
        assert changes[0].events[0].person.version > before.version
        assert await shown(harness) == {OUT_TILE: [after]}
        await list_again(harness, before)
        changes = await harness.registry.unlist(after, {HOME_TILE, OUT_TILE})
        assert events_of(*changes) == [(HOME_TILE, 6, False)]
        assert await shown(harness) == {OUT_TILE: [after]}


async def test_an_entry_whose_session_is_over_or_departed_is_removed(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        both = [
            (await harness.registry.place(one.digest, AT_HOME, "one")).session.person
            for one in (alice, bob)
        ]
        await harness.registry.close(alice.digest)
        await harness.registry.depart(bob.digest, "one")
        for person in both:
            await list_again(harness, person)
        assert len(await harness.registry.reconcile(both)) == 2
        assert await shown(harness) == {}
        assert await harness.registry.reconcile(both) == []


async def test_an_entry_that_is_older_than_its_session_is_replaced(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        before = (await harness.registry.place(digest, AT_HOME, "one")).session.person
        after = (await harness.registry.rename(digest, "Alicia")).session.person
        await harness.registry.reap([after])
        await list_again(harness, before)
        (change,) = await harness.registry.reconcile([before])
        # In one step: nobody is told that they left.
        assert [event.here for event in change.events] == [True]
        assert change.session.digest == ""
        assert await shown(harness) == {HOME_TILE: [after]}
        assert await harness.registry.reconcile([after]) == []


async def test_a_process_is_told_whom_it_holds_until_it_lets_them_go(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        for session in (alice, bob):
            await harness.registry.place(session.digest, AT_HOME, "one")
        await harness.registry.hold([ALICE, BOB], "one")
        assert await harness.registry.held("one") == {ALICE, BOB}
        assert await harness.registry.held("two") == frozenset()
        change = await harness.registry.release(ALICE, "one")
        assert change
        assert not change.session.person.process
        assert await harness.registry.held("one") == {BOB}
        await harness.registry.place(bob.digest, OUT, "two")
        assert await harness.registry.release(BOB, "one") is None
        assert await harness.registry.held("one") == frozenset()
        assert await harness.registry.held("two") == {BOB}
        people = await harness.registry.persons([ALICE, BOB, "nobody"])
        assert people == {
            id: (await session_of(harness, digest)).person
            for id, digest in ((ALICE, alice.digest), (BOB, bob.digest))
        }


async def test_whoever_lost_their_last_socket_meanwhile_is_not_held_again_by_a_call(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "one")
        await harness.registry.depart(digest, "one")
        change = await harness.registry.place(digest, OUT, "one", was="one")
        assert (change.session.person.process, change.session.person.until_ms > 0) == ("", True)
        await harness.registry.place(digest, OUT, "two")
        change = await harness.registry.place(digest, AT_HOME, "", was="one")
        assert change.session.person.process == "two"
        change = await harness.registry.place(digest, AT_HOME, "", was="two")
        assert change.session.person.process == ""


@pytest.mark.parametrize("when", ["before the set", "after the set"])
async def test_who_is_held_again_while_they_are_let_go_of_is_among_those_who_are_held(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """As where somebody is published again while their last socket closes: or nobody would find
    that they have none."""
    async with redis_harness(redis_url) as harness:
        registry = harness.registry
        digest = (await opened(harness, "Alice")).digest
        await registry.place(digest, AT_HOME, "one")
        timed, release = registry.sessions.timed, registry.holders.release
        letting_go: list[asyncio.Task[Any]] = []
        let_go, placed = asyncio.Event(), asyncio.Event()

        async def after_departure(digest: str) -> Any:
            """The person is noted as held by now, and their session is not read yet."""
            letting_go.append(asyncio.create_task(registry.depart(digest, "one")))
            async with deadline("the departure"):
                await (letting_go[0] if when == "before the set" else let_go.wait())
            monkeypatch.undo()
            return await timed(digest)

        async def late(process: str, person_id: str) -> None:
            if when == "after the set":
                let_go.set()
                await within(placed.wait(), "they are placed")
            await release(process, person_id)

        monkeypatch.setattr(registry.sessions, "timed", after_departure)
        monkeypatch.setattr(registry.holders, "release", late)
        await registry.place(digest, AT_HOME, "one")
        placed.set()
        async with deadline("the end of the departure"):
            await letting_go[0]
        assert (await session_of(harness, digest)).person.process == "one"
        assert await registry.held("one") == {ALICE}


async def test_what_an_older_state_of_the_store_holds_gives_way_to_what_is_newer(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "one")
        old = await session_of(harness, digest)
        await harness.registry.rename(digest, "Alicia")
        await harness.registry.place(digest, OUT, "one")
        new = await session_of(harness, digest)
        await harness.restart()
        await harness.registry.restore([old], "one")
        await harness.registry.restore([new], "one")
        found = await session_of(harness, digest)
        assert (found.person.name, found.person.place) == ("Alicia", OUT)
        assert [*(await shown(harness))[OUT_TILE]] == [found.person]


async def test_a_departure_of_which_the_first_half_was_done_is_finished_by_the_next(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        before = (await harness.registry.place(digest, AT_HOME, "one")).session.person
        await harness.registry.depart(digest, "one")
        assert await harness.registry.depart(digest, "one") is None
        await list_again(harness, before)
        change = await harness.registry.depart(digest, "one")
        assert events_of(change) == [(HOME_TILE, 4, False)]
        assert await shown(harness) == {}


async def test_what_a_killed_process_held_is_not_kept_for_ever(redis_url: str) -> None:
    async with redis_harness(redis_url) as harness:
        alice = await opened(harness, "Alice")
        alice = (await harness.registry.place(alice.digest, AT_HOME, "one")).session
        await harness.registry.hold([BOB], "two")
        await harness.registry.restore([alice], "three")
        for process in ("one", "two", "three"):
            assert 0 < await harness.client.pttl(held_key(process)) <= TILE_KEEP_MS


async def test_whom_a_living_process_holds_is_kept_by_its_asking(redis_url: str) -> None:
    async with redis_harness(redis_url) as harness:
        alice = await opened(harness, "Alice")
        await harness.registry.place(alice.digest, AT_HOME, "one")
        await harness.client.pexpire(held_key("one"), 60_000)
        assert await harness.registry.held("one") == {ALICE}
        assert await harness.client.pttl(held_key("one")) > TILE_KEEP_MS - 60_000


async def test_tiles_that_a_living_process_asks_about_are_kept_by_its_asking(
    redis_url: str,
) -> None:
    async with redis_harness(redis_url) as harness:
        alice = await opened(harness, "Alice")
        await harness.registry.place(alice.digest, AT_HOME, "one")
        for _ in range(2):
            await harness.client.pexpire(people_key(HOME_TILE), 60_000)
            for _ in range(RENEWED_EACH):
                await harness.registry.status([HOME_TILE])
            assert await harness.client.pttl(people_key(HOME_TILE)) > TILE_KEEP_MS - 60_000


# ---- Blocks ------------------------------------------------------------------------------------


async def lose_side(harness: RegistryHarness, session: Session, side: str) -> None:
    """As if one of the two steps of a block had been lost."""
    if isinstance(harness, RedisRegistryHarness):
        await harness.client.hset(session_key(session.digest), side, "")
    else:
        assert isinstance(harness, MemoryRegistryHarness)
        known = harness.registry.sessions.by_digest[session.digest]
        nothing: dict[str, Any] = {side: {} if side == "blocked_by" else frozenset()}
        harness.registry.sessions.by_digest[session.digest] = replace(known, **nothing)


@pytest.mark.parametrize("side", ["blocked", "blocked_by"])
async def test_a_block_of_which_one_side_was_lost_stands_on_both_again(
    make_harness: MakeHarness, side: str
) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        for session in (alice, bob):
            await harness.registry.place(session.digest, AT_HOME, "one")
        await harness.registry.block(alice.digest, BOB)
        who, other = (alice, bob) if side == "blocked" else (bob, alice)
        await lose_side(harness, who, side)
        before = await session_of(harness, who.digest)
        assert not before.hidden
        knows = await session_of(harness, other.digest)
        (change,) = await harness.registry.complete_blocks([knows])
        after = await session_of(harness, who.digest)
        assert change.session == after
        assert after.hidden == {other.person.person_id}
        assert bool(after.blocked) is (side == "blocked")
        # Whoever sees them is told of it by a newer version.
        assert [(event.tile, event.here) for event in change.events] == [(HOME_TILE, True)]
        assert after.person.version == before.person.version + 1
        both = [await session_of(harness, one.digest) for one in (alice, bob)]
        assert await harness.registry.complete_blocks(both) == []


async def test_a_block_of_somebody_who_is_gone_brings_nobody_into_being(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice = await opened(harness, "Alice")
        await harness.registry.block(alice.digest, BOB)
        assert (
            await harness.registry.complete_blocks([await session_of(harness, alice.digest)]) == []
        )
        assert await harness.registry.find(BOB) is None


@pytest.fixture(params=["redis", "cluster"])
def make_redis(request: pytest.FixtureRequest) -> Callable[[], Any]:
    url = request.getfixturevalue(f"{request.param}_url")
    return lambda: redis_harness(url)


@pytest.mark.parametrize("when", ["read", "half taken back"])
async def test_a_block_that_is_taken_back_while_it_is_completed_stands_nowhere(
    make_redis: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Whoever completes it has read the one side before it went, or writes before it does."""
    async with make_redis() as harness:
        registry = harness.registry
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        await registry.block(alice.digest, BOB)
        knows = await session_of(harness, alice.digest)
        sessions, lacking, run = registry.sessions, registry.sessions.lacking, registry.sessions.run
        taken_back: list[object] = []

        async def late(sides: Any) -> Any:
            """What is lacking by the time between the two steps; then both are done."""
            await run("unblock", person_session_key(BOB), "blocked_by", ALICE)
            found = await lacking(sides)
            taken_back.append(await registry.unblock(alice.digest, BOB))
            return found

        async def completed(name: str, *given: Any) -> Any:
            """Between the two steps somebody completes the block."""
            done = await run(name, *given)
            if name == "unblock" and not taken_back:
                taken_back.append(given)
                assert await registry.complete_blocks([knows])
            return done

        if when == "half taken back":
            monkeypatch.setattr(sessions, "run", completed)
            await registry.unblock(alice.digest, BOB)
        else:
            monkeypatch.setattr(sessions, "lacking", late)
            await registry.complete_blocks([knows])
        assert taken_back
        monkeypatch.undo()
        both = [await session_of(harness, one.digest) for one in (alice, bob)]
        assert [one.hidden for one in both] == [frozenset(), frozenset()]
        assert await registry.complete_blocks([knows, *both]) == []
