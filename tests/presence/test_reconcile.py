"""Sockets and the registry are brought in line, whatever happened elsewhere."""

import pytest

from neartalk.codes import CODES
from presence.geo import tile_of
from presence.hub.broadcaster import PEOPLE_S, SOON_S
from presence.registry import LEASE_MS
from tests.presence.process_pair import process_pair
from tests.support.processes import AWAY, BESIDE, HERE, LoopClock, person


async def test_who_leaves_elsewhere_while_their_socket_comes_is_told_that_they_left() -> None:
    async with process_pair() as place:
        await place.first.come(await person(place.registry, "Bob", BESIDE))
        await place.second.come(await person(place.registry, "Carol", BESIDE))
        await place.settle()
        alice = await person(place.registry, "Alice", HERE)
        stop = place.registry.stop("after", "place")
        seat = await place.first.knock(alice)
        await stop.arrived()
        change = await place.registry.close(alice.digest)
        assert change
        place.second.hub.announce(change)
        await place.settle()
        stop.open.set()
        await seat.task
        await place.settle()
        assert [frame["code"] for frame in seat.page.all("error")] == ["left"]
        assert seat.page.closed == CODES["left"].close


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
async def test_a_process_claims_back_who_was_taken_out_wrongly(told: bool) -> None:
    async with process_pair() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        time = LoopClock()
        place.now_ms += LEASE_MS + 1  # the first process was held up for longer than its lease
        await place.second.hub.leases.renew()
        await place.second.poll()
        place.wire.fate = lambda hint: int(told)
        await place.second.hub.rounds.reap()
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == (["Alice"] if told else [])
        found = await place.registry.people([tile_of(HERE.cell)])
        assert bool(found[tile_of(HERE.cell)].people) == told
        await place.first.poll()
        await place.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]


async def test_who_left_on_another_process_is_sent_away_here() -> None:
    async with process_pair() as place:
        session = await person(place.registry, "Alice", HERE)
        alice = await place.first.come(session)
        change = await place.registry.close(session.digest)
        assert change
        await place.second.hub.start()
        place.second.hub.announce(change)
        await place.settle()
        assert alice.page.closed == CODES["left"].close


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
async def test_who_moved_through_another_process_is_followed_here(told: bool) -> None:
    async with process_pair() as place:
        session = await person(place.registry, "Alice", HERE)
        alice = await place.first.come(session)
        charlie = await place.second.come(await person(place.registry, "Charlie", AWAY))
        await place.second.send_text(charlie, "far away")
        await place.settle()
        place.wire.fate = lambda hint: int(told)
        change = await place.registry.place(session.digest, AWAY, place.first.hub.process)
        place.second.hub.announce(change)
        await place.settle()
        if not told:
            await place.first.poll()
        assert alice.place == AWAY
        assert alice.page.texts == ["far away"]
