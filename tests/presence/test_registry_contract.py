"""Who is here: one contract, kept by the memory and by the Redis sibling alike."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import pytest
from pytest_django.fixtures import Settings
from redis.asyncio import Redis

from neartalk.codes import Refused
from neartalk.parts import Platform
from neartalk.redis import Store
from neartalk.redis.shared import store_at
from presence.geo import Tile, cell_at, tile_of
from presence.people import Change, Left, Person, Place, Session, TileEvent, person_id_of
from presence.registry import MemoryRegistry, RedisRegistry, Registry
from presence.registry import memory as registry_memory
from presence.registry import redis as registry_redis
from presence.registry.contract import BLOCKED_MAX, HTTP_ONLY_MS, RECENT_TILES_MAX
from presence.registry.redis_fields import session_key
from presence.roster import Roster
from presence.sessions import Sessions
from tests.support.clusters import client_at

pytestmark = pytest.mark.usefixtures("patient")

HALF_HOUR_MS = 1_800_000
HERE, THERE, ELSEWHERE = (cell_at(52.52, lon) for lon in (13.40, 13.42, 13.44))
NEXT_DOOR = cell_at(52.52, 13.4015)  # another cell of the tile of HERE
AT_HOME, OUT, AWAY = (Place(cell, 500) for cell in (HERE, THERE, ELSEWHERE))
WIDER, MOVED_A_BIT = Place(HERE, 2000), Place(NEXT_DOOR, 500)
TILES = HOME_TILE, OUT_TILE, AWAY_TILE = tile_of(HERE), tile_of(THERE), tile_of(ELSEWHERE)
ROUNDS = 50
ALICE, BOB = (person_id_of(f"digest of {name}") for name in ("Alice", "Bob"))


class Stand(Protocol):
    """A registry, and how its time passes and what it holds."""

    @property
    def registry(self) -> Registry: ...
    async def pass_ms(self, ms: int) -> None:
        """By the store's clock."""

    async def left_ms(self, digest: str) -> int:
        """How long the session still lives if nobody touches it."""

    async def gone(self, digest: str) -> bool:
        """Whether the session has ended; asking does not keep it."""

    async def leave_ms(self, digest: str, ms: int) -> None:
        """Brings the session to so many ms before its end."""

    async def restart(self) -> None:
        """The store forgets everything."""

    async def everything(self) -> str:
        """All that is stored, keys and values."""


class MemoryStand:
    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self.registry = MemoryRegistry(self._clock)

    def _clock(self) -> int:
        return self.now

    async def pass_ms(self, ms: int) -> None:
        self.now += ms

    async def left_ms(self, digest: str) -> int:
        return self.registry.ends_ms[digest] - self.now

    async def gone(self, digest: str) -> bool:
        return self.registry.ends_ms.get(digest, 0) <= self.now

    async def leave_ms(self, digest: str, ms: int) -> None:
        self.now = self.registry.ends_ms[digest] - ms

    async def restart(self) -> None:
        self.registry = MemoryRegistry(self._clock)

    async def everything(self) -> str:
        return repr(vars(self.registry))


class RedisStand:
    """`client` is the test's own way to what the registry keeps."""

    def __init__(self, client: Redis, store: Store) -> None:
        self.client = client
        self.registry = RedisRegistry(store)

    async def pass_ms(self, ms: int) -> None:
        end = await now_of(self) + ms
        if ms > 200:  # Redis looks at who waits ten times a second
            await self.client.blpop(["nobody"], timeout=(ms - 100) / 1000)
        while await now_of(self) < end:
            pass

    async def left_ms(self, digest: str) -> int:
        return int(await self.client.pttl(session_key(digest)))

    async def gone(self, digest: str) -> bool:
        return not await self.client.exists(session_key(digest))

    async def leave_ms(self, digest: str, ms: int) -> None:
        assert await self.client.pexpire(session_key(digest), ms)

    async def restart(self) -> None:
        await self.client.flushdb()

    async def everything(self) -> str:
        read: dict[str, Callable[[str], Any]] = {
            "hash": self.client.hgetall,
            "string": self.client.get,
            "zset": lambda key: self.client.zrange(key, 0, -1, withscores=True),
        }
        found = {}
        async for key in self.client.scan_iter():
            found[key] = await read[await self.client.type(key)](key)
        return repr(found)


Stands = Callable[[], AbstractAsyncContextManager[Stand]]


