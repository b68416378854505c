"""Sockets and the registry are brought in line, whatever happened elsewhere."""

import pytest

from neartalk.codes import CODES
from presence.geo import tile_of
from presence.hub.presence_broadcaster import PEOPLE_S, SOON_S
from presence.registry import LEASE_MS
from tests.presence.process_pair import process_pair
from tests.support.processes import AWAY, BESIDE, HERE, LoopClock, person


async def test_who_leaves_elsewhere_while_their_socket_comes_is_told_that_they_left() -> None:
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        await pair.second.join(await person(pair.registry, "Carol", BESIDE))
        await pair.settle()
        alice = await person(pair.registry, "Alice", HERE)
        stop = pair.registry.stop("after", "place")
        socket = await pair.first.begin_join(alice)
        await stop.arrived()
        change = await pair.registry.close(alice.digest)
        assert change
        pair.second.hub.announce(change)
        await pair.settle()
        stop.open.set()
        await socket.task
        await pair.settle()
        assert [frame["code"] for frame in socket.page.all("error")] == ["left"]
        assert socket.page.closed == CODES["left"].close


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
async def test_a_process_claims_back_who_was_taken_out_wrongly(told: bool) -> None:
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        await pair.settle()
        time = LoopClock()
        pair.now_ms += LEASE_MS + 1  # the first process was held up for longer than its lease
        await pair.second.hub.leases.renew()
        await pair.second.poll()
        pair.wire.fate = lambda hint: int(told)
        await pair.second.hub.rounds.reap()
        await pair.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == (["Alice"] if told else [])
        found = await pair.registry.people([tile_of(HERE.cell)])
        assert bool(found[tile_of(HERE.cell)].people) == told
        await pair.first.poll()
        await pair.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]


async def test_who_left_on_another_process_is_sent_away_here() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        alice = await pair.first.join(session)
        change = await pair.registry.close(session.digest)
        assert change
        await pair.second.hub.start()
        pair.second.hub.announce(change)
        await pair.settle()
        assert alice.page.closed == CODES["left"].close


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
async def test_who_moved_through_another_process_is_followed_here(told: bool) -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        alice = await pair.first.join(session)
        charlie = await pair.second.join(await person(pair.registry, "Charlie", AWAY))
        await pair.second.send_text(charlie, "far away")
        await pair.settle()
        pair.wire.fate = lambda hint: int(told)
        change = await pair.registry.place(session.digest, AWAY, pair.first.hub.process)
        pair.second.hub.announce(change)
        await pair.settle()
        if not told:
            await pair.first.poll()
        assert alice.place == AWAY
        assert alice.page.texts == ["far away"]
