"""A block between two people in voice: their call ends, and neither is there for the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neartalk.codes import Refused
from tests.voice.processes import BESIDE, NEXT, two_processes
from voice.callers import DoorState

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.voice.processes import PageConnection, TwoProcesses


pytestmark = pytest.mark.usefixtures("no_rounds")


async def block(both: TwoProcesses, by: PageConnection, whom: PageConnection) -> None:
    """Blocks somebody; the process of whoever blocked does its next round."""
    await both.registry.block(by.session.digest, whom.person_id)
    await by.process.hub.repair.follow()
    await both.settle()


def states(one: PageConnection, name: str) -> list[str]:
    """All that somebody's lists have said of another."""
    rows = (row for each in one.page.all("voice.peers") for row in each["peers"])
    return [row["state"] for row in rows if row["username"] == name]


async def test_a_call_ends_on_both_sides_and_looks_as_if_the_other_had_left() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        await block(both, alice, bob)
        await alice.until()
        await bob.until()
        assert (alice.ends, bob.ends) == (
            [(bob.person_id, "left")],
            [(alice.person_id, "left")],
        )


async def test_whoever_blocked_may_ask_for_the_list_and_need_not_wait_for_the_round() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        await both.registry.block(alice.session.digest, bob.person_id)
        await both.first.hub.send_list(alice)
        await bob.until()
        assert bob.ends == [(alice.person_id, "left")]


async def test_it_is_enough_that_the_process_of_the_blocked_hears_of_it() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        await both.registry.block(alice.session.digest, bob.person_id)
        await both.second.hub.repair.follow()
        await both.settle()
        await alice.until()
        assert [alice.ends, bob.ends] == [[(bob.person_id, "left")], [(alice.person_id, "left")]]


async def test_a_knock_that_waits_is_gone_and_no_other_comes_through_either_way() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        await both.second.hub.knock(bob, alice.person_id)
        await alice.until(Bob="knocks")
        await block(both, alice, bob)
        await alice.until()
        for one, other in ((alice, bob), (bob, alice)):
            for act in (one.process.hub.knock, one.process.hub.accept):
                with pytest.raises(Refused, match="out-of-reach"):
                    await act(one, other.person_id)
            with pytest.raises(Refused, match="out-of-reach"):
                await one.process.hub.relay_signal(
                    one, other.person_id, "voice.offer", "sdp", "v=0"
                )


@pytest.mark.parametrize("blocker", ["alice", "bob"])
async def test_a_block_holds_at_an_open_door_before_any_round(blocker: str) -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first, door=DoorState.OPEN)
        bob = await both.speaker("Bob", both.second, BESIDE)
        await both.settle()
        by, whom = (alice, bob) if blocker == "alice" else (bob, alice)
        await both.registry.block(by.session.digest, whom.person_id)
        with pytest.raises(Refused, match="out-of-reach"):
            await both.second.hub.knock(bob, alice.person_id)
        await both.settle()
        assert "live" not in states(alice, "Bob")


async def test_a_knock_from_before_a_block_is_not_accepted_before_any_round() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        await both.second.hub.knock(bob, alice.person_id)
        await both.registry.block(bob.session.digest, alice.person_id)
        with pytest.raises(Refused, match="out-of-reach"):
            await both.first.hub.accept(alice, bob.person_id)
        await both.settle()
        assert "live" not in states(bob, "Alice")


async def test_a_free_place_is_not_taken_by_somebody_blocked_since(settings: Settings) -> None:
    settings.VOICE_CONNECTIONS = 1
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first, door=DoorState.OPEN)
        bob = await both.speaker("Bob", both.second, door=DoorState.OPEN)
        carol = await both.speaker("Carol", both.second, NEXT, DoorState.OPEN)
        await both.settle()
        await alice.until(Bob="live", Carol="waiting")
        await both.registry.block(alice.session.digest, carol.person_id)
        await both.second.hub.leave(bob)
        await both.settle()
        await alice.until()
        await carol.until()
        assert "live" not in states(alice, "Carol") + states(carol, "Alice")


async def test_people_near_both_see_both_and_lists_are_drawn_where_nobody_had_met() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        carol = await both.speaker("Carol", both.first, NEXT)
        await carol.until(Alice="near", Bob="near")
        await block(both, alice, bob)
        await alice.until(Carol="near")
        await bob.until(Carol="near")
        assert carol.listed == {"Alice": "near", "Bob": "near"}


async def test_who_is_blocked_is_not_named_among_those_who_do_not_hear_one() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        carol = await both.speaker("Carol", both.second, NEXT)
        await both.call(alice, carol)
        await both.call(bob, carol)
        await alice.page.until(lambda: bob.person_id in unheard(alice))
        await block(both, alice, bob)
        await alice.page.until(lambda: unheard(alice) == [])
        await bob.page.until(lambda: unheard(bob) == [])
        await carol.until(Alice="live", Bob="live")


async def test_a_block_holds_for_who_joins_anew_moves_or_is_renamed() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        await block(both, alice, bob)
        await both.registry.rename(bob.session.digest, "Robert")
        await both.registry.place(bob.session.digest, NEXT, "")
        bob = await both.first.join(bob.session)
        alice = await both.second.join(alice.session)
        await both.settle()
        for one in (alice, bob):
            await one.until()
        with pytest.raises(Refused, match="out-of-reach"):
            await both.first.hub.knock(bob, alice.person_id)


def unheard(one: PageConnection) -> list[str]:
    return [far["person_id"] for far in one.page.all("voice.peers")[-1]["unheard"]]
