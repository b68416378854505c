"""Sockets and the registry are brought in line, whatever happened elsewhere."""

import pytest

from neartalk.codes import CODES
from presence.geo import tile_of
from presence.hub.effects import Republish
from presence.hub.presence_broadcaster import PEOPLE_S, SOON_S
from presence.registry import LEASE_MS
from presence.values import HTTP_ONLY_MS
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


async def test_who_moves_while_they_are_listed_anew_is_not_taken_back() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        alice = await pair.first.join(session)
        await pair.settle()
        stop = pair.registry.stop("after", "get")
        pair.first.hub.runner.run([Republish(alice)])
        await stop.arrived()
        pair.second.hub.announce(
            await pair.registry.place(session.digest, AWAY, pair.first.hub.process)
        )
        stop.open.set()
        await pair.settle()
        known = await pair.registry.find(session.person.person_id)
        assert known
        assert known.person.place == alice.place == AWAY


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


async def test_of_two_changes_announced_in_reverse_order_the_later_one_holds() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        alice = await pair.first.join(session)
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        await pair.settle()
        time = LoopClock()
        renamed = await pair.registry.rename(session.digest, "Alicia")
        moved = await pair.registry.place(session.digest, AWAY, pair.first.hub.process)
        back = await pair.registry.place(session.digest, BESIDE, pair.first.hub.process)
        again = await pair.registry.rename(session.digest, "Ali")
        for change in (again, back, moved, renamed):
            pair.first.hub.announce(change)
        assert alice.person.version == again.session.person.version
        await pair.settle()
        assert (alice.person.name, alice.place) == ("Ali", BESIDE)
        assert [one["username"] for one in alice.page.all("welcome")] == ["Alice", "Ali"]
        await time.pass_s(PEOPLE_S + SOON_S)
        await pair.settle()
        assert bob.page.names == ["Ali"]


async def test_a_visitor_without_a_socket_leaves_lists_at_the_pulse_after_their_minute() -> None:
    """Nothing else tells of it; the burial, up to 30 s later, only tidies up."""
    async with process_pair() as pair:
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        await pair.settle()
        time = LoopClock()
        alice = await person(pair.registry, "Alice", HERE)
        pair.second.hub.announce(await pair.registry.place(alice.digest, HERE, ""))

        async def pass_ms(count: int) -> None:
            pair.now_ms += count
            await pair.second.hub.leases.renew()
            await pair.second.poll()
            await time.pass_s(PEOPLE_S + SOON_S)
            await pair.settle()

        await pass_ms(1)
        assert bob.page.names == ["Alice"]
        for _ in range(HTTP_ONLY_MS // 10_000 - 1):
            await pass_ms(10_000)
        await pass_ms(9_998)
        assert bob.page.names == ["Alice"]
        await pass_ms(2)
        assert bob.page.names == []
        found = await pair.registry.people([tile_of(HERE.cell)])
        assert alice.person.person_id in found[tile_of(HERE.cell)].people, "not buried yet"
