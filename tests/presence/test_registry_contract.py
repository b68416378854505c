"""Blocks, restarts and processes: one contract of the memory and the Redis sibling."""

import asyncio

import pytest

from neartalk.codes import Refused
from neartalk.redis import named
from presence.registry import memory_leases, redis_leases
from presence.registry.contract import BLOCKED_MAX
from tests.presence.registry_harness import (
    ALICE,
    AT_HOME,
    AWAY_TILE,
    BOB,
    HALF_HOUR_MS,
    HOME_TILE,
    MOVED_A_BIT,
    OUT,
    OUT_TILE,
    TILES,
    MakeHarness,
    MemoryRegistryHarness,
    RedisRegistryHarness,
    RegistryHarness,
    events_of,
    now_of,
    opened,
    session_of,
    shown,
)

pytestmark = pytest.mark.usefixtures("patient")


# ---- Blocks ------------------------------------------------------------------------------------


async def test_a_block_stands_in_both_sessions_and_those_who_see_them_are_told(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        for session in (alice, bob):
            await harness.registry.place(session.digest, AT_HOME, "one")
        earliest = await now_of(harness)
        changes = await harness.registry.block(alice.digest, BOB)
        assert events_of(*changes) == [(HOME_TILE, 4, True), (HOME_TILE, 3, True)]
        blocker, blocked = (change.session for change in changes)
        assert blocker.blocked == {BOB}
        assert not blocker.blocked_by
        assert (blocked.blocked, [*blocked.blocked_by]) == (frozenset(), [ALICE])
        assert earliest <= blocked.blocked_by[ALICE] <= await now_of(harness)
        assert (blocker.person.version, blocked.person.version) == (2, 2)
        assert await session_of(harness, alice.digest) == blocker
        assert await session_of(harness, bob.digest) == blocked


async def test_a_second_block_of_the_same_person_changes_nothing(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        for session in (alice, bob):
            await harness.registry.place(session.digest, AT_HOME, "one")
        _, change = await harness.registry.block(alice.digest, BOB)
        await harness.pass_ms(1000)
        again = await harness.registry.block(alice.digest, BOB)
        assert [event for one in again for event in one.events] == []
        assert await session_of(harness, bob.digest) == change.session


async def test_who_is_gone_or_was_never_here_can_be_blocked_and_comes_into_being_by_it_not(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice = await opened(harness, "Alice")
        (change,) = await harness.registry.block(alice.digest, BOB)
        assert change.session.blocked == {BOB}
        assert await harness.registry.find(BOB) is None
        with pytest.raises(Refused, match="session-unknown"):
            await harness.registry.block("digest of nobody", ALICE)
        assert (await session_of(harness, alice.digest)).hidden == {BOB}


async def test_a_block_is_taken_back_on_both_sides_and_nothing_brings_it_back(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        for session in (alice, bob):
            await harness.registry.place(session.digest, AT_HOME, "one")
        with pytest.raises(Refused, match="not-found"):
            await harness.registry.unblock(alice.digest, BOB)
        await harness.registry.block(bob.digest, "0" * 16)
        await harness.registry.block(alice.digest, BOB)
        before = [await session_of(harness, one.digest) for one in (alice, bob)]
        with pytest.raises(Refused, match="not-found"):
            await harness.registry.unblock(bob.digest, ALICE)
        changes = await harness.registry.unblock(alice.digest, BOB)
        after = [await session_of(harness, one.digest) for one in (alice, bob)]
        assert [one.session for one in changes] == after
        assert [[*one.hidden] for one in after] == [[], ["0" * 16]]
        assert [len(one.events) for one in changes] == [1, 1]
        for one, now in zip(before, after, strict=True):
            assert now.person.version == one.person.version + 1
        # A process that has not heard of it yet.
        assert await harness.registry.complete_blocks(before) == []
        assert [await session_of(harness, one.digest) for one in (alice, bob)] == after
        await harness.registry.block(alice.digest, BOB)
        await harness.registry.close(bob.digest)
        with pytest.raises(Refused, match="not-found"):
            await harness.registry.unblock(alice.digest, BOB)


async def test_two_who_block_each_other_stand_on_both_sides(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        await harness.registry.block(alice.digest, BOB)
        await harness.registry.block(bob.digest, ALICE)
        for digest, other in ((alice.digest, BOB), (bob.digest, ALICE)):
            session = await session_of(harness, digest)
            assert ([*session.blocked], [*session.blocked_by]) == ([other], [other])


async def test_whoever_blocked_as_many_as_one_may_blocks_no_more_and_can_still_be_blocked(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        for turn in range(BLOCKED_MAX):
            await harness.registry.block(alice.digest, f"{turn:016x}")
        with pytest.raises(Refused, match="blocks-spent"):
            await harness.registry.block(alice.digest, BOB)
        assert ALICE not in (await session_of(harness, bob.digest)).blocked_by
        await harness.registry.block(bob.digest, ALICE)
        assert BOB in (await session_of(harness, alice.digest)).blocked_by


async def test_a_block_outlives_a_rename_a_move_a_departure_and_a_restart(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        for session in (alice, bob):
            await harness.registry.place(session.digest, AT_HOME, "one")
        await harness.registry.block(alice.digest, BOB)
        await harness.registry.rename(bob.digest, "Robert")
        await harness.registry.place(bob.digest, OUT, "two")
        await harness.registry.depart(bob.digest, "two")
        kept = [await session_of(harness, digest) for digest in (alice.digest, bob.digest)]
        assert [session.hidden for session in kept] == [{BOB}, {ALICE}]
        await harness.restart()
        await harness.registry.restore(kept, "three")
        again = [await session_of(harness, digest) for digest in (alice.digest, bob.digest)]
        assert [(one.blocked, one.blocked_by) for one in again] == [
            (one.blocked, one.blocked_by) for one in kept
        ]
        assert [await harness.registry.find(ALICE), await harness.registry.find(BOB)] == again


async def test_a_person_is_found_by_their_id_and_lives_no_longer_by_it(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice = await harness.registry.open("digest of Alice", "Alice", device="d", origin="o")
        assert (alice.device, alice.origin) == ("d", "o")
        assert await harness.registry.find(ALICE) == alice
        assert await harness.registry.find(BOB) is None
        await harness.leave_ms(alice.digest, 60_000)
        await harness.registry.find(ALICE)
        assert await harness.left_ms(alice.digest) <= 60_000
        await harness.registry.close(alice.digest)
        assert await harness.registry.find(ALICE) is None


# ---- After a restart of the store --------------------------------------------------------------


async def test_lost_sessions_come_back_as_they_were_and_newer_ones_stay(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        for session in (alice, bob):
            for place in (OUT, AT_HOME):
                await harness.registry.place(session.digest, place, "one")
            await harness.registry.rename(session.digest, f"{session.person.name} 2")
            await harness.registry.note(session.digest, "too-slow")
        alice, bob = await session_of(harness, alice.digest), await session_of(harness, bob.digest)
        await harness.restart()
        await harness.pass_ms(1)
        newer = await harness.registry.open(bob.digest, "Bob 3")

        (change,) = await harness.registry.restore([alice, bob], "two")

        again = await session_of(harness, alice.digest)
        assert again.person == alice.person.changed(process="two", version=4)
        assert again.person.version > alice.person.version
        assert (again.renames_left, again.note) == (2, "too-slow")
        assert (again.recent_tiles, again.placed_ms) == (alice.recent_tiles, alice.placed_ms)
        assert change.session == again
        assert events_of(change) == [(HOME_TILE, 1, True)]
        assert await session_of(harness, bob.digest) == newer
        assert await shown(harness) == {HOME_TILE: [again.person]}
        assert 1_000 < await harness.left_ms(alice.digest) <= HALF_HOUR_MS
        assert await harness.registry.restore([alice, bob], "two") == []


async def test_two_processes_that_restore_one_session_show_it_once(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice = await opened(harness, "Alice")
        alice = (await harness.registry.place(alice.digest, AT_HOME, "one")).session
        await harness.restart()
        both = await asyncio.gather(
            harness.registry.restore([alice], "one"), harness.registry.restore([alice], "two")
        )
        assert sorted(map(len, both)) == [0, 1]
        session = await session_of(harness, alice.digest)
        assert await shown(harness) == {HOME_TILE: [session.person]}


# ---- People and the processes that hold them ---------------------------------------------------


async def test_people_of_many_tiles_are_read_at_once_and_an_empty_tile_is_empty(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        charlie = await opened(harness, "Charlie")
        for one, place in ((alice, AT_HOME), (bob, MOVED_A_BIT), (charlie, OUT)):
            await harness.registry.place(one.digest, place, "one")
        found = await harness.registry.people(TILES)
        names = {tile: {one.name for one in here.people.values()} for tile, here in found.items()}
        assert names == {HOME_TILE: {"Alice", "Bob"}, OUT_TILE: {"Charlie"}, AWAY_TILE: set()}
        assert [found[tile].version for tile in TILES] == [2, 1, 0]
        assert all(
            key == one.person_id for here in found.values() for key, one in here.people.items()
        )
        assert await harness.registry.people([]) == {}


async def test_the_dead_are_buried_once_and_those_who_came_back_are_not(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        for session in (alice, bob):
            await harness.registry.place(session.digest, AT_HOME, "dead")
        dead = (await shown(harness))[HOME_TILE]
        back = (await harness.registry.place(bob.digest, AT_HOME, "two")).session.person
        assert events_of(*await harness.registry.reap(dead)) == [(HOME_TILE, 4, False)]
        assert await shown(harness) == {HOME_TILE: [back]}
        assert events_of(*await harness.registry.reap(dead)) == []
        assert (await harness.registry.people([HOME_TILE]))[HOME_TILE].version == 4


async def test_the_buried_keep_their_session_and_are_shown_again_when_they_return(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "dead")
        (change,) = await harness.registry.reap((await shown(harness))[HOME_TILE])
        assert change.events[0].person.person_id == ALICE
        back = await harness.registry.place(digest, AT_HOME, "two")
        assert events_of(back) == [(HOME_TILE, 3, True)]
        assert await shown(harness) == {HOME_TILE: [back.session.person]}


async def test_someone_who_moved_on_is_not_buried_where_they_are_now(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        before = (await harness.registry.place(digest, AT_HOME, "one")).session.person
        after = (await harness.registry.place(digest, OUT, "one")).session.person
        assert events_of(*await harness.registry.reap([before])) == []
        assert await shown(harness) == {OUT_TILE: [after]}


async def test_a_process_lives_while_it_renews_its_lease(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make_harness() as harness:
        assert (await harness.registry.status(())).processes == frozenset()
        for process in ("one", "two"):
            await harness.registry.renew(process)
        assert (await harness.registry.status(())).processes == {"one", "two"}
        monkeypatch.setattr(memory_leases, "LEASE_MS", 5)
        monkeypatch.setattr(redis_leases, "LEASE_MS", 5)
        await harness.registry.renew("two")
        await harness.pass_ms(5)
        assert (await harness.registry.status(())).processes == {"one"}
        monkeypatch.undo()
        await harness.registry.renew("two")
        assert (await harness.registry.status(())).processes == {"one", "two"}


async def test_a_lease_lasts_15_seconds(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        earliest = await now_of(harness)
        await harness.registry.renew("one")
        end_ms = int(await lease_end(harness, "one"))
        assert earliest + 15_000 <= end_ms <= await now_of(harness) + 15_000


async def lease_end(harness: RegistryHarness, process: str) -> float:
    if isinstance(harness, RedisRegistryHarness):
        return float(await harness.client.zscore(named(redis_leases.LEASES), process))
    assert isinstance(harness, MemoryRegistryHarness)
    return harness.registry.leases.ends_ms[process]


async def test_a_pulse_tells_the_clock_the_epoch_and_how_often_each_tile_changed(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        first = await harness.registry.status(TILES)
        assert first.versions == dict.fromkeys(TILES, 0)
        digest = (await opened(harness, "Alice")).digest
        for place in (AT_HOME, MOVED_A_BIT, OUT):
            await harness.registry.place(digest, place, "one")
        await harness.pass_ms(2)
        pulse = await harness.registry.status(TILES)
        assert pulse.versions == {HOME_TILE: 3, OUT_TILE: 1, AWAY_TILE: 0}
        assert pulse.epoch == first.epoch != ""
        assert pulse.now_ms >= first.now_ms + 2
        found = await harness.registry.people(TILES)
        assert pulse.versions == {tile: snapshot.version for tile, snapshot in found.items()}
