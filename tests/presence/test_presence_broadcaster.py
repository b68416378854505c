"""Who is shown to whom, and how often."""

import pytest

from presence.delivery import Form, Frame, panel
from presence.geo import cell_at
from presence.hub.presence_broadcaster import PEOPLE_S, SOON_S
from presence.registry import LEASE_MS
from presence.roster import ListingChange
from presence.values import HTTP_ONLY_MS, Place
from tests.presence.process_pair import ProcessPair, process_pair
from tests.support.processes import AWAY, BESIDE, HERE, LoopClock, PageSocket, person


async def test_the_list_is_sent_at_most_every_five_seconds_and_only_if_it_changed() -> None:
    async with process_pair() as pair:
        bob = await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        time = LoopClock()
        await time.pass_s(SOON_S + 0.01)
        await time.pass_s(PEOPLE_S + SOON_S)
        bob.page.frames.clear()
        for name in ("Alice", "Ana"):
            await pair.first.join(await person(pair.registry, name, HERE))
        await time.pass_s(SOON_S + 0.01)
        assert len(bob.page.people_frames) == 1
        assert sorted(bob.page.names) == ["Alice", "Ana"]
        carl = await pair.first.join(await person(pair.registry, "Carl", HERE))
        await time.pass_s(PEOPLE_S - 0.1)
        assert len(bob.page.people_frames) == 1
        await time.pass_s(0.2)
        assert sorted(bob.page.names) == ["Alice", "Ana", "Carl"]
        hub = pair.first.hub
        for radius_m in (600, 500):  # moves nobody can tell from the list
            hub.announce(
                await pair.registry.place(
                    carl.session.digest, Place(HERE.cell, radius_m), hub.process
                )
            )
        await pair.settle()
        await time.pass_s(PEOPLE_S + 0.1)
        assert len(bob.page.people_frames) == 2


async def test_who_says_again_where_they_are_makes_nobody_look() -> None:
    async with process_pair() as pair:
        bob = await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        time, hub = LoopClock(), pair.first.hub
        await time.pass_s(PEOPLE_S + SOON_S)
        groups = [hub.audience.cohorts[one.place, one.form] for one in (alice, bob)]

        async def act(to: Place) -> None:
            change = await pair.registry.place(alice.session.digest, to, hub.process)
            hub.announce(change)
            await pair.settle()

        await act(HERE)
        assert not any(group.people_timer for group in groups)
        await act(Place(HERE.cell, HERE.radius_m + 100))
        assert groups[1].people_timer


async def shown_to_bob(pair: ProcessPair) -> tuple[PageSocket, LoopClock]:
    """Bob at the first process, who sees Alice: she has no socket, so a minute at a time."""
    bob, time = await pair.first.join(await person(pair.registry, "Bob", BESIDE)), LoopClock()
    await pair.first.poll()
    await time.pass_s(PEOPLE_S + SOON_S)
    assert bob.page.names == ["Alice"]
    return bob, time


async def test_who_is_taken_out_before_their_end_was_seen_is_gone_from_all_lists() -> None:
    async with process_pair() as pair:
        await person(pair.registry, "Alice", HERE)
        bob, time = await shown_to_bob(pair)
        pair.now_ms += HTTP_ONLY_MS + 1
        await pair.first.hub.rounds.reap()
        await pair.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_who_leaves_after_their_minute_is_gone_from_all_lists() -> None:
    async with process_pair() as pair:
        alice = await person(pair.registry, "Alice", HERE)
        bob, time = await shown_to_bob(pair)
        pair.now_ms += HTTP_ONLY_MS + 1
        change = await pair.registry.close(alice.digest)
        assert change
        pair.first.hub.announce(change)
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_who_lapsed_while_the_store_was_away_is_gone_from_all_lists() -> None:
    async with process_pair() as pair:
        await person(pair.registry, "Alice", HERE)
        bob, time = await shown_to_bob(pair)
        pair.now_ms += HTTP_ONLY_MS + 10_000
        await pair.first.hub.leases.renew()
        await pair.first.poll()
        await pair.first.hub.rounds.reap()
        await pair.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_whom_a_process_that_is_back_from_the_dead_holds_are_on_all_lists_again() -> None:
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        # In a tile that Bob watches, and out of range of him.
        far = Place(cell_at(52.52, 13.4075), 100)
        carol = await pair.first.join(await person(pair.registry, "Carol", far))
        bob = await pair.second.join(await person(pair.registry, "Bob", HERE))
        await pair.settle()
        time = LoopClock()
        pair.now_ms += LEASE_MS + 1
        await pair.second.hub.leases.renew()
        await pair.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []
        await pair.first.hub.leases.renew()
        renamed = await pair.registry.rename(carol.session.digest, "Caroline")
        pair.first.hub.announce(renamed)
        await pair.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]


async def test_who_comes_sees_who_is_here_at_once() -> None:
    async with process_pair() as pair:
        await pair.second.join(await person(pair.registry, "Alice", HERE))
        await pair.settle()
        bob = await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        assert bob.page.kinds[:2] == ["welcome", "people"]
        assert bob.page.names == ["Alice"]


async def test_people_far_apart_never_appear_to_each_other() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        charlie = await pair.second.join(await person(pair.registry, "Charlie", AWAY))
        await pair.settle()
        time = LoopClock()
        await time.pass_s(2 * PEOPLE_S)
        assert alice.page.names == charlie.page.names == []


async def test_a_list_asked_for_on_the_way_elsewhere_is_not_that_of_the_place_before() -> None:
    async with process_pair() as pair:
        await pair.second.join(await person(pair.registry, "Carol", AWAY))
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.first.join(await person(pair.registry, "Bob", HERE))
        await pair.settle()
        hub, stop = pair.first.hub, pair.registry.stop("before", "people")
        hub.announce(await pair.registry.place(alice.session.digest, AWAY, hub.process))
        await stop.arrived()
        told = len(alice.page.people_frames)
        hub.repeat_people(alice)
        assert len(alice.page.people_frames) == told
        stop.open.set()
        await pair.settle()
        assert [one["type"] for one in alice.page.people_frames[told:]] == ["people"]
        hub.repeat_people(alice)
        assert alice.page.names == ["Carol"]


async def test_a_change_is_rendered_once_for_all_and_tells_nobody_of_themselves() -> None:
    async with process_pair() as pair:
        readers = [
            await pair.first.join(await person(pair.registry, f"Reader {turn}", HERE))
            for turn in range(6)
        ]
        time, hub = LoopClock(), pair.first.hub
        await time.pass_s(2 * PEOPLE_S)
        cohort = hub.audience.cohorts[HERE, readers[0].form]
        assert not cohort.apart
        with pytest.MonkeyPatch.context() as patch:
            rendered: list[int] = []
            render = panel.people_changed

            def counted(form: Form, version: int, change: ListingChange) -> Frame:
                rendered.append(version)
                return render(form, version, change)

            patch.setattr(panel, "people_changed", counted)
            renamed = await pair.registry.rename(readers[0].session.digest, "Renamed")
            hub.announce(renamed)
            await time.pass_s(PEOPLE_S + SOON_S)
        assert len(rendered) == 2  # for all others, and for the one it is about
        assert not cohort.apart
        names = {f"Reader {turn}" for turn in range(1, 6)}
        assert {*readers[0].page.names} == names
        for turn, one in enumerate(readers[1:], 1):
            assert {*one.page.names} == names - {f"Reader {turn}"} | {"Renamed"}
            assert one.page.listing.count == 5
