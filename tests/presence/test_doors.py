"""Who talks openly is seen from outside of voice: by whoever has them in range, while it is so."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.parts import Platform
from neartalk.redis.client import connect
from neartalk.redis.connection import pool_options
from neartalk.redis.layer import PubSubLayer
from presence.geo import tile_of
from presence.hub import Hub
from presence.hub.doors import RETRIES
from presence.hub.presence_broadcaster import PEOPLE_S, SOON_S
from presence.registry import LEASE_MS, MemoryRegistry, RedisRegistry
from tests.presence.process_pair import ProcessPair, process_pair
from tests.support.processes import (
    AWAY,
    BESIDE,
    HERE,
    LoopClock,
    Page,
    PageSocket,
    never,
    person,
    turns,
)
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_django.fixtures import Settings

    from presence.values import Place


class TownSquare:
    """Two processes: Alice, Carol and Dan, who is far away, are at the first, Bob at the second."""

    def __init__(self, pair: ProcessPair) -> None:
        self.pair = pair

    async def begin(self) -> None:
        self.alice = await self.joined("Alice", HERE)
        self.carol = await self.joined("Carol", HERE)
        self.dan = await self.joined("Dan", AWAY)
        bob = await person(self.pair.registry, "Bob", BESIDE)
        self.bob = await self.pair.second.join(bob)
        await self.pair.settle()
        self.time = LoopClock()
        await self.pass_lists()

    async def joined(self, name: str, place: Place) -> PageSocket:
        return await self.pair.first.join(await person(self.pair.registry, name, place))

    async def set_door(self, one: PageSocket, hub: Hub, *, is_open: bool) -> None:
        """By a socket in voice at this process."""
        hub.set_door(one.person.person_id, is_open=is_open)
        await self.pair.settle()

    async def pass_lists(self) -> None:
        """Five seconds, and what a turn of the lists takes."""
        await self.time.pass_s(PEOPLE_S + SOON_S)
        await self.pair.settle()

    async def doors(self, *, seen_by: PageSocket) -> list[str]:
        """Whose doors are open by the list that somebody has five seconds later."""
        await self.pass_lists()
        entries = seen_by.page.listing.entries
        assert all(one.get("voice", "open") == "open" for one in entries)
        return [one["username"] for one in entries if "voice" in one]


@asynccontextmanager
async def square() -> AsyncIterator[TownSquare]:
    async with process_pair() as pair:
        found = TownSquare(pair)
        await found.begin()
        yield found


# ---- Seen, and gone ------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["first", "second"])
async def test_an_open_door_is_seen_on_every_process_within_five_seconds_and_gone_as_soon(
    at: str,
) -> None:
    """Whichever process has their socket in voice."""
    async with square() as found:
        hub: Hub = getattr(found.pair, at).hub
        for is_open, due in ((True, ["Alice"]), (False, []), (True, ["Alice"])):
            await found.set_door(found.alice, hub, is_open=is_open)
            assert await found.doors(seen_by=found.bob) == due
            assert await found.doors(seen_by=found.carol) == due
            assert sorted(found.bob.page.names) == ["Alice", "Carol"]


async def test_whoever_has_an_open_door_is_told_nothing_of_their_own() -> None:
    async with square() as found:
        found.alice.page.frames.clear()
        await found.set_door(found.alice, found.pair.first.hub, is_open=True)
        assert await found.doors(seen_by=found.alice) == []
        assert {one["type"] for one in found.alice.page.frames} <= {"people.changed"}


async def test_nobody_out_of_range_sees_a_door() -> None:
    async with square() as found:
        found.dan.page.frames.clear()
        for one in (found.alice, found.bob):
            await found.set_door(one, found.pair.second.hub, is_open=True)
        assert await found.doors(seen_by=found.dan) == []
        assert found.dan.page.frames == []


async def test_nobody_whom_a_block_stands_between_sees_a_door_of_the_other() -> None:
    async with square() as found:
        for change in await found.pair.registry.block(
            found.alice.session.digest, found.bob.person.person_id
        ):
            found.pair.first.hub.announce(change)
        await found.pair.settle()
        await found.pass_lists()
        for one, other in ((found.alice, found.bob), (found.bob, found.alice)):
            other.page.frames.clear()
            await found.set_door(one, found.pair.second.hub, is_open=True)
            assert await found.doors(seen_by=other) == []
            assert other.page.people_frames == []
        assert await found.doors(seen_by=found.carol) == ["Alice", "Bob"]


async def test_whoever_left_and_is_still_shown_has_no_open_door(settings: Settings) -> None:
    settings.PLACE_CLOCK = True
    async with square() as found:
        await found.set_door(found.alice, found.pair.first.hub, is_open=True)
        assert await found.doors(seen_by=found.bob) == ["Alice"]
        await found.pair.first.hub.end(found.alice.session)
        await found.pair.settle()
        assert await found.doors(seen_by=found.bob) == []
        assert "Alice" in found.bob.page.names


async def test_whoever_is_banned_is_gone_with_their_door() -> None:
    async with square() as found:
        await found.set_door(found.alice, found.pair.first.hub, is_open=True)
        await found.pair.first.hub.end(found.alice.session, at_once=True)
        await found.pair.settle()
        assert await found.doors(seen_by=found.bob) == []
        assert "Alice" not in found.bob.page.names


# ---- Whatever is lost ----------------------------------------------------------------------------


async def test_a_door_whose_hints_are_lost_is_found_by_the_next_poll() -> None:
    async with square() as found:
        found.pair.wire.fate = lambda hint: 0
        for is_open, due in ((True, ["Alice"]), (False, [])):
            await found.set_door(found.alice, found.pair.first.hub, is_open=is_open)
            await found.pair.second.poll()
            assert await found.doors(seen_by=found.bob) == due


async def test_the_doors_of_a_process_that_dies_are_closed_with_its_lease() -> None:
    async with square() as found:
        first, second = found.pair.first, found.pair.second
        await found.set_door(found.alice, second.hub, is_open=True)
        assert await found.doors(seen_by=found.carol) == ["Alice"]
        found.pair.now_ms += LEASE_MS + 1
        await first.hub.leases.renew()
        await first.poll()
        assert await found.doors(seen_by=found.carol) == []
        assert found.carol.page.names == ["Alice"]
        # It was only held up: what it said holds.
        await second.hub.leases.renew()
        await first.poll()
        assert await found.doors(seen_by=found.carol) == ["Alice"]


async def test_of_two_processes_the_one_that_has_the_door_closes_it() -> None:
    async with square() as found:
        first, second = found.pair.first.hub, found.pair.second.hub
        await found.set_door(found.alice, first, is_open=True)
        await found.set_door(found.alice, second, is_open=True)
        await found.set_door(found.alice, first, is_open=False)
        assert await found.doors(seen_by=found.bob) == ["Alice"]
        await found.set_door(found.alice, second, is_open=False)
        assert await found.doors(seen_by=found.bob) == []


async def test_what_the_store_did_not_take_is_told_again_in_a_round() -> None:
    async with square() as found:
        hub = found.pair.first.hub
        for is_open, due in ((True, ["Alice"]), (False, [])):
            found.pair.registry.failing["set_door"] = Refused("store-unavailable")
            before = await found.doors(seen_by=found.bob)
            await found.set_door(found.alice, hub, is_open=is_open)
            assert await found.doors(seen_by=found.bob) == before
            await hub.doors.compare()
            await found.pair.settle()
            assert await found.doors(seen_by=found.bob) == due
        assert not hub.doors.unwritten


async def test_doors_are_open_again_once_a_store_that_was_lost_is_back() -> None:
    async with square() as found:
        first, second = found.pair.first, found.pair.second
        for one in (found.alice, found.bob):
            await found.set_door(one, second.hub, is_open=True)
        found.pair.registry.store = MemoryRegistry(lambda: found.pair.now_ms)
        for process in (first, second):
            await process.poll()
        await found.pair.settle()
        # Of Alice, whom the first lists, nobody knows yet: hers may have been closed meanwhile.
        assert await found.doors(seen_by=found.carol) == ["Bob"]
        for process in (first, second):
            await process.hub.doors.compare()
        await found.pair.settle()
        assert await found.doors(seen_by=found.carol) == ["Alice", "Bob"]


@pytest.mark.parametrize("at", ["first", "second"])
async def test_a_door_that_was_open_before_its_person_was_listed_is_seen_once_they_are(
    at: str,
) -> None:
    """A socket in voice may come back before the one of the chat does, also to another process."""
    async with square() as found:
        hub: Hub = getattr(found.pair, at).hub
        session = await person(found.pair.registry, "Eve", HERE)
        hub.set_door(session.person.person_id, is_open=True)
        await found.pair.settle()
        await found.pair.first.join(session)
        await found.pair.settle()
        if at == "second":
            await hub.doors.retry()  # within a second
            await found.pair.settle()
        assert await found.doors(seen_by=found.carol) == ["Eve"]
        assert not hub.doors.untaken


async def test_a_door_of_somebody_who_is_never_listed_is_not_told_for_ever() -> None:
    async with square() as found:
        hub = found.pair.first.hub
        session = await person(found.pair.registry, "Eve", HERE)
        hub.set_door(session.person.person_id, is_open=True)
        await found.pair.settle()
        for _ in range(RETRIES + 1):
            await hub.doors.retry()
            await found.pair.settle()
        found.pair.registry.failing["set_door"] = AssertionError("asked")
        await hub.doors.retry()
        await found.pair.settle()
        assert found.pair.registry.failing


async def test_a_door_that_turns_a_hundred_times_while_the_store_is_slow_is_told_twice() -> None:
    async with square() as found:
        hub, tile = found.pair.first.hub, tile_of(HERE.cell)
        before = (await found.pair.registry.people([tile]))[tile].version
        stop = found.pair.registry.stop("before", "set_door")
        hub.set_door(found.alice.person.person_id, is_open=True)
        await stop.arrived()
        for turn in range(101):
            hub.set_door(found.alice.person.person_id, is_open=turn % 2 == 1)
        stop.open.set()
        await found.pair.settle()
        after = (await found.pair.registry.people([tile]))[tile].version
        assert after - before <= 2
        assert await found.doors(seen_by=found.bob) == []


async def test_the_same_again_asks_the_store_nothing() -> None:
    async with square() as found:
        hub = found.pair.first.hub
        await found.set_door(found.alice, hub, is_open=True)
        found.pair.registry.failing["set_door"] = AssertionError("asked")
        await found.set_door(found.alice, hub, is_open=True)
        await found.set_door(found.bob, hub, is_open=False)
        await hub.doors.compare()
        await found.pair.settle()
        assert found.pair.registry.failing


# ---- Over a real Redis ---------------------------------------------------------------------------


@asynccontextmanager
async def hub_at(url: str) -> AsyncIterator[Hub]:
    """That of a process, which learns of others by hints alone from when it has begun."""
    async with AsyncExitStack() as stack:
        client, layer = connect(url), PubSubLayer([pool_options(url)], "doors:")
        stack.push_async_callback(client.aclose)
        stack.push_async_callback(layer.flush)
        hub = Hub(Platform.build(), RedisRegistry(client), layer)
        stack.push_async_callback(hub.stop)
        await hub.start()
        yield hub


async def test_over_redis_a_hint_tells_other_processes_of_a_door(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Background, "_round", never)
    async with hub_at(redis_url) as first, hub_at(redis_url) as second:
        alice, bob = [
            PageSocket(await person(first.registry, name, place), Page())
            for name, place in (("Alice", HERE), ("Bob", BESIDE))
        ]
        await first.join(alice, None)
        await second.join(bob, None)

        def open_for_bob() -> list[bool]:
            shown = second.broadcaster.nearby(HERE).shown
            return [one.is_open for one in shown if one.person.name == "Alice"]

        async with deadline("the first process to know the second"):
            while first.leases.alone:
                await turns(1)
        for is_open in (True, False):
            first.set_door(alice.person.person_id, is_open=is_open)
            async with deadline(f"a door that is open: {is_open}"):
                while open_for_bob() != [is_open]:
                    await turns(1)
