"""The tiles that a process is subscribed to: how they begin, are kept current, and end."""

import asyncio
from collections.abc import Iterable

import pytest

from neartalk.codes import Refused
from neartalk.redis import TIMEOUT_S
from presence.geo import Tile, tiles_within
from presence.hub.groups import REJOIN_S
from presence.hub.hints import PROCESSES
from presence.hub.presence_broadcaster import PEOPLE_S, SOON_S
from presence.hub.source import NullSource
from presence.hub.subscriptions import TileSubscriptions
from tests.presence.process_pair import ProcessPair, process_pair
from tests.support.processes import AWAY, BESIDE, HERE, LoopClock, Stop, person, turns


async def test_a_lost_hint_of_who_came_is_made_good_by_the_next_pulse() -> None:
    async with process_pair() as pair:
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        time = LoopClock()
        pair.wire.fate = lambda hint: 0
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []
        await pair.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]


async def test_tiles_that_nobody_reaches_are_let_go_with_the_next_pulse() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        assert pair.first.hub.subscriptions.tiles == tiles_within(*HERE.circle)
        groups = {group for group, queues in pair.wire.groups.items() if queues}
        everyone = pair.first.hub.hints.group(PROCESSES)
        assert groups == {everyone, *(f"tile.{tile}" for tile in tiles_within(*HERE.circle))}
        pair.first.hub.exit(alice)
        await pair.first.poll()
        assert pair.first.hub.subscriptions.tiles == set()
        assert {group for group, queues in pair.wire.groups.items() if queues} == {everyone}
        assert not pair.first.hub.roster.versions


async def test_who_comes_while_their_tiles_are_let_go_hears_everything() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Bob", BESIDE)
        gone = await pair.second.join(session)
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.settle()
        pair.second.hub.exit(gone)
        assert pair.second.layer
        stop = pair.second.layer.stops["group_discard"] = Stop()
        pulse = asyncio.create_task(pair.second.hub.rounds.pulse())
        await stop.arrived()
        bob = await pair.second.begin_join(session)
        await turns()
        stop.open.set()
        await pulse
        await bob.task
        await pair.first.send_text(alice, "hello")
        await pair.settle()
        assert bob.page.texts == ["hello"]


async def test_a_layer_that_hangs_while_tiles_are_let_go_holds_nobody_up_for_long() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Bob", BESIDE)
        gone = await pair.second.join(session)
        await pair.settle()
        pair.second.hub.exit(gone)
        assert pair.second.layer
        stop = pair.second.layer.stops["group_discard"] = Stop()
        time = LoopClock()
        pulse = asyncio.create_task(pair.second.hub.rounds.pulse())
        await stop.arrived()
        bob = await pair.second.begin_join(session)
        await time.pass_s(TIMEOUT_S)
        with pytest.raises(Refused, match="store-unavailable"):
            await pulse
        await bob.task
        assert bob.page.names == []
        assert pair.second.hub.subscriptions.tiles == tiles_within(*BESIDE.circle)


async def test_who_comes_into_tiles_that_are_watched_waits_for_nobody() -> None:
    async with process_pair() as pair:
        assert pair.first.layer
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.settle()
        stop = pair.first.layer.stops["group_add"] = Stop()
        far = await pair.first.begin_join(await person(pair.registry, "Charlie", AWAY))
        await stop.arrived()
        bob = await pair.first.join(await person(pair.registry, "Bob", HERE))
        assert bob.page.names == ["Alice"]
        assert not far.task.done()
        stop.open.set()
        await far.task


@pytest.mark.parametrize("why", [ConnectionError, RuntimeError])
async def test_who_comes_where_a_host_of_the_layer_is_away_is_told_by_polls(
    why: type[Exception],
) -> None:
    async with process_pair() as pair:
        assert pair.second.layer
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))

        async def lost(group: str, channel: str) -> None:
            raise why

        adds, pair.second.layer.group_add = pair.second.layer.group_add, lost  # type: ignore[method-assign]
        time = LoopClock()
        bob = await pair.second.join(await person(pair.registry, "Bob", HERE))
        await pair.first.send_text(alice, "nobody was told")
        await turns()
        assert bob.page.texts == []
        await pair.second.hub.rounds.pulse()
        assert bob.page.texts == ["nobody was told"]
        pair.second.layer.group_add = adds  # type: ignore[method-assign]
        await time.pass_s(REJOIN_S)
        await pair.first.send_text(alice, "told again")
        await pair.settle()
        assert bob.page.texts == ["nobody was told", "told again"]


