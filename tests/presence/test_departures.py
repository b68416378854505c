"""Who leaves when their last socket is gone, and who does not."""

import asyncio

import pytest

from neartalk.codes import Refused
from presence.geo import tile_of
from presence.hub.departures import DEPART_AGAIN_S, LINGER_S, Departures
from presence.hub.presence_broadcaster import PEOPLE_S, SOON_S
from presence.values import Session
from tests.presence.process_pair import ProcessPair, process_pair
from tests.support.processes import BESIDE, HERE, LoopClock, PageSocket, Stop, person


async def listed(pair: ProcessPair) -> list[str]:
    found = await pair.registry.people([tile_of(HERE.cell)])
    return [one.name for one in found[tile_of(HERE.cell)].people.values()]


async def two_that_arrive(pair: ProcessPair, session: Session) -> list[tuple[PageSocket, Stop]]:
    """Two sockets of one person, and the stops at which their arrivals wait in the store."""
    sockets = []
    for _ in range(2):
        stop = pair.registry.stop("before", "place")
        socket = await pair.first.begin_join(session)
        await stop.arrived()
        sockets.append((socket, stop))
    return sockets


async def test_whoever_closes_one_of_two_sockets_that_arrive_stays() -> None:
    async with process_pair() as pair:
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        session = await person(pair.registry, "Alice", HERE)
        time = LoopClock()
        (one, first), (other, second) = await two_that_arrive(pair, session)
        one.task.cancel()
        pair.first.hub.exit(one)
        assert not pair.first.hub.departures.timers
        for stop in (first, second):
            stop.open.set()
        await other.task
        await pair.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]
        shown = len(bob.page.people_frames)
        await time.pass_s(LINGER_S + 1)
        await pair.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]
        assert len(bob.page.people_frames) == shown


async def test_whoever_closes_both_sockets_that_arrive_leaves_once() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        time = LoopClock()
        both = await two_that_arrive(pair, session)
        for socket, stop in both:
            socket.task.cancel()
            stop.open.set()
            pair.first.hub.exit(socket)
        assert len(pair.first.hub.departures.timers) == 1
        assert not pair.first.hub.departures.arriving
        await time.pass_s(LINGER_S + 1)
        await pair.settle()
        assert not pair.first.hub.departures.timers


async def test_an_arrival_that_the_store_refuses_leaves_nobody_expected() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        await pair.first.hub.start()
        pair.registry.failing["place"] = Refused("store-unavailable")
        socket = await pair.first.begin_join(session)
        with pytest.raises(Refused):
            await socket.task
        assert not pair.first.hub.departures.arriving


async def test_a_departure_that_the_store_does_not_take_happens_later() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        time = LoopClock()
        pair.first.hub.exit(alice)
        pair.registry.failing["depart"] = Refused("store-unavailable")
        await time.pass_s(LINGER_S + 0.1)
        await pair.settle()
        assert await listed(pair) == ["Alice"]
        await time.pass_s(DEPART_AGAIN_S + 0.1)
        await pair.settle()
        assert await listed(pair) == []


async def test_a_departure_that_failed_is_forgotten_when_its_person_is_back() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        alice = await pair.first.join(session)
        time = LoopClock()
        pair.first.hub.exit(alice)
        stop = pair.registry.stop("before", "depart")
        pair.registry.failing["depart"] = Refused("store-unavailable")
        await time.pass_s(LINGER_S + 0.1)
        await stop.arrived()
        await pair.first.join(session)
        stop.open.set()
        await pair.settle()
        await time.pass_s(DEPART_AGAIN_S + 0.1)
        await pair.settle()
        assert await listed(pair) == ["Alice"]


async def test_a_new_timer_takes_the_place_of_the_one_before() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        departures, loop_time = Departures(), LoopClock()
        fired: list[int] = []
        for number in (1, 2):
            timer = asyncio.get_running_loop().call_later(1, fired.append, number)
            departures.schedule(alice.person, timer)
        await loop_time.pass_s(2)
        assert fired == [2]
