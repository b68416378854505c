"""Who leaves when their last socket is gone, and who does not."""

import asyncio

import pytest

from neartalk.codes import Refused
from presence.geo import tile_of
from presence.hub.broadcaster import PEOPLE_S, SOON_S
from presence.hub.departures import DEPART_AGAIN_S, LINGER_S, Departures
from presence.people import Session
from tests.presence.process_pair import ProcessPair, process_pair
from tests.support.processes import BESIDE, HERE, LoopClock, Seat, Stop, person


async def listed(place: ProcessPair) -> list[str]:
    found = await place.registry.people([tile_of(HERE.cell)])
    return [one.name for one in found[tile_of(HERE.cell)].people.values()]


async def two_that_arrive(place: ProcessPair, session: Session) -> list[tuple[Seat, Stop]]:
    """Two sockets of one person, and the stops at which their arrivals wait in the store."""
    seats = []
    for _ in range(2):
        stop = place.registry.stop("before", "place")
        seat = await place.first.knock(session)
        await stop.arrived()
        seats.append((seat, stop))
    return seats


async def test_whoever_closes_one_of_two_sockets_that_arrive_stays() -> None:
    async with process_pair() as place:
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        session = await person(place.registry, "Alice", HERE)
        time = LoopClock()
        (one, first), (other, second) = await two_that_arrive(place, session)
        one.task.cancel()
        place.first.hub.exit(one)
        assert not place.first.hub.departures.timers
        for stop in (first, second):
            stop.open.set()
        await other.task
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]
        shown = len(bob.page.all("people"))
        await time.pass_s(LINGER_S + 1)
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]
        assert len(bob.page.all("people")) == shown


async def test_whoever_closes_both_sockets_that_arrive_leaves_once() -> None:
    async with process_pair() as place:
        session = await person(place.registry, "Alice", HERE)
        time = LoopClock()
        both = await two_that_arrive(place, session)
        for seat, stop in both:
            seat.task.cancel()
            stop.open.set()
            place.first.hub.exit(seat)
        assert len(place.first.hub.departures.timers) == 1
        assert not place.first.hub.departures.arriving
        await time.pass_s(LINGER_S + 1)
        await place.settle()
        assert not place.first.hub.departures.timers


async def test_an_arrival_that_the_store_refuses_leaves_nobody_expected() -> None:
    async with process_pair() as place:
        session = await person(place.registry, "Alice", HERE)
        await place.first.hub.start()
        place.registry.failing["place"] = Refused("store-unavailable")
        seat = await place.first.knock(session)
        with pytest.raises(Refused):
            await seat.task
        assert not place.first.hub.departures.arriving


async def test_a_departure_that_the_store_does_not_take_happens_later() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        time = LoopClock()
        place.first.hub.exit(alice)
        place.registry.failing["depart"] = Refused("store-unavailable")
        await time.pass_s(LINGER_S + 0.1)
        await place.settle()
        assert await listed(place) == ["Alice"]
        await time.pass_s(DEPART_AGAIN_S + 0.1)
        await place.settle()
        assert await listed(place) == []


async def test_a_departure_that_failed_is_forgotten_when_its_person_is_back() -> None:
    async with process_pair() as place:
        session = await person(place.registry, "Alice", HERE)
        alice = await place.first.come(session)
        time = LoopClock()
        place.first.hub.exit(alice)
        stop = place.registry.stop("before", "depart")
        place.registry.failing["depart"] = Refused("store-unavailable")
        await time.pass_s(LINGER_S + 0.1)
        await stop.arrived()
        await place.first.come(session)
        stop.open.set()
        await place.settle()
        await time.pass_s(DEPART_AGAIN_S + 0.1)
        await place.settle()
        assert await listed(place) == ["Alice"]


async def test_a_new_timer_takes_the_place_of_the_one_before() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        departures, loop_time = Departures(), LoopClock()
        fired: list[int] = []
        for number in (1, 2):
            timer = asyncio.get_running_loop().call_later(1, fired.append, number)
            departures.schedule(alice.person, timer)
        await loop_time.pass_s(2)
        assert fired == [2]