# ---- What was begun and came to nothing ---------------------------------------------------------


class Follower(NullSource):
    """A source that fails, or waits, after it has begun to follow tiles."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.failure = failure
        self.followed: set[Tile] = set()
        self.stop = Stop()

    async def begin(self, tiles: Iterable[Tile]) -> None:
        self.followed.update(tiles)
        if self.failure:
            raise self.failure
        await self.stop.halt()

    def forget(self, tiles: Iterable[Tile]) -> None:
        self.followed.difference_update(tiles)


def held(pair: ProcessPair) -> set[str]:
    """The groups of tiles that anybody has joined."""
    groups = pair.wire.groups.items()
    return {group for group, queues in groups if queues and group.startswith("tile.u")}


@pytest.mark.parametrize("failure", [Refused("store-unavailable"), RuntimeError()])
async def test_tiles_whose_messages_could_not_be_read_are_released_with_the_next_pulse(
    failure: Exception,
) -> None:
    async with process_pair() as pair:
        hub, source = pair.first.hub, Follower(failure)
        hub.attach(source)
        alice = await pair.first.begin_join(await person(pair.registry, "Alice", HERE))
        with pytest.raises(type(failure)):
            await alice.task
        assert held(pair)
        assert hub.roster.versions
        hub.exit(alice)
        await hub.rounds.pulse()
        assert not held(pair)
        assert not hub.roster.versions
        assert not source.followed
        assert not hub.subscriptions.held


async def test_tiles_of_an_arrival_that_was_cut_off_are_released_with_the_next_pulse() -> None:
    async with process_pair() as pair:
        hub, source = pair.first.hub, Follower()
        hub.attach(source)
        alice = await pair.first.begin_join(await person(pair.registry, "Alice", HERE))
        await source.stop.arrived()
        alice.task.cancel()
        await turns()
        hub.exit(alice)
        await hub.rounds.pulse()
        assert not held(pair)
        assert not hub.roster.versions
        assert not source.followed


async def test_tiles_that_came_to_nothing_begin_again_for_the_next_who_comes() -> None:
    async with process_pair() as pair:
        feed, hub = pair.first.hub.runner.source, pair.first.hub
        hub.attach(Follower(Refused("store-unavailable")))
        alice = await pair.first.begin_join(await person(pair.registry, "Alice", HERE))
        with pytest.raises(Refused):
            await alice.task
        hub.attach(feed)
        bob = await pair.first.join(await person(pair.registry, "Bob", HERE))
        await pair.first.send_text(bob, "hello")
        assert bob.page.texts == ["hello"]
        assert hub.subscriptions.tiles == tiles_within(*HERE.circle)


async def test_a_group_that_could_not_be_left_is_left_with_the_next_pulse() -> None:
    async with process_pair() as pair:
        assert pair.first.layer
        hub = pair.first.hub
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        hub.exit(alice)

        async def lost(group: str, channel: str) -> None:
            raise ConnectionError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pair.first.layer, "group_discard", lost)
            with pytest.raises(Refused):
                await hub.rounds.pulse()
        assert held(pair)
        assert not hub.subscriptions.tiles
        await hub.rounds.pulse()
        assert not held(pair)
        assert not hub.subscriptions.held


def test_tiles_are_held_until_nothing_of_them_is_left() -> None:
    reached: dict[Tile, object] = {"u33db2": 1, "u33db3": 1}
    subscriptions = TileSubscriptions(reached)
    assert subscriptions.begin(["u33db2", "u33db3", "u33db8"]) == {"u33db2", "u33db3"}
    subscriptions.complete(["u33db2"])
    assert subscriptions.begin(["u33db2", "u33db3"]) == {"u33db3"}
    assert subscriptions.end() == set()
    reached.clear()
    assert subscriptions.end() == subscriptions.end() == {"u33db2", "u33db3"}
    assert subscriptions.tiles == set()
    subscriptions.forget({"u33db2", "u33db3"})
    assert subscriptions.end() == set()
