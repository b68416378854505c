"""A block between two people in voice: their call ends, and neither is there for the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neartalk.background import Background
from neartalk.codes import Refused
from tests.support.hubs import never
from tests.voice.processes import NEXT, town

if TYPE_CHECKING:
    from tests.voice.processes import Seat, Town


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Background, "_round", never)


async def block(place: Town, by: Seat, whom: Seat) -> None:
    """And what happens in the next 2 s at the process of whoever blocked."""
    await place.registry.block(by.session.digest, whom.person_id)
    await by.office.board._follow()
    await place.settle()


async def test_a_call_ends_on_both_sides_and_looks_as_if_the_other_had_left() -> None:
    async with town() as place:
        alice, bob = await place.met()
        await block(place, alice, bob)
        await alice.until()
        await bob.until()
        assert (alice.ends, bob.ends) == (
            [(bob.person_id, "left")],
            [(alice.person_id, "left")],
        )


async def test_whoever_blocked_may_ask_for_the_list_and_need_not_wait_for_the_round() -> None:
    async with town() as place:
        alice, bob = await place.met()
        await place.registry.block(alice.session.digest, bob.person_id)
        await place.first.board.look(alice)
        await bob.until()
        assert bob.ends == [(alice.person_id, "left")]


async def test_it_is_enough_that_the_process_of_the_blocked_hears_of_it() -> None:
    async with town() as place:
        alice, bob = await place.met()
        await place.registry.block(alice.session.digest, bob.person_id)
        await place.second.board._follow()
        await place.settle()
        await alice.until()
        assert [alice.ends, bob.ends] == [[(bob.person_id, "left")], [(alice.person_id, "left")]]


async def test_a_knock_that_waits_is_gone_and_no_other_comes_through_either_way() -> None:
    async with town() as place:
        alice, bob = await place.strangers()
        await place.second.board.knock(bob, alice.person_id)
        await alice.until(Bob="knocks")
        await block(place, alice, bob)
        await alice.until()
        for one, other in ((alice, bob), (bob, alice)):
            for act in (one.office.board.knock, one.office.board.accept):
                with pytest.raises(Refused, match="out-of-reach"):
                    await act(one, other.person_id)
            with pytest.raises(Refused, match="out-of-reach"):
                await one.office.board.relay(one, other.person_id, "voice.offer", "sdp", "v=0")


async def test_people_near_both_see_both_and_lists_are_drawn_where_nobody_had_met() -> None:
    async with town() as place:
        alice, bob = await place.strangers()
        carol = await place.speaker("Carol", place.first, NEXT)
        await carol.until(Alice="near", Bob="near")
        await block(place, alice, bob)
        await alice.until(Carol="near")
        await bob.until(Carol="near")
        assert carol.listed == {"Alice": "near", "Bob": "near"}


async def test_who_is_blocked_is_not_named_among_those_who_do_not_hear_one() -> None:
    async with town() as place:
        alice, bob = await place.strangers()
        carol = await place.speaker("Carol", place.second, NEXT)
        await place.call(alice, carol)
        await place.call(bob, carol)
        await alice.page.until(lambda: bob.person_id in unheard(alice))
        await block(place, alice, bob)
        await alice.page.until(lambda: unheard(alice) == [])
        await bob.page.until(lambda: unheard(bob) == [])
        await carol.until(Alice="live", Bob="live")


async def test_a_block_holds_for_who_joins_anew_moves_or_is_renamed() -> None:
    async with town() as place:
        alice, bob = await place.strangers()
        await block(place, alice, bob)
        await place.registry.rename(bob.session.digest, "Robert")
        await place.registry.place(bob.session.digest, NEXT, "")
        bob = await place.first.join(bob.session)
        alice = await place.second.join(alice.session)
        await place.settle()
        for one in (alice, bob):
            await one.until()
        with pytest.raises(Refused, match="out-of-reach"):
            await place.first.board.knock(bob, alice.person_id)


def unheard(one: Seat) -> list[str]:
    return [far["person_id"] for far in one.page.all("voice.peers")[-1]["unheard"]]
