"""Who is in voice and stays there: people who come back, move or are renamed, on two processes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from neartalk.codes import Refused
from neartalk.models import Sanction
from tests.support.processes import person
from tests.voice.processes import AWAY, HERE, NEXT, PageConnection, two_processes
from voice.callers import AWAY_MS

pytestmark = pytest.mark.usefixtures("no_rounds")

LOST = Refused("store-unavailable", retry_after=2)


# ---- People who come back ------------------------------------------------------------------------


async def test_a_page_that_comes_back_to_the_other_process_keeps_its_calls() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.second.hub.exit(bob)
        await both.settle()
        await alice.until(Bob="away")
        again = await both.first.join(bob.session)
        await both.settle()
        await again.until(Alice="live")
        await alice.until(Bob="live")
        assert alice.ends == []


@pytest.mark.parametrize("to", ["the same process", "the other process"])
async def test_who_muted_themselves_while_somebody_was_away_is_told_to_them_once_back(
    to: str,
) -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        instance = bob.instance
        both.second.hub.exit(bob)
        await both.settle()
        await both.first.hub.send_state(alice, muted=True)
        process = both.first if to == "the other process" else both.second
        again = await process.join(bob.session, instance)
        await both.settle()
        assert [one["muted"] for one in again.page.all("voice.state")] == [True]
        assert again.page.all("voice.state")[0]["from"] == alice.person_id
        # Who has said nothing of it since they joined is not spoken for.
        assert alice.page.all("voice.state") == []


async def test_nobody_is_told_of_a_microphone_before_they_speak_with_its_owner() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        await both.first.hub.send_state(alice, muted=True)
        both.second.hub.exit(bob)
        again = [await process.join(bob.session) for process in (both.second, both.first)]
        await both.settle()
        await both.first.hub.relay.answer({"of": alice.person_id, "to": bob.person_id})
        assert [one.page.all("voice.state") for one in again] == [[], []]


async def test_whoever_does_not_come_back_is_gone_after_thirty_seconds() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.second.hub.exit(bob)
        await both.settle()
        both.now_ms += AWAY_MS - 1
        await both.first.hub.repair.follow()
        await alice.until(Bob="away")
        both.now_ms += 1
        await both.first.hub.repair.follow()
        await alice.until()
        assert alice.ends == [(bob.person_id, "gone")]


@pytest.mark.parametrize("kind", [Sanction.Kind.BAN, Sanction.Kind.MUTE])
async def test_a_sanction_ends_the_calls_of_whoever_is_away_and_of_nobody_else_who_is(
    kind: Sanction.Kind,
) -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        charlie = await both.speaker("Charlie", both.second)
        await both.settle()
        for one in (bob, charlie):
            both.second.hub.exit(one)
        await both.settle()
        both.second.hub.end_sanctioned([Sanction(kind=kind, person_id=charlie.person_id)])
        await both.settle()
        known = await both.callers.read([bob.person_id, charlie.person_id])
        assert [known[one.person_id].joined for one in (bob, charlie)] == [True, False]
        assert alice.ends == []


async def test_whoever_was_the_last_to_go_is_forgotten_too() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        both.first.hub.exit(alice)
        await both.settle()
        assert both.first.hub.coordinator.cache.districts == set()
        both.now_ms += AWAY_MS
        await both.first.hub.repair.follow()
        known = (await both.callers.read([alice.person_id]))[alice.person_id]
        assert (known.joined, known.name, known.place.cell) == (False, "", "")
        assert both.first.hub.participants.away == {}


async def test_a_socket_that_goes_while_it_joins_leaves_nothing_behind() -> None:
    async with two_processes() as both:
        hub = both.first.hub
        alice = PageConnection(await person(both.registry, "Alice", HERE), both.first)
        reading = both.registry.stop("before", "get")
        joining = asyncio.create_task(hub.join(alice, "instance-alice", direct=True))
        await reading.arrived()
        hub.exit(alice)
        reading.open.set()
        await joining
        await both.settle()
        assert (hub.connections.by_district, hub.coordinator.cache.districts) == ({}, set())


async def test_the_old_socket_that_goes_after_the_new_one_came_takes_nobody_out() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        again = await both.second.join(bob.session)
        both.second.hub.exit(bob)
        await both.settle()
        assert bob.refused == ["voice-elsewhere"]
        await again.until(Alice="live")
        await alice.until(Bob="live")


async def test_news_of_the_old_page_while_the_new_one_enters_does_not_turn_it_out() -> None:
    async with two_processes() as both:
        _, bob = await both.met()
        carol = await both.speaker("Carol", both.second)
        answered = both.callers.stop("after", "change")
        knocking = asyncio.create_task(both.second.hub.knock(carol, bob.person_id))
        await answered.arrived()
        entering = both.callers.stop("before", "change")
        coming = asyncio.create_task(both.second.join(bob.session))
        await entering.arrived()
        answered.open.set()
        await knocking
        entering.open.set()
        again = await coming
        await both.settle()
        assert again.refused == []
        await again.until(Alice="live", Carol="knocks")


@pytest.mark.parametrize("where", ["first", "second"])
async def test_whoever_is_back_before_the_store_knew_that_they_went_is_here(where: str) -> None:
    async with two_processes() as both:
        _, bob = await both.met()
        going = both.callers.stop("before", "change")
        both.second.hub.exit(bob)
        await going.arrived()
        again = await getattr(both, where).join(bob.session)
        version = again.version
        going.open.set()
        await both.settle()
        await again.until(Alice="live")
        known = (await both.callers.read([bob.person_id]))[bob.person_id]
        assert (known.process, known.instance) == (again.process.presence.process, again.instance)
        assert known.version == version


async def test_whoever_leaves_while_their_move_is_published_has_left() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        await both.registry.place(bob.session.digest, NEXT, "")
        moving = both.callers.stop("before", "change")
        following = asyncio.create_task(both.second.hub.repair.follow())
        await moving.arrived()
        await both.second.hub.leave(bob)
        moving.open.set()
        await following
        await both.settle()
        await alice.until()
        assert not (await both.callers.read([bob.person_id]))[bob.person_id].joined


async def test_what_is_published_of_the_old_page_takes_nothing_from_the_new_one() -> None:
    """At another process, which the news of the new page has not reached."""
    async with two_processes() as both:
        alice, bob = await both.met()
        await both.registry.place(bob.session.digest, NEXT, "")
        moving = both.callers.stop("before", "change")
        following = asyncio.create_task(both.second.hub.repair.follow())
        await moving.arrived()
        again = await both.first.join(bob.session)
        moving.open.set()
        await following
        await both.settle()
        assert (again.refused, bob.refused) == ([], ["voice-elsewhere"])
        known = (await both.callers.read([bob.person_id]))[bob.person_id]
        assert (known.process, known.instance) == (both.first.presence.process, again.instance)
        await again.until(Alice="live")
        await alice.until(Bob="live")


async def test_of_two_pages_that_enter_at_once_the_last_one_stays() -> None:
    async with two_processes() as both:
        _, bob = await both.met()
        answered = both.callers.stop("after", "change")
        coming = asyncio.create_task(both.first.join(bob.session))
        await answered.arrived()
        last = await both.second.join(bob.session)
        await both.settle()
        answered.open.set()
        first = await coming
        await both.settle()
        assert (first.refused, last.refused) == (["voice-elsewhere"], [])
        assert bob.refused == ["voice-elsewhere"]
        await last.until(Alice="live")


async def test_a_place_that_is_free_again_is_taken_by_who_waited(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VOICE_CONNECTIONS = 1
    async with two_processes() as both:
        alice, bob = await both.met()
        carol = await both.speaker("Carol", both.second)
        await both.settle()
        await both.call(carol, alice)
        await carol.until(Alice="waiting", Bob="near")
        await both.second.hub.leave(bob)
        await both.settle()
        await carol.until(Alice="live")
        await alice.until(Carol="live")


# ---- Moving and renaming -------------------------------------------------------------------------


async def test_whoever_moves_out_of_reach_during_a_knock_takes_it_with_them() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        await both.first.hub.knock(alice, bob.person_id)
        await both.settle()
        await bob.until(Alice="knocks")
        await both.registry.place(alice.session.digest, AWAY, "")
        await both.first.hub.repair.follow()
        await both.settle()
        await bob.until()
        await alice.until()
        with pytest.raises(Refused) as refused:
            await both.second.hub.accept(bob, alice.person_id)
        assert refused.value.code == "out-of-reach"
        assert (alice.ends, bob.ends) == ([], [])


async def test_a_new_name_during_a_knock_is_seen_and_the_knock_stands() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        await both.first.hub.knock(alice, bob.person_id)
        await both.registry.rename(alice.session.digest, "Alma")
        await both.first.hub.repair.follow()
        await both.settle()
        await bob.until(Alma="knocks")
        await both.second.hub.accept(bob, alice.person_id)
        await both.settle()
        await bob.until(Alma="live")


async def test_a_move_that_the_store_refused_is_published_by_the_next_round() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        await both.registry.place(bob.session.digest, AWAY, "")
        both.callers.failing["change"] = LOST
        with pytest.raises(Refused):
            await both.second.hub.repair.follow()
        await both.second.hub.repair.follow()
        await both.settle()
        assert alice.ends == [(bob.person_id, "apart")]