@asynccontextmanager
async def memory_stand() -> AsyncIterator[MemoryStand]:
    yield MemoryStand()


@asynccontextmanager
async def redis_stand(url: str) -> AsyncIterator[RedisStand]:
    store = store_at(url.split(","))
    try:
        async with client_at(url) as client:
            yield RedisStand(client, store)
    finally:
        await store.aclose()


@pytest.fixture(params=["memory", "redis", "cluster"])
def stands(request: pytest.FixtureRequest) -> Stands:
    if request.param == "memory":
        return memory_stand
    url = request.getfixturevalue(f"{request.param}_url")
    return lambda: redis_stand(url)


async def now_of(stand: Stand) -> int:
    return (await stand.registry.status(())).now_ms


async def opened(stand: Stand, name: str) -> Session:
    return await stand.registry.open(f"digest of {name}", name)


async def shown(stand: Stand) -> dict[Tile, list[Person]]:
    found = await stand.registry.people(TILES)
    assert found.keys() == set(TILES)
    return {
        tile: [*snapshot.people.values()] for tile, snapshot in found.items() if snapshot.people
    }


async def session_of(stand: Stand, digest: str) -> Session:
    session = await stand.registry.get(digest)
    assert session is not None
    return session


def events_of(*changes: Change | None) -> list[tuple[Tile, int, bool]]:
    """What readers of the tiles learn."""
    assert all(changes)
    events = [event for change in changes if change for event in change.events]
    return [(event.tile, event.version, event.here) for event in events]


# ---- Sessions ----------------------------------------------------------------------------------


async def test_a_new_session_is_in_no_place_and_has_all_its_renames(stands: Stands) -> None:
    async with stands() as stand:
        alice = await opened(stand, "Alice")
        assert alice == Session(
            "digest of Alice", Person(ALICE, "Alice"), 3, opened_ms=alice.opened_ms
        )
        assert await stand.registry.get(alice.digest) == alice
        assert await shown(stand) == {}


async def test_a_digest_that_nobody_opened_is_no_session_and_makes_none(stands: Stands) -> None:
    async with stands() as stand:
        before = await stand.everything()
        assert await stand.registry.get("nobody") is None
        await stand.registry.touch(["nobody"])
        await stand.registry.note("nobody", "too-slow")
        assert await stand.registry.depart("nobody", "one") is None
        assert await stand.registry.close("nobody") is None
        with pytest.raises(Refused, match="session-unknown"):
            await stand.registry.rename("nobody", "Bob")
        with pytest.raises(Refused, match="session-unknown"):
            await stand.registry.place("nobody", AT_HOME, "one")
        assert await stand.everything() == before
        assert await shown(stand) == {}


async def test_whatever_a_person_does_gives_them_another_half_hour(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        assert 1_000 < await stand.left_ms(digest) <= HALF_HOUR_MS
        acts: list[Callable[[], Any]] = [
            lambda: stand.registry.get(digest),
            lambda: stand.registry.touch([digest]),
            lambda: stand.registry.rename(digest, "Alicia"),
            lambda: stand.registry.rename(digest, "Alicia"),
            lambda: stand.registry.place(digest, AT_HOME, "one"),
        ]
        for act in acts:
            await stand.leave_ms(digest, 60_000)
            await act()
            assert 60_000 < await stand.left_ms(digest) <= HALF_HOUR_MS


async def test_what_others_do_to_a_session_does_not_keep_it(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "one")
        await stand.leave_ms(digest, 60_000)
        await stand.registry.note(digest, "too-slow")
        await stand.registry.reap((await shown(stand))[HOME_TILE])
        assert await stand.registry.depart(digest, "one")
        assert 0 < await stand.left_ms(digest) <= 60_000


async def test_an_idle_session_ends(stands: Stands) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        await stand.leave_ms(alice.digest, 1)
        await stand.registry.touch([bob.digest])
        while not await stand.gone(alice.digest):
            await stand.pass_ms(1)
        assert await stand.registry.get(alice.digest) is None
        with pytest.raises(Refused, match="session-unknown"):
            await stand.registry.place(alice.digest, AT_HOME, "one")
        with pytest.raises(Refused, match="session-unknown"):
            await stand.registry.rename(alice.digest, "Alicia")
        assert await stand.registry.get(bob.digest) == bob


async def test_a_session_ends_by_itself_after_the_idle_time_that_is_set(
    stands: Stands, settings: Settings
) -> None:
    settings.SESSION_IDLE_SECONDS = 1
    async with stands() as stand:
        begun = await now_of(stand)
        alice = await opened(stand, "Alice")
        while not await stand.gone(alice.digest):
            await stand.pass_ms(1)
        assert await stand.registry.get(alice.digest) is None
        assert await now_of(stand) >= begun + 1000


async def test_a_memory_session_lives_to_the_last_millisecond_and_is_forgotten_unasked() -> None:
    stand = MemoryStand()
    alice = await opened(stand, "Alice")
    await stand.pass_ms(HALF_HOUR_MS - 1)
    assert await stand.registry.get(alice.digest) == alice
    await stand.pass_ms(HALF_HOUR_MS)
    assert await stand.registry.get(alice.digest) is None
    bob = await opened(stand, "Bob")
    await stand.pass_ms(HALF_HOUR_MS)
    await opened(stand, "Charlie")
    assert bob.digest not in await stand.everything()


async def test_a_note_waits_for_the_person_and_can_be_forgotten(stands: Stands) -> None:
    async with stands() as stand:
        alice = await opened(stand, "Alice")
        await stand.registry.note(alice.digest, "too-slow")
        assert (await session_of(stand, alice.digest)).note == "too-slow"
        await stand.registry.place(alice.digest, AT_HOME, "one")
        assert (await session_of(stand, alice.digest)).note == "too-slow"
        await stand.registry.note(alice.digest, "")
        assert (await session_of(stand, alice.digest)).note == ""


async def test_a_note_that_comes_as_the_person_leaves_makes_no_ghost(stands: Stands) -> None:
    async with stands() as stand:
        for number in range(ROUNDS):
            alice = await opened(stand, f"Alice {number}")
            await asyncio.gather(
                stand.registry.note(alice.digest, "too-slow"), stand.registry.close(alice.digest)
            )
            assert await stand.registry.get(alice.digest) is None
            assert await stand.gone(alice.digest)


async def test_the_key_of_a_session_is_stored_nowhere(stands: Stands) -> None:
    async with stands() as stand:
        sessions = Sessions(stand.registry, Platform.build().sanctions)
        key, alice = await sessions.open("Alice")
        assert len(base64.urlsafe_b64decode(f"{key}=")) == 32
        assert await sessions.of_key(key) == alice
        await stand.registry.renew("one")
        for place in (AT_HOME, OUT):
            await stand.registry.place(alice.digest, place, "one")
        await stand.registry.rename(alice.digest, "Alicia")
        await stand.registry.note(alice.digest, "too-slow")
        kept = await stand.everything()
        assert alice.digest in kept
        assert hashlib.sha256(key.encode()).hexdigest() == alice.digest
        assert key not in kept
        assert base64.urlsafe_b64decode(f"{key}=").hex() not in kept.lower()
        people = repr(await stand.registry.people(TILES))
        assert alice.person.person_id in people
        assert alice.digest not in people


# ---- Names -------------------------------------------------------------------------------------


async def test_a_name_changes_three_times_and_the_same_name_costs_nothing(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        for left, name in ((2, "Alicia"), (1, "Alix"), (0, "Alina")):
            session = (await stand.registry.rename(digest, name)).session
            assert (session.person.name, session.renames_left) == (name, left)
            again = await stand.registry.rename(digest, name)
            assert again == Change(session)
        with pytest.raises(Refused, match="renames-spent"):
            await stand.registry.rename(digest, "Alice")
        session = await session_of(stand, digest)
        assert (session.person.name, session.renames_left) == ("Alina", 0)
        assert (await stand.registry.rename(digest, "Alina")).session == session


async def test_renames_at_once_never_spend_more_than_there_are(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        tries = (stand.registry.rename(digest, f"Alice {number}") for number in range(10))
        answers = await asyncio.gather(*tries, return_exceptions=True)
        refused = [answer.code for answer in answers if isinstance(answer, Refused)]
        assert refused == ["renames-spent"] * 7
        assert (await session_of(stand, digest)).renames_left == 0


async def test_a_rename_shows_in_the_tile_of_the_person(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        assert events_of(await stand.registry.rename(digest, "Alicia")) == []
        placed = await stand.registry.place(digest, AT_HOME, "one")
        renamed = await stand.registry.rename(digest, "Alix")
        assert events_of(placed, renamed) == [(HOME_TILE, 1, True), (HOME_TILE, 2, True)]
        assert renamed.session.person.version > placed.session.person.version
        assert await shown(stand) == {HOME_TILE: [renamed.session.person]}
        assert renamed.events[0].person == renamed.session.person


async def test_a_rename_brings_nobody_back_who_has_left(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "one")
        await stand.registry.depart(digest, "one")
        assert events_of(await stand.registry.rename(digest, "Alicia")) == []
        assert await shown(stand) == {}


async def test_a_rename_brings_nobody_back_whose_minute_is_over(
    stands: Stands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_memory, "HTTP_ONLY_MS", 5)
    monkeypatch.setattr(registry_redis, "HTTP_ONLY_MS", 5)
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        alice = (await stand.registry.place(digest, AT_HOME, "")).session.person
        await stand.pass_ms(6)
        await stand.registry.reap([alice])
        assert events_of(await stand.registry.rename(digest, "Alicia")) == []
        assert await shown(stand) == {}


# ---- Places ------------------------------------------------------------------------------------


async def test_a_first_place_publishes_the_person(stands: Stands) -> None:
    async with stands() as stand:
        alice = await opened(stand, "Alice")
        earliest = await now_of(stand)
        change = await stand.registry.place(alice.digest, AT_HOME, "one")
        session = change.session
        assert session.person == Person(ALICE, "Alice", HERE, 500, 1, "one", 0)
        assert earliest <= session.placed_ms <= await now_of(stand)
        assert session.recent_tiles == ()
        assert change.events == (TileEvent(HOME_TILE, 1, True, session.person),)
        assert await stand.registry.get(alice.digest) == session
        assert await shown(stand) == {HOME_TILE: [session.person]}


async def test_whoever_is_held_stays_where_they_were_moved_last(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "")
        moved = (await stand.registry.place(digest, OUT, "")).session
        held = (await stand.registry.place(digest, None, "one")).session
        assert (held.person.place, held.person.process) == (OUT, "one")
        assert (held.placed_ms, held.recent_tiles) == (moved.placed_ms, moved.recent_tiles)
        assert await shown(stand) == {OUT_TILE: [held.person]}


async def test_a_move_within_a_tile_tells_the_tile_once(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "one")
        change = await stand.registry.place(digest, MOVED_A_BIT, "one")
        assert events_of(change) == [(HOME_TILE, 2, True)]
        assert change.session.recent_tiles == ()
        assert change.session.person.version == 2
        assert await shown(stand) == {HOME_TILE: [change.session.person]}


async def test_a_move_to_another_tile_enters_it_and_then_leaves_the_old(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "one")
        change = await stand.registry.place(digest, OUT, "one")
        person = change.session.person
        assert events_of(change) == [(OUT_TILE, 1, True), (HOME_TILE, 2, False)]
        assert {event.person for event in change.events} == {person}
        assert person.version == 2
        assert change.session.recent_tiles == (Left(HOME_TILE, change.session.placed_ms),)
        assert await shown(stand) == {OUT_TILE: [person]}


async def test_while_somebody_moves_readers_of_both_tiles_keep_the_newer_entry(
    stands: Stands,
) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        near = Place(cell_at(52.52, 13.406), 2000)
        await stand.registry.place(digest, WIDER, "one")
        roster = Roster()
        for tile in {*TILES, tile_of(near.cell)}:
            roster.load(tile, (await stand.registry.people([tile]))[tile])
        for place in (near, WIDER):
            change = await stand.registry.place(digest, place, "one")
            assert len(change.events) == 2
            for event in change.events:
                assert roster.apply(event)
                (listed,) = roster.nearby(WIDER, frozenset({"one"}), 0).shown
                assert listed.person == change.session.person


async def test_only_a_change_of_place_counts_as_one(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        placed = (await stand.registry.place(digest, AT_HOME, "one")).session
        await stand.pass_ms(3)
        change = await stand.registry.place(digest, AT_HOME, "two")
        assert change.session.placed_ms == placed.placed_ms
        assert change.session.person.process == "two"
        assert change.session.person.version == 2
        assert events_of(change) == [(HOME_TILE, 2, True)]
        for place in (WIDER, MOVED_A_BIT, OUT):
            await stand.pass_ms(3)
            before, now = change.session.placed_ms, await now_of(stand)
            change = await stand.registry.place(digest, place, "two")
            assert before < now <= change.session.placed_ms


async def test_without_a_process_a_person_is_shown_for_a_minute(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        earliest = await now_of(stand)
        person = (await stand.registry.place(digest, AT_HOME, "")).session.person
        latest = await now_of(stand)
        assert earliest + HTTP_ONLY_MS <= person.until_ms <= latest + HTTP_ONLY_MS
        assert await shown(stand) == {HOME_TILE: [person]}
        assert person.alive(frozenset(), person.until_ms - 1)
        assert not person.alive(frozenset(), person.until_ms)
        held = (await stand.registry.place(digest, AT_HOME, "one")).session.person
        assert (held.process, held.until_ms) == ("one", 0)


async def test_the_trail_lists_the_tiles_left_oldest_first(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        times = []
        for place in (AT_HOME, OUT, AWAY, AT_HOME):
            await stand.pass_ms(2)
            session = (await stand.registry.place(digest, place, "one")).session
            times.append(session.placed_ms)
        left = zip((HOME_TILE, OUT_TILE, AWAY_TILE), times[1:], strict=True)
        assert session.recent_tiles == tuple(Left(*each) for each in left)
        assert (await session_of(stand, digest)).recent_tiles == session.recent_tiles


async def test_the_trail_forgets_what_was_left_longer_ago_than_a_message_lives(
    stands: Stands, settings: Settings
) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "one")
        trail = (await stand.registry.place(digest, OUT, "one")).session.recent_tiles
        assert [left.tile for left in trail] == [HOME_TILE]
        settings.MESSAGE_LIFE_SECONDS = 1
        await stand.pass_ms(1000)
        trail = (await stand.registry.place(digest, AWAY, "one")).session.recent_tiles
        assert [left.tile for left in trail] == [OUT_TILE]
        await stand.pass_ms(1000)
        assert (await stand.registry.place(digest, AWAY, "one")).session.recent_tiles == ()


async def test_the_trail_keeps_the_newest_tiles_of_someone_who_races(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        cells = [cell_at(52.52, 13.4 + step / 50) for step in range(RECENT_TILES_MAX + 6)]
        for cell in cells:
            session = (await stand.registry.place(digest, Place(cell, 500), "one")).session
        left = [tile_of(cell) for cell in cells[:-1]]
        assert [each.tile for each in session.recent_tiles] == left[-RECENT_TILES_MAX:]
        found = await stand.registry.people(left)
        assert not any(snapshot.people for snapshot in found.values())


async def test_two_placements_at_once_leave_exactly_one_entry(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        for _ in range(ROUNDS):
            changes = await asyncio.gather(
                *(stand.registry.place(digest, place, "one") for place in (AT_HOME, OUT, AWAY)),
            )
            newest = max(change.session.person.version for change in changes)
            session = await session_of(stand, digest)
            assert session.person.version == newest
            assert await shown(stand) == {session.person.tile: [session.person]}


async def test_readers_learn_of_changes_at_once_in_the_order_of_their_versions(
    stands: Stands,
) -> None:
    async with stands() as stand:
        roster = Roster()
        for tile, snapshot in (await stand.registry.people(TILES)).items():
            roster.load(tile, snapshot)
        people = [await opened(stand, f"Person {number}") for number in range(10)]
        moves = [(one, place) for one in people for place in (AT_HOME, OUT, AWAY, AT_HOME)]
        changes = await asyncio.gather(
            *(stand.registry.place(one.digest, place, "one") for one, place in moves)
        )
        events = sorted(
            (event for change in changes for event in change.events),
            key=lambda event: (event.tile, event.version),
        )
        assert all(roster.apply(event) for event in events)
        for tile, snapshot in (await stand.registry.people(TILES)).items():
            assert roster.versions.get(tile) == snapshot.version
            kept = {person.person_id: person for person in roster.people[tile].values()}
            assert kept == snapshot.people


async def test_a_placement_overtaken_on_its_way_to_the_tile_leaves_no_ghost(
    redis_url: str,
) -> None:
    async with redis_stand(redis_url) as stand:
        digest = (await opened(stand, "Alice")).digest
        overtaking: list[tuple[Callable[[], Any], list[Tile]]] = [
            (lambda: stand.registry.place(digest, MOVED_A_BIT, "one"), [HOME_TILE]),
            (lambda: stand.registry.place(digest, OUT, "one"), [OUT_TILE]),
            (lambda: stand.registry.depart(digest, "one"), []),
            (lambda: stand.registry.close(digest), []),
        ]
        for overtake, left in overtaking:
            async with overtaken(stand.registry.place(digest, AT_HOME, "one"), stand.registry):
                await overtake()
            listed = await shown(stand)
            assert [*listed] == left
            for people in listed.values():
                assert people == [(await session_of(stand, digest)).person]


async def test_readers_of_an_overtaken_placement_end_with_what_is_stored(redis_url: str) -> None:
    async with redis_stand(redis_url) as stand:
        digest = (await opened(stand, "Alice")).digest
        late = stand.registry.place(digest, AT_HOME, "one")
        async with overtaken(late, stand.registry) as answer:
            moved = await stand.registry.place(digest, OUT, "one")
        assert events_of(moved) == [(OUT_TILE, 1, True)]
        assert events_of(await answer) == [(HOME_TILE, 1, True), (HOME_TILE, 2, False)]
        assert (await answer).events[1].person == moved.session.person


async def test_a_rename_overtaken_by_a_move_leaves_no_ghost(redis_url: str) -> None:
    async with redis_stand(redis_url) as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "one")
        async with overtaken(stand.registry.rename(digest, "Alicia"), stand.registry):
            await stand.registry.place(digest, OUT, "one")
        session = await session_of(stand, digest)
        assert session.person.name == "Alicia"
        assert await shown(stand) == {OUT_TILE: [session.person]}


@asynccontextmanager
async def overtaken(
    act: Coroutine[Any, Any, Change], registry: RedisRegistry
) -> AsyncIterator[asyncio.Task[Change]]:
    """Begins an act and holds what it publishes until everything inside is over."""
    enter, on_its_way, over = registry._enter, asyncio.Event(), asyncio.Event()

    async def slow(person: Person) -> tuple[TileEvent, ...]:
        setattr(registry, "_enter", enter)  # noqa: B010
        on_its_way.set()
        await over.wait()
        return await enter(person)

    setattr(registry, "_enter", slow)  # noqa: B010
    task = asyncio.create_task(act)
    await on_its_way.wait()
    try:
        yield task
    finally:
        over.set()
        await task


# ---- Departures --------------------------------------------------------------------------------


async def test_only_the_process_that_holds_a_person_takes_them_out(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        assert await stand.registry.depart(digest, "one") is None
        placed = (await stand.registry.place(digest, AT_HOME, "one")).session
        assert await stand.registry.depart(digest, "two") is None
        assert await session_of(stand, digest) == placed
        assert await shown(stand) == {HOME_TILE: [placed.person]}
        change = await stand.registry.depart(digest, "one")
        assert events_of(change) == [(HOME_TILE, 2, False)]
        assert await shown(stand) == {}
        assert await stand.registry.depart(digest, "one") is None


async def test_who_departs_keeps_the_session_and_the_place(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        placed = (await stand.registry.place(digest, AT_HOME, "one")).session
        change = await stand.registry.depart(digest, "one")
        session = await session_of(stand, digest)
        assert change is not None
        assert change.session == session
        assert session.person == placed.person.changed(process="", version=2)
        assert session.placed_ms == placed.placed_ms
        back = await stand.registry.place(digest, AT_HOME, "two")
        assert events_of(back) == [(HOME_TILE, 3, True)]
        assert back.session.placed_ms == placed.placed_ms


async def test_a_late_departure_does_not_take_out_who_is_held_elsewhere(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "one")
        held = (await stand.registry.place(digest, AT_HOME, "two")).session
        assert await stand.registry.depart(digest, "one") is None
        assert await shown(stand) == {HOME_TILE: [held.person]}


async def test_a_closed_session_is_gone_with_its_person(stands: Stands) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        placed = (await stand.registry.place(alice.digest, AT_HOME, "one")).session.person
        held = (await stand.registry.place(bob.digest, AT_HOME, "one")).session.person
        change = await stand.registry.close(alice.digest)
        assert events_of(change) == [(HOME_TILE, 3, False)]
        assert change is not None
        assert change.session.person == placed.changed(cell="", version=2)
        assert change.events[0].person == change.session.person
        assert await stand.registry.get(alice.digest) is None
        assert await stand.gone(alice.digest)
        assert await stand.registry.close(alice.digest) is None
        assert await shown(stand) == {HOME_TILE: [held]}
        assert alice.person.person_id not in await stand.everything()


async def test_a_session_closed_before_it_had_a_place_tells_nobody(stands: Stands) -> None:
    async with stands() as stand:
        alice = await opened(stand, "Alice")
        assert await stand.registry.close(alice.digest) is None
        assert await stand.registry.get(alice.digest) is None


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
