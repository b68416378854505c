"""Which processes live: what their people stand on."""

import pytest

from neartalk.codes import Refused
from presence.geo import tile_of
from presence.hub.broadcaster import PEOPLE_S, SOON_S
from presence.registry import LEASE_MS
from tests.presence.process_pair import process_pair
from tests.support.processes import BESIDE, HERE, LoopClock, person


async def test_a_dead_process_takes_its_people_with_it() -> None:
    async with process_pair() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        assert bob.page.names == ["Alice"]
        time = LoopClock()
        await place.first.hub.stop()
        place.now_ms += LEASE_MS + 1
        await place.second.hub.leases.renew()
        await place.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []
        await place.second.hub.rounds.reap()
        found = await place.registry.people([tile_of(HERE.cell)])
        assert [one.name for one in found[tile_of(HERE.cell)].people.values()] == []


async def test_a_process_whose_lease_ran_out_renews_it_with_its_next_pulse() -> None:
    async with process_pair() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        place.now_ms += LEASE_MS + 1
        assert place.first.hub.process not in (await place.registry.status(())).processes
        await place.first.poll()
        assert place.first.hub.process in (await place.registry.status(())).processes


async def test_processes_have_a_lease_s_time_to_renew_theirs_after_a_restart() -> None:
    async with process_pair() as place:
        for process in (place.first, place.second):
            await process.come(await person(place.registry, process.hub.process, HERE))
        await place.settle()
        await place.first.poll()
        both = {place.first.hub.process, place.second.hub.process}
        place.registry.store.__init__(lambda: place.now_ms)
        await place.first.poll()
        place.now_ms += LEASE_MS - 1
        await place.first.hub.leases.renew()
        await place.first.poll()
        assert place.first.hub.leases.processes == both
        place.now_ms += 1
        await place.first.poll()
        assert place.first.hub.leases.processes == {place.first.hub.process}


async def test_a_process_that_ends_leaves_its_people_the_time_of_a_whole_lease() -> None:
    async with process_pair() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        place.now_ms += LEASE_MS - 1
        await place.first.hub.finish()
        place.now_ms += LEASE_MS - 1
        assert place.first.hub.process in (await place.registry.status(())).processes


async def test_who_died_is_noticed_though_the_own_lease_could_not_be_renewed() -> None:
    async with process_pair() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        time = LoopClock()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]
        place.now_ms += LEASE_MS + 1  # both leases ran out
        place.registry.failing["renew"] = Refused("store-unavailable")
        with pytest.raises(Refused):
            await place.second.hub.rounds.pulse()
        await place.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []
