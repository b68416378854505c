"""Whoever is listed and not there, or elsewhere, is mended by comparing, whatever was lost."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from neartalk.codes import Refused
from presence.geo import tile_of
from presence.hub import anti_entropy
from presence.hub.anti_entropy import ROUNDS, turn_of
from presence.hub.departures import LINGER_S
from presence.hub.effects import Republish
from presence.hub.presence_broadcaster import PEOPLE_S, SOON_S
from presence.placement import put
from presence.registry import MemoryRegistry
from presence.values import Change, Person, Session
from tests.presence.process_pair import ProcessPair, process_pair
from tests.support.processes import AWAY, BESIDE, HERE, LoopClock, Page, PageSocket, person

LOST = Refused("store-unavailable")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is compared in each round."""
    monkeypatch.setattr(anti_entropy, "ROUNDS", 1)


async def listed(pair: ProcessPair) -> dict[str, list[str]]:
    """Who stands in the tiles of the places."""
    found = await pair.registry.people({tile_of(place.cell) for place in (HERE, BESIDE, AWAY)})
    names = {tile: [one.name for one in each.people.values()] for tile, each in found.items()}
    return {tile: sorted(each) for tile, each in names.items() if each}


async def compare(pair: ProcessPair, rounds: int = 4) -> None:
    """So many rounds of both processes as pass within a minute, at least."""
    for _ in range(rounds):
        for process in (pair.first, pair.second):
            await process.hub.anti_entropy.compare()
            await pair.settle()


async def arrived(pair: ProcessPair) -> tuple[Session, PageSocket, PageSocket]:
    """Alice at the first process, and Bob who sees her at the second."""
    alice = await person(pair.registry, "Alice", HERE)
    here = await pair.first.join(alice)
    bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
    await pair.settle()
    return alice, here, bob


async def test_everybody_with_a_socket_is_compared_once_in_three_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with process_pair() as pair:
        names = [f"Person {turn}" for turn in range(9)]
        for name in names:
            await pair.first.join(await person(pair.registry, name, HERE))
        asked: list[list[str]] = []
        persons = pair.first.hub.registry.persons

        async def note(ids: Iterable[str]) -> Any:
            asked[-1] += ids
            return await persons(ids)

        monkeypatch.setattr(pair.first.hub.registry, "persons", note)
        for _ in range(2 * ROUNDS):
            asked.append([])
            await pair.first.hub.anti_entropy._compare_sockets()
            pair.first.hub.anti_entropy.turn = (pair.first.hub.anti_entropy.turn + 1) % ROUNDS
        everybody = sorted(pair.first.hub.audience.sockets)
        for rounds in (asked[:ROUNDS], asked[ROUNDS:]):
            assert sorted(one for each in rounds for one in each) == everybody


async def test_who_is_held_without_a_socket_leaves() -> None:
    async with process_pair() as pair:
        alice, here, _bob = await arrived(pair)
        # The departure is lost together with all that would try it again.
        pair.first.hub.audience.exit(here)
        await compare(pair)
        assert listed_names(await listed(pair)) == ["Bob"]
        found = await pair.registry.get(alice.digest)
        assert found
        assert not found.person.process


async def test_who_is_held_by_a_process_that_does_not_see_their_tile_leaves() -> None:
    async with process_pair() as pair:
        ghost = await person(pair.registry, "Ghost", AWAY)
        await pair.first.hub.start()
        await pair.second.hub.start()
        await pair.registry.place(ghost.digest, None, pair.first.hub.process)
        assert listed_names(await listed(pair)) == ["Ghost"]
        await compare(pair)
        assert await listed(pair) == {}


async def test_who_arrives_or_waits_for_their_departure_is_left_alone() -> None:
    async with process_pair() as pair:
        _alice, here, _bob = await arrived(pair)
        LoopClock()
        pair.first.hub.exit(here)
        carol = await person(pair.registry, "Carol", HERE)
        stop = pair.registry.stop("after", "place")
        socket = await pair.first.begin_join(carol)
        await stop.arrived()
        for _ in range(3):
            await pair.first.hub.anti_entropy.compare()
        assert listed_names(await listed(pair)) == ["Alice", "Bob", "Carol"]
        stop.open.set()
        await socket.task
        await compare(pair)
        assert listed_names(await listed(pair)) == ["Alice", "Bob", "Carol"]


async def test_who_comes_between_two_rounds_stays() -> None:
    async with process_pair() as pair:
        alice, here, _bob = await arrived(pair)
        pair.first.hub.audience.exit(here)
        await pair.first.hub.anti_entropy.compare()
        assert pair.first.hub.anti_entropy.suspects == {alice.person.person_id}
        await pair.first.join(alice)
        await compare(pair)
        assert listed_names(await listed(pair)) == ["Alice", "Bob"]


async def test_who_stands_in_two_tiles_stands_in_their_own_alone() -> None:
    async with process_pair() as pair:
        alice, here, _bob = await arrived(pair)
        before = here.person
        change = await pair.registry.place(alice.digest, AWAY, pair.first.hub.process)
        pair.registry.store.tiles.enter(before)
        assert listed_names(await listed(pair)) == ["Alice", "Alice", "Bob"]
        await compare(pair)
        assert (await listed(pair))[tile_of(AWAY.cell)] == ["Alice"]
        assert listed_names(await listed(pair)) == ["Alice", "Bob"]
        assert here.place == change.session.person.place == AWAY


async def test_who_stands_in_an_old_tile_that_nobody_watches_leaves_it() -> None:
    async with process_pair() as pair:
        alice = await person(pair.registry, "Alice", HERE)
        here = await pair.first.join(alice)
        before = here.person
        change = await pair.registry.place(alice.digest, AWAY, pair.first.hub.process)
        pair.first.hub.announce(change)
        await pair.settle()
        await pair.first.poll()
        pair.registry.store.tiles.enter(before)
        await compare(pair)
        assert await listed(pair) == {tile_of(AWAY.cell): ["Alice"]}


async def test_whose_session_is_over_is_listed_nowhere_and_told_once() -> None:
    async with process_pair() as pair:
        alice, here, _bob = await arrived(pair)
        before = here.person
        await pair.registry.close(alice.digest)
        pair.registry.store.tiles.enter(before)
        await compare(pair)
        assert listed_names(await listed(pair)) == ["Bob"]
        assert [frame["code"] for frame in here.page.all("error")] == ["left"]


async def test_who_has_a_socket_and_is_not_listed_is_listed_again() -> None:
    async with process_pair() as pair:
        alice, _here, _bob = await arrived(pair)
        pair.wire.fate = lambda hint: 0
        tile = tile_of(HERE.cell)
        # Nobody's version tells: the entry is gone without a trace.
        for process in (pair.first, pair.second):
            process.hub.roster._drop(tile, alice.person.person_id)
        del pair.registry.store.tiles.listed[tile][alice.person.person_id]
        await compare(pair)
        assert listed_names(await listed(pair)) == ["Alice", "Bob"]


async def test_who_went_to_another_process_is_not_taken_back_by_a_slow_one() -> None:
    async with process_pair() as pair:
        alice, here, _bob = await arrived(pair)
        stop = pair.registry.stop("after", "get")
        pair.first.hub.runner.run([Republish(here)])
        await stop.arrived()
        LoopClock()
        pair.first.hub.exit(here)
        again = pair.second.hub
        await again.join(PageSocket(alice, Page()), None)
        stop.open.set()
        await pair.settle()
        found = await pair.registry.get(alice.digest)
        assert found
        assert found.person.process == again.process


@pytest.mark.usefixtures("at_once")
async def test_a_move_of_which_nobody_was_told_is_followed() -> None:
    async with process_pair() as pair:
        alice, here, _bob = await arrived(pair)
        pair.wire.fate = lambda hint: 0
        await pair.registry.place(alice.digest, AWAY, pair.first.hub.process)
        await pair.first.hub.anti_entropy.compare()
        await pair.settle()
        assert here.place == AWAY


async def test_who_was_read_by_a_call_and_is_gone_is_listed_no_more() -> None:
    async with process_pair() as pair:
        alice = await person(pair.registry, "Alice", HERE)
        before = (await pair.registry.place(alice.digest, HERE, "gone")).session.person
        await pair.registry.close(alice.digest)
        pair.registry.store.tiles.enter(before)
        await pair.second.hub.start()
        await pair.second.hub.nearby(BESIDE, frozenset())
        await pair.second.hub.anti_entropy.compare()
        assert await listed(pair) == {}


@pytest.mark.parametrize("act", ["request_place", "close"])
async def test_a_move_or_an_end_that_was_half_done_is_finished_where_nobody_looks(
    act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with process_pair() as pair:
        first, store = pair.first, pair.registry.store
        await first.hub.start()
        alice = await person(pair.registry, "Alice", HERE)

        async def half(digest: str, *args: Any, **guards: Any) -> None:
            await getattr(MemoryRegistry, act)(store, digest, *args, **guards)
            store.tiles.enter(alice.person)
            raise LOST

        monkeypatch.setattr(store, act, half)
        moves = act == "request_place"
        acting = put(first.presence, alice, AWAY) if moves else first.hub.end(alice)
        with pytest.raises(Refused):
            await acting
        # Noted until a round has done it.
        pair.registry.failing["people"] = LOST
        with pytest.raises(Refused):
            await first.hub.anti_entropy.compare()
        await first.hub.anti_entropy.compare()
        assert tile_of(HERE.cell) not in await listed(pair)


async def test_every_tile_has_its_turn_whatever_tiles_come_and_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with process_pair() as pair:
        await arrived(pair)
        hub, store = pair.first.hub, pair.registry.store
        compared: list[str] = []

        async def reconcile(listed: Iterable[Person]) -> list[Change]:
            compared.extend(one.name for one in listed)
            return []

        monkeypatch.setattr(store, "reconcile", reconcile)
        for number in range(ROUNDS):
            await hub.anti_entropy.compare()
            # It sorts before all others.
            hub.roster.people[f"000{number}"] = {}
        assert sorted(compared) == ["Alice", "Bob"]
        assert {turn_of(f"u33d{number:02}") for number in range(99)} == {*range(ROUNDS)}


async def test_a_process_that_lost_whom_it_holds_is_told_by_those_who_see_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with process_pair() as pair:
        alice, here, _bob = await arrived(pair)
        pair.first.hub.audience.exit(here)
        held: dict[str, set[str]] = {}

        async def hold(person_ids: Iterable[str], process: str) -> None:
            held.setdefault(process, set()).update(person_ids)

        monkeypatch.setattr(pair.registry.store, "hold", hold)
        for _ in range(ROUNDS):
            await pair.second.hub.anti_entropy.compare()
        assert alice.person.person_id in held[pair.first.hub.process]


@pytest.mark.usefixtures("at_once")
async def test_a_process_that_lost_whom_it_holds_knows_those_again_who_have_sockets_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with process_pair() as pair:
        alice, _here, _bob = await arrived(pair)
        held: list[tuple[set[str], str]] = []

        async def hold(person_ids: Iterable[str], process: str) -> None:
            held.append(({*person_ids}, process))

        monkeypatch.setattr(pair.registry.store, "hold", hold)
        await pair.first.hub.anti_entropy._compare_sockets()
        assert held == [({alice.person.person_id}, pair.first.hub.process)]


@pytest.mark.usefixtures("at_once")
async def test_of_a_store_that_lost_everything_nobody_asks_for_each_session() -> None:
    async with process_pair() as pair:
        await arrived(pair)
        await pair.first.poll()
        pair.registry.store.__init__(lambda: pair.now_ms)
        unasked = pair.registry.failing["get"] = AssertionError("the pulse registers them again")
        await pair.first.hub.anti_entropy.compare()
        await pair.settle()
        assert pair.registry.failing == {"get": unasked}


@pytest.mark.usefixtures("at_once")
async def test_a_round_that_the_store_refuses_is_done_by_the_next() -> None:
    async with process_pair() as pair:
        _alice, here, _bob = await arrived(pair)
        await pair.first.join(await person(pair.registry, "Carol", HERE))
        pair.first.hub.audience.exit(here)
        await pair.first.hub.anti_entropy.compare()
        for method in ("persons", "held", "release"):
            pair.registry.failing[method] = LOST
            with pytest.raises(Refused):
                await pair.first.hub.anti_entropy.compare()
        await compare(pair)
        assert listed_names(await listed(pair)) == ["Bob", "Carol"]


async def test_nobody_is_told_that_they_left_when_the_store_lost_everything() -> None:
    async with process_pair() as pair:
        _alice, here, bob = await arrived(pair)
        await pair.first.poll()
        await pair.second.poll()
        pair.registry.store.__init__(lambda: pair.now_ms)
        # Before the next pulse finds it, everything asks for sessions that are not there.
        await compare(pair)
        assert (here.page.closed, bob.page.closed) == (None, None)
        with pytest.raises(Refused, match="store-unavailable") as refused:
            await pair.first.presence.sessions.of_key("k" * 43)
        assert refused.value.retry_after == 2
        await pair.first.poll()
        await pair.second.poll()
        await compare(pair)
        assert listed_names(await listed(pair)) == ["Alice", "Bob"]
        assert not here.page.all("error")


async def test_who_reloads_while_the_store_loses_everything_is_who_they_were() -> None:
    async with process_pair() as pair:
        alice, here, _bob = await arrived(pair)
        await pair.first.poll()
        time = LoopClock()
        pair.first.hub.exit(here)
        pair.registry.store.__init__(lambda: pair.now_ms)
        await pair.first.poll()
        again = await pair.second.join(alice)
        assert (again.person.name, again.place) == ("Alice", HERE)
        await time.pass_s(LINGER_S + 1)
        await pair.settle()
        await compare(pair)
        assert "Alice" in listed_names(await listed(pair))


async def test_who_has_left_is_not_brought_back_by_a_store_that_begins_anew() -> None:
    async with process_pair() as pair:
        alice, here, _bob = await arrived(pair)
        await pair.first.poll()
        LoopClock()
        await pair.first.hub.end(alice)
        await pair.settle()
        pair.registry.store.__init__(lambda: pair.now_ms)
        await pair.first.poll()
        assert await pair.registry.get(alice.digest) is None
        pair.first.hub.exit(here)
        pair.registry.store.__init__(lambda: pair.now_ms)
        await pair.first.poll()
        assert await pair.registry.get(alice.digest) is None


async def test_who_arrives_while_the_store_loses_everything_arrives() -> None:
    async with process_pair() as pair:
        bob = await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        await pair.first.poll()
        alice = await person(pair.registry, "Alice", HERE)
        stop = pair.registry.stop("before", "place")
        socket = await pair.first.begin_join(alice)
        await stop.arrived()
        pair.registry.store.__init__(lambda: pair.now_ms)
        stop.open.set()
        await socket.task
        await pair.first.poll()
        assert listed_names(await listed(pair)) == ["Alice", "Bob"]
        assert not [*socket.page.all("error"), *bob.page.all("error")]


async def test_whose_session_ended_while_they_arrived_is_told_so() -> None:
    async with process_pair() as pair:
        await pair.first.hub.start()
        alice = await person(pair.registry, "Alice", HERE)
        stop = pair.registry.stop("before", "place")
        socket = await pair.first.begin_join(alice)
        await stop.arrived()
        await pair.registry.close(alice.digest)
        stop.open.set()
        with pytest.raises(Refused, match="session-unknown"):
            await socket.task


def listed_names(found: dict[str, list[str]]) -> list[str]:
    return sorted(name for names in found.values() for name in names)


# ---- Blocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["blocked", "blocked_by"])
async def test_who_blocked_somebody_stays_rid_of_them_though_half_of_it_was_lost(side: str) -> None:
    async with process_pair() as pair:
        time = LoopClock()
        alice, here, bob = await arrived(pair)
        bob_id = bob.person.person_id
        store = pair.registry.store
        changes = await store.block(alice.digest, bob_id)
        lost = alice.digest if side == "blocked" else bob.session.digest
        nothing: dict[str, Any] = {side: {} if side == "blocked_by" else frozenset()}
        known = store.sessions.by_digest
        known[lost] = replace(known[lost], **nothing)
        (kept,) = (one for one in changes if one.session.digest != lost)
        pair.first.hub.announce(kept)
        await compare(pair)
        await time.pass_s(PEOPLE_S + SOON_S)
        await pair.settle()
        assert here.session.hidden == {bob_id}
        assert bob.session.hidden == {alice.person.person_id}
        assert (here.page.names, bob.page.names) == ([], [])
        assert here.page.all("blocked")[-1]["person_ids"] == [bob_id]
        assert bob.page.all("blocked") == []
