"""Blocks, restarts and processes: one contract of the memory and the Redis sibling."""

import asyncio

import pytest

from neartalk.codes import Refused
from presence.registry import memory as registry_memory
from presence.registry import redis as registry_redis
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
    MemoryStand,
    RedisStand,
    Stand,
    Stands,
    events_of,
    now_of,
    opened,
    session_of,
    shown,
)

pytestmark = pytest.mark.usefixtures("patient")


# ---- Blocks ------------------------------------------------------------------------------------


async def test_a_block_stands_in_both_sessions_and_those_who_see_them_are_told(
    stands: Stands,
) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        for session in (alice, bob):
            await stand.registry.place(session.digest, AT_HOME, "one")
        earliest = await now_of(stand)
        changes = await stand.registry.block(alice.digest, BOB)
        assert events_of(*changes) == [(HOME_TILE, 4, True), (HOME_TILE, 3, True)]
        blocker, blocked = (change.session for change in changes)
        assert blocker.blocked == {BOB}
        assert not blocker.blocked_by
        assert (blocked.blocked, [*blocked.blocked_by]) == (frozenset(), [ALICE])
        assert earliest <= blocked.blocked_by[ALICE] <= await now_of(stand)
        assert (blocker.person.version, blocked.person.version) == (2, 2)
        assert await session_of(stand, alice.digest) == blocker
        assert await session_of(stand, bob.digest) == blocked


async def test_a_second_block_of_the_same_person_changes_nothing(stands: Stands) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        for session in (alice, bob):
            await stand.registry.place(session.digest, AT_HOME, "one")
        _, change = await stand.registry.block(alice.digest, BOB)
        await stand.pass_ms(1000)
        again = await stand.registry.block(alice.digest, BOB)
        assert [event for one in again for event in one.events] == []
        assert await session_of(stand, bob.digest) == change.session


async def test_who_is_gone_or_was_never_here_can_be_blocked_and_comes_into_being_by_it_not(
    stands: Stands,
) -> None:
    async with stands() as stand:
        alice = await opened(stand, "Alice")
        (change,) = await stand.registry.block(alice.digest, BOB)
        assert change.session.blocked == {BOB}
        assert await stand.registry.find(BOB) is None
        with pytest.raises(Refused, match="session-unknown"):
            await stand.registry.block("digest of nobody", ALICE)
        assert (await session_of(stand, alice.digest)).hidden == {BOB}


async def test_two_who_block_each_other_stand_on_both_sides(stands: Stands) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        await stand.registry.block(alice.digest, BOB)
        await stand.registry.block(bob.digest, ALICE)
        for digest, other in ((alice.digest, BOB), (bob.digest, ALICE)):
            session = await session_of(stand, digest)
            assert ([*session.blocked], [*session.blocked_by]) == ([other], [other])


async def test_whoever_blocked_as_many_as_one_may_blocks_no_more_and_can_still_be_blocked(
    stands: Stands,
) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        for turn in range(BLOCKED_MAX):
            await stand.registry.block(alice.digest, f"{turn:016x}")
        with pytest.raises(Refused, match="blocks-spent"):
            await stand.registry.block(alice.digest, BOB)
        assert ALICE not in (await session_of(stand, bob.digest)).blocked_by
        await stand.registry.block(bob.digest, ALICE)
        assert BOB in (await session_of(stand, alice.digest)).blocked_by


async def test_a_block_outlives_a_rename_a_move_a_departure_and_a_restart(stands: Stands) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        for session in (alice, bob):
            await stand.registry.place(session.digest, AT_HOME, "one")
        await stand.registry.block(alice.digest, BOB)
        await stand.registry.rename(bob.digest, "Robert")
        await stand.registry.place(bob.digest, OUT, "two")
        await stand.registry.depart(bob.digest, "two")
        kept = [await session_of(stand, digest) for digest in (alice.digest, bob.digest)]
        assert [session.hidden for session in kept] == [{BOB}, {ALICE}]
        await stand.restart()
        await stand.registry.restore(kept, "three")
        again = [await session_of(stand, digest) for digest in (alice.digest, bob.digest)]
        assert [(one.blocked, one.blocked_by) for one in again] == [
            (one.blocked, one.blocked_by) for one in kept
        ]
        assert [await stand.registry.find(ALICE), await stand.registry.find(BOB)] == again


async def test_a_person_is_found_by_their_id_and_lives_no_longer_by_it(stands: Stands) -> None:
    async with stands() as stand:
        alice = await stand.registry.open("digest of Alice", "Alice", device="d", origin="o")
        assert (alice.device, alice.origin) == ("d", "o")
        assert await stand.registry.find(ALICE) == alice
        assert await stand.registry.find(BOB) is None
        await stand.leave_ms(alice.digest, 60_000)
        await stand.registry.find(ALICE)
        assert await stand.left_ms(alice.digest) <= 60_000
        await stand.registry.close(alice.digest)
        assert await stand.registry.find(ALICE) is None


# ---- After a restart of the store --------------------------------------------------------------


async def test_lost_sessions_come_back_as_they_were_and_newer_ones_stay(stands: Stands) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        for session in (alice, bob):
            for place in (OUT, AT_HOME):
                await stand.registry.place(session.digest, place, "one")
            await stand.registry.rename(session.digest, f"{session.person.name} 2")
            await stand.registry.note(session.digest, "too-slow")
        alice, bob = await session_of(stand, alice.digest), await session_of(stand, bob.digest)
        await stand.restart()
        newer = await stand.registry.open(bob.digest, "Bob 3")

        (change,) = await stand.registry.restore([alice, bob], "two")

        again = await session_of(stand, alice.digest)
        assert again.person == alice.person.changed(process="two", version=4)
        assert again.person.version > alice.person.version
        assert (again.renames_left, again.note) == (2, "too-slow")
        assert (again.recent_tiles, again.placed_ms) == (alice.recent_tiles, alice.placed_ms)
        assert change.session == again
        assert events_of(change) == [(HOME_TILE, 1, True)]
        assert await session_of(stand, bob.digest) == newer
        assert await shown(stand) == {HOME_TILE: [again.person]}
        assert 1_000 < await stand.left_ms(alice.digest) <= HALF_HOUR_MS
        assert await stand.registry.restore([alice, bob], "two") == []


