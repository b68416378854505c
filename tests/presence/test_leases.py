"""The leases of processes: who is alive, and what becomes of the people of a dead process."""

import pytest

from neartalk.codes import Refused
from presence.geo import tile_of
from presence.hub.presence_broadcaster import PEOPLE_S, SOON_S
from presence.registry import LEASE_MS
from tests.presence.process_pair import process_pair
from tests.support.processes import BESIDE, HERE, LoopClock, person


async def test_a_dead_process_takes_its_people_with_it() -> None:
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        await pair.settle()
        assert bob.page.names == ["Alice"]
        time = LoopClock()
        await pair.first.hub.stop()
        pair.now_ms += LEASE_MS + 1
        await pair.second.hub.leases.renew()
        await pair.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []
        await pair.second.hub.rounds.reap()
        found = await pair.registry.people([tile_of(HERE.cell)])
        assert [one.name for one in found[tile_of(HERE.cell)].people.values()] == []


async def test_a_process_whose_lease_ran_out_renews_it_with_its_next_pulse() -> None:
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        pair.now_ms += LEASE_MS + 1
        assert pair.first.hub.process not in (await pair.registry.status(())).processes
        await pair.first.poll()
        assert pair.first.hub.process in (await pair.registry.status(())).processes


async def test_processes_have_a_lease_s_time_to_renew_theirs_after_a_restart() -> None:
    async with process_pair() as pair:
        for process in (pair.first, pair.second):
            await process.join(await person(pair.registry, process.hub.process, HERE))
        await pair.settle()
        await pair.first.poll()
        both = {pair.first.hub.process, pair.second.hub.process}
        pair.registry.store.__init__(lambda: pair.now_ms)
        await pair.first.poll()
        pair.now_ms += LEASE_MS - 1
        await pair.first.hub.leases.renew()
        await pair.first.poll()
        assert pair.first.hub.leases.processes == both
        pair.now_ms += 1
        await pair.first.poll()
        assert pair.first.hub.leases.processes == {pair.first.hub.process}


async def test_a_process_that_ends_leaves_its_people_the_time_of_a_whole_lease() -> None:
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        pair.now_ms += LEASE_MS - 1
        await pair.first.hub.finish()
        pair.now_ms += LEASE_MS - 1
        assert pair.first.hub.process in (await pair.registry.status(())).processes


async def test_who_died_is_noticed_though_the_own_lease_could_not_be_renewed() -> None:
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        await pair.settle()
        time = LoopClock()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]
        pair.now_ms += LEASE_MS + 1  # both leases ran out
        pair.registry.failing["renew"] = Refused("store-unavailable")
        with pytest.raises(Refused):
            await pair.second.hub.rounds.pulse()
        await pair.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


@pytest.mark.parametrize("set_ms", [-600_000, 600_000], ids=["back", "forward"])
async def test_a_clock_that_was_set_takes_nobody_out_and_keeps_no_dead_process(
    set_ms: int,
) -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        for process in (pair.first, pair.second):
            await process.poll()
        time = LoopClock()
        # The clocks of the processes stay as they are: only the store's is set.
        store = pair.registry.store
        store.clock = store.sessions.clock = store.leases.clock = lambda: pair.now_ms + set_ms
        for _ in range(2):
            await pair.first.poll()
            await pair.second.poll()
        both = {pair.first.hub.process, pair.second.hub.process}
        assert pair.first.hub.leases.processes == pair.second.hub.leases.processes == both
        await pair.second.hub.rounds.reap()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert (alice.page.names, bob.page.names) == (["Bob"], ["Alice"])
        assert not alice.page.all("error")
        # Now the first dies, and its lease of before says that it lives for ten more minutes.
        pair.now_ms += LEASE_MS + 1
        await pair.second.hub.leases.renew()
        await pair.second.poll()
        assert pair.second.hub.leases.processes == {pair.second.hub.process}


async def test_a_clock_that_was_set_back_begins_an_epoch_in_which_marks_mean_something() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.first.send_text(alice, "before")
        await pair.first.poll()
        epoch = pair.first.hub.leases.epoch
        pair.now_ms -= 600_000
        await pair.first.poll()
        await pair.first.send_text(alice, "after")
        await pair.first.poll()
        await alice.page.until(lambda: len(alice.page.texts) > 1)
        assert alice.page.texts == ["before", "after"]
        assert pair.first.hub.leases.epoch != epoch
        assert alice.page.all("mark")[-1]["mark"] <= pair.now_ms
        assert not alice.page.all("error")


async def test_whoever_calls_without_a_socket_is_shown_a_minute_though_the_clock_was_set_back() -> (
    None
):
    async with process_pair() as pair:
        await person(pair.registry, "Alice", HERE)
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        time = LoopClock()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]
        pair.now_ms -= 600_000
        await pair.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []
