"""The tiles that a process watches: when they begin, how they are kept current, when they go."""

import asyncio

import pytest

from presence.geo import tiles_within
from presence.hub.broadcaster import PEOPLE_S, SOON_S
from presence.hub.hints import PROCESSES, REJOIN_S
from tests.presence.town import town
from tests.support.hubs import AWAY, BESIDE, HERE, Stop, Time, person, turns


async def test_a_lost_hint_of_who_came_is_made_good_by_the_next_pulse() -> None:
    async with town() as place:
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        time = Time()
        place.wire.fate = lambda hint: 0
        await place.first.come(await person(place.registry, "Alice", HERE))
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []
        await place.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]


async def test_tiles_that_nobody_reaches_are_let_go_with_the_next_pulse() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        assert place.first.hub.subscriptions.tiles == tiles_within(*HERE)
        groups = {group for group, queues in place.wire.groups.items() if queues}
        everyone = place.first.hub.hints.group(PROCESSES)
        assert groups == {everyone, *(f"tile.{tile}" for tile in tiles_within(*HERE))}
        place.first.hub.exit(alice)
        await place.first.poll()
        assert place.first.hub.subscriptions.tiles == set()
        assert {group for group, queues in place.wire.groups.items() if queues} == {everyone}
        assert not place.first.hub.roster.versions


async def test_who_comes_while_their_tiles_are_let_go_hears_everything() -> None:
    async with town() as place:
        session = await person(place.registry, "Bob", BESIDE)
        gone = await place.second.come(session)
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        await place.settle()
        place.second.hub.exit(gone)
        assert place.second.layer
        stop = place.second.layer.stops["group_discard"] = Stop()
        pulse = asyncio.create_task(place.second.hub._pulse())
        await stop.arrived()
        bob = await place.second.knock(session)
        await turns()
        stop.open.set()
        await pulse
        await bob.task
        await place.first.say(alice, "hello")
        await place.settle()
        assert bob.page.texts == ["hello"]


async def test_who_comes_into_tiles_that_are_watched_waits_for_nobody() -> None:
    async with town() as place:
        assert place.first.layer
        await place.first.come(await person(place.registry, "Alice", HERE))
        await place.settle()
        stop = place.first.layer.stops["group_add"] = Stop()
        far = await place.first.knock(await person(place.registry, "Charlie", AWAY))
        await stop.arrived()
        bob = await place.first.come(await person(place.registry, "Bob", HERE))
        assert bob.page.names == ["Alice"]
        assert not far.task.done()
        stop.open.set()
        await far.task


@pytest.mark.parametrize("why", [ConnectionError, RuntimeError])
async def test_who_comes_where_a_host_of_the_layer_is_away_is_told_by_polls(
    why: type[Exception],
) -> None:
    async with town() as place:
        assert place.second.layer
        alice = await place.first.come(await person(place.registry, "Alice", HERE))

        async def lost(group: str, channel: str) -> None:
            raise why

        adds, place.second.layer.group_add = place.second.layer.group_add, lost  # type: ignore[method-assign]
        time = Time()
        bob = await place.second.come(await person(place.registry, "Bob", HERE))
        await place.first.say(alice, "nobody was told")
        await turns()
        assert bob.page.texts == []
        await place.second.hub._pulse()
        assert bob.page.texts == ["nobody was told"]
        place.second.layer.group_add = adds  # type: ignore[method-assign]
        await time.pass_s(REJOIN_S)
        await place.first.say(alice, "told again")
        await place.settle()
        assert bob.page.texts == ["nobody was told", "told again"]