async def test_two_processes_that_restore_one_session_show_it_once(stands: Stands) -> None:
    async with stands() as stand:
        alice = await opened(stand, "Alice")
        alice = (await stand.registry.place(alice.digest, AT_HOME, "one")).session
        await stand.restart()
        both = await asyncio.gather(
            stand.registry.restore([alice], "one"), stand.registry.restore([alice], "two")
        )
        assert sorted(map(len, both)) == [0, 1]
        session = await session_of(stand, alice.digest)
        assert await shown(stand) == {HOME_TILE: [session.person]}


# ---- People and the processes that hold them ---------------------------------------------------


async def test_people_of_many_tiles_are_read_at_once_and_an_empty_tile_is_empty(
    stands: Stands,
) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        charlie = await opened(stand, "Charlie")
        for one, place in ((alice, AT_HOME), (bob, MOVED_A_BIT), (charlie, OUT)):
            await stand.registry.place(one.digest, place, "one")
        found = await stand.registry.people(TILES)
        names = {tile: {one.name for one in here.people.values()} for tile, here in found.items()}
        assert names == {HOME_TILE: {"Alice", "Bob"}, OUT_TILE: {"Charlie"}, AWAY_TILE: set()}
        assert [found[tile].version for tile in TILES] == [2, 1, 0]
        assert all(
            key == one.person_id for here in found.values() for key, one in here.people.items()
        )
        assert await stand.registry.people([]) == {}


async def test_the_dead_are_buried_once_and_those_who_came_back_are_not(stands: Stands) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        for session in (alice, bob):
            await stand.registry.place(session.digest, AT_HOME, "dead")
        dead = (await shown(stand))[HOME_TILE]
        back = (await stand.registry.place(bob.digest, AT_HOME, "two")).session.person
        assert events_of(*await stand.registry.reap(dead)) == [(HOME_TILE, 4, False)]
        assert await shown(stand) == {HOME_TILE: [back]}
        assert events_of(*await stand.registry.reap(dead)) == []
        assert (await stand.registry.people([HOME_TILE]))[HOME_TILE].version == 4


async def test_the_buried_keep_their_session_and_are_shown_again_when_they_return(
    stands: Stands,
) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "dead")
        (change,) = await stand.registry.reap((await shown(stand))[HOME_TILE])
        assert change.events[0].person.person_id == ALICE
        back = await stand.registry.place(digest, AT_HOME, "two")
        assert events_of(back) == [(HOME_TILE, 3, True)]
        assert await shown(stand) == {HOME_TILE: [back.session.person]}


async def test_someone_who_moved_on_is_not_buried_where_they_are_now(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        before = (await stand.registry.place(digest, AT_HOME, "one")).session.person
        after = (await stand.registry.place(digest, OUT, "one")).session.person
        assert events_of(*await stand.registry.reap([before])) == []
        assert await shown(stand) == {OUT_TILE: [after]}


async def test_a_process_lives_while_it_renews_its_lease(
    stands: Stands, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stands() as stand:
        assert (await stand.registry.status(())).processes == frozenset()
        for process in ("one", "two"):
            await stand.registry.renew(process)
        assert (await stand.registry.status(())).processes == {"one", "two"}
        monkeypatch.setattr(registry_memory, "LEASE_MS", 5)
        monkeypatch.setattr(registry_redis, "LEASE_MS", 5)
        await stand.registry.renew("two")
        await stand.pass_ms(5)
        assert (await stand.registry.status(())).processes == {"one"}
        monkeypatch.undo()
        await stand.registry.renew("two")
        assert (await stand.registry.status(())).processes == {"one", "two"}


async def test_a_lease_lasts_15_seconds(stands: Stands) -> None:
    async with stands() as stand:
        earliest = await now_of(stand)
        await stand.registry.renew("one")
        end_ms = int(await lease_end(stand, "one"))
        assert earliest + 15_000 <= end_ms <= await now_of(stand) + 15_000


async def lease_end(stand: Stand, process: str) -> float:
    if isinstance(stand, RedisStand):
        return float(await stand.client.zscore(registry_redis.LEASES, process))
    assert isinstance(stand, MemoryStand)
    return stand.registry.leases[process]


async def test_a_pulse_tells_the_clock_the_epoch_and_how_often_each_tile_changed(
    stands: Stands,
) -> None:
    async with stands() as stand:
        first = await stand.registry.status(TILES)
        assert first.versions == dict.fromkeys(TILES, 0)
        digest = (await opened(stand, "Alice")).digest
        for place in (AT_HOME, MOVED_A_BIT, OUT):
            await stand.registry.place(digest, place, "one")
        await stand.pass_ms(2)
        pulse = await stand.registry.status(TILES)
        assert pulse.versions == {HOME_TILE: 3, OUT_TILE: 1, AWAY_TILE: 0}
        assert pulse.epoch == first.epoch != ""
        assert pulse.now_ms >= first.now_ms + 2
        found = await stand.registry.people(TILES)
        assert pulse.versions == {tile: snapshot.version for tile, snapshot in found.items()}
