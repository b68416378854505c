"""What becomes of calls when hints, processes and stores fail: two switchboards on one memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.background import Background
from neartalk.codes import CODES, Refused
from presence.registry import LEASE_MS
from tests.support.hubs import never
from tests.voice.switchboards import AWAY, BESIDE, NEXT, town
from voice.signaling.hub import AWAY_MS

if TYPE_CHECKING:
    from tests.voice.switchboards import Seat, Town

LOST = Refused("store-unavailable", retry_after=2)


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Background, "_round", never)


# ---- Hints that are lost, late or repeated -------------------------------------------------------


async def test_what_no_hint_told_is_found_by_the_next_round() -> None:
    async with town() as place:
        place.wire.fate = lambda hint: 0
        alice, bob = await place.strangers()
        assert "Bob" not in alice.listed
        await place.first.hub.rounds.pulse()
        await place.first.board._heal()
        await alice.until(Bob="near")
        await place.call(alice, bob)
        await place.first.board._heal()
        await alice.until(Bob="live")
        await bob.until(Alice="live")


async def test_a_call_whose_end_no_hint_told_is_on_no_list_after_the_next_round() -> None:
    async with town() as place:
        alice, bob = await place.met()
        place.wire.fate = lambda hint: 0
        await place.second.board.leave(bob)
        await place.settle()
        assert alice.listed == {"Bob": "live"}
        await place.first.board._heal()
        await alice.until()


async def test_who_left_and_no_hint_told_is_off_the_list_after_the_next_round() -> None:
    async with town() as place:
        alice = await place.speaker("Alice", place.first)
        bob = await place.speaker("Bob", place.second, BESIDE)
        await alice.until(Bob="near")
        place.wire.fate = lambda hint: 0
        await place.second.board.leave(bob)
        await place.first.board._heal()
        await alice.until()


async def test_hints_that_arrive_twice_and_in_any_order_leave_the_newest() -> None:
    async with town() as place:
        alice, bob = await place.strangers()
        place.wire.keep = True
        await place.first.board.knock(alice, bob.person_id)
        await place.second.board.accept(bob, alice.person_id)
        await place.second.board.decline(bob, alice.person_id)
        await place.settle()
        place.wire.pass_on(lambda kept: [*reversed(kept), *kept])
        await place.settle()
        await alice.until(Bob="declined")
        await bob.until(Alice="near")


async def test_whoever_speaks_across_districts_is_told_of_the_end_once() -> None:
    async with town() as place:
        alice, bob = await place.met()
        # The note goes to the districts of both, and the first process hears both.
        await place.speaker("Carol", place.first, AWAY)
        await place.registry.place(bob.session.digest, AWAY, "")
        await place.second.board._follow()
        await place.settle()
        await alice.until()
        assert alice.ends == [(bob.person_id, "apart")]
        assert bob.ends == [(alice.person_id, "apart")]


async def test_the_end_is_told_though_the_news_was_read_before_the_hint_came() -> None:
    async with town() as place:
        alice, bob = await place.met()
        place.wire.keep = True
        await place.second.board.leave(bob)
        await place.settle()
        await place.first.board._heal()
        await alice.until()
        place.wire.pass_on()
        await place.settle()
        assert alice.ends == [(bob.person_id, "left")]


# ---- People who come back ------------------------------------------------------------------------


async def test_a_page_that_comes_back_to_the_other_process_keeps_its_calls() -> None:
    async with town() as place:
        alice, bob = await place.met()
        place.second.board.exit(bob)
        await place.settle()
        await alice.until(Bob="away")
        again = await place.first.join(bob.session)
        await place.settle()
        await again.until(Alice="live")
        await alice.until(Bob="live")
        assert alice.ends == []


async def test_whoever_does_not_come_back_is_gone_after_thirty_seconds() -> None:
    async with town() as place:
        alice, bob = await place.met()
        place.second.board.exit(bob)
        await place.settle()
        place.now_ms += AWAY_MS - 1
        await place.first.board._follow()
        await alice.until(Bob="away")
        place.now_ms += 1
        await place.first.board._follow()
        await alice.until()
        assert alice.ends == [(bob.person_id, "gone")]


async def test_whoever_was_the_last_to_go_is_forgotten_too() -> None:
    async with town() as place:
        alice = await place.speaker("Alice", place.first)
        place.first.board.exit(alice)
        await place.settle()
        assert place.first.board.picture.districts == set()
        place.now_ms += AWAY_MS
        await place.first.board._follow()
        known = (await place.callers.read([alice.person_id]))[alice.person_id]
        assert (known.joined, known.name, known.place.cell) == (False, "", "")
        assert place.first.board.away == {}


async def test_the_old_socket_that_goes_after_the_new_one_came_takes_nobody_out() -> None:
    async with town() as place:
        alice, bob = await place.met()
        again = await place.second.join(bob.session)
        place.second.board.exit(bob)
        await place.settle()
        assert bob.refused == ["voice-elsewhere"]
        await again.until(Alice="live")
        await alice.until(Bob="live")


async def test_news_of_the_old_page_while_the_new_one_enters_does_not_turn_it_out() -> None:
    async with town() as place:
        _, bob = await place.met()
        carol = await place.speaker("Carol", place.second)
        answered = place.callers.stop("after", "change")
        knocking = asyncio.create_task(place.second.board.knock(carol, bob.person_id))
        await answered.arrived()
        entering = place.callers.stop("before", "change")
        coming = asyncio.create_task(place.second.join(bob.session))
        await entering.arrived()
        answered.open.set()
        await knocking
        entering.open.set()
        again = await coming
        await place.settle()
        assert again.refused == []
        await again.until(Alice="live", Carol="knocks")


@pytest.mark.parametrize("where", ["first", "second"])
async def test_whoever_is_back_before_the_store_knew_that_they_went_is_here(where: str) -> None:
    async with town() as place:
        _, bob = await place.met()
        going = place.callers.stop("before", "change")
        place.second.board.exit(bob)
        await going.arrived()
        again = await getattr(place, where).join(bob.session)
        version = again.version
        going.open.set()
        await place.settle()
        await again.until(Alice="live")
        known = (await place.callers.read([bob.person_id]))[bob.person_id]
        assert (known.process, known.instance) == (again.office.hub.process, again.instance)
        assert known.version == version


async def test_whoever_leaves_while_their_move_is_published_has_left() -> None:
    async with town() as place:
        alice, bob = await place.met()
        await place.registry.place(bob.session.digest, NEXT, "")
        moving = place.callers.stop("before", "change")
        following = asyncio.create_task(place.second.board._follow())
        await moving.arrived()
        await place.second.board.leave(bob)
        moving.open.set()
        await following
        await place.settle()
        await alice.until()
        assert not (await place.callers.read([bob.person_id]))[bob.person_id].joined


async def test_of_two_pages_that_enter_at_once_the_last_one_stays() -> None:
    async with town() as place:
        _, bob = await place.met()
        answered = place.callers.stop("after", "change")
        coming = asyncio.create_task(place.first.join(bob.session))
        await answered.arrived()
        last = await place.second.join(bob.session)
        await place.settle()
        answered.open.set()
        first = await coming
        await place.settle()
        assert (first.refused, last.refused) == (["voice-elsewhere"], [])
        assert bob.refused == ["voice-elsewhere"]
        await last.until(Alice="live")


async def test_a_place_that_is_free_again_is_taken_by_who_waited(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VOICE_CONNECTIONS = 1
    async with town() as place:
        alice, bob = await place.met()
        carol = await place.speaker("Carol", place.second)
        await place.settle()
        await place.call(carol, alice)
        await carol.until(Alice="waiting", Bob="near")
        await place.second.board.leave(bob)
        await place.settle()
        await carol.until(Alice="live")
        await alice.until(Carol="live")


# ---- Moving and renaming -------------------------------------------------------------------------


async def test_whoever_moves_out_of_reach_during_a_knock_takes_it_with_them() -> None:
    async with town() as place:
        alice, bob = await place.strangers()
        await place.first.board.knock(alice, bob.person_id)
        await place.settle()
        await bob.until(Alice="knocks")
        await place.registry.place(alice.session.digest, AWAY, "")
        await place.first.board._follow()
        await place.settle()
        await bob.until()
        await alice.until()
        with pytest.raises(Refused) as refused:
            await place.second.board.accept(bob, alice.person_id)
        assert refused.value.code == "out-of-reach"
        assert (alice.ends, bob.ends) == ([], [])


async def test_a_new_name_during_a_knock_is_seen_and_the_knock_stands() -> None:
    async with town() as place:
        alice, bob = await place.strangers()
        await place.first.board.knock(alice, bob.person_id)
        await place.registry.rename(alice.session.digest, "Alma")
        await place.first.board._follow()
        await place.settle()
        await bob.until(Alma="knocks")
        await place.second.board.accept(bob, alice.person_id)
        await place.settle()
        await bob.until(Alma="live")


async def test_a_move_that_the_store_refused_is_published_by_the_next_round() -> None:
    async with town() as place:
        alice, bob = await place.met()
        await place.registry.place(bob.session.digest, AWAY, "")
        place.callers.failing["change"] = LOST
        with pytest.raises(Refused):
            await place.second.board._follow()
        await place.second.board._follow()
        await place.settle()
        assert alice.ends == [(bob.person_id, "apart")]


# ---- Sessions that end ---------------------------------------------------------------------------


async def test_a_session_that_expired_in_a_call_ends_it_on_both_sides() -> None:
    async with town() as place:
        alice, bob = await place.met()
        place.registry.ends_ms[bob.session.digest] = place.now_ms
        await place.second.board._follow()
        await place.settle()
        await alice.until()
        assert alice.ends == [(bob.person_id, "session")]
        assert bob.refused == ["left"]
        assert bob.page.closed == CODES["left"].close


async def test_a_session_that_ended_while_the_store_was_lost_is_taken_out_later() -> None:
    async with town() as place:
        alice, bob = await place.met()
        place.registry.ends_ms[bob.session.digest] = place.now_ms
        place.callers.failing["change"] = LOST
        with pytest.raises(Refused):
            await place.second.board._follow()
        assert bob.page.closed == CODES["left"].close
        await gone_after_a_while(place, alice, bob)


# ---- Stores that do not answer -------------------------------------------------------------------


async def test_whoever_left_while_the_store_was_lost_is_not_in_voice_for_ever() -> None:
    async with town() as place:
        alice, bob = await place.met()
        place.callers.failing["change"] = LOST
        place.second.board.exit(bob)
        await place.settle()
        assert alice.listed == {"Bob": "live"}
        await gone_after_a_while(place, alice, bob)


async def gone_after_a_while(place: Town, alice: Seat, bob: Seat) -> None:
    await place.second.board._heal()
    await place.settle()
    await alice.until(Bob="away")
    place.now_ms += AWAY_MS
    await place.first.board._follow()
    await alice.until()
    assert alice.ends == [(bob.person_id, "gone")]


async def test_whoever_could_not_enter_is_entered_by_the_next_round() -> None:
    async with town() as place:
        alice = await place.speaker("Alice", place.first)
        bob = await place.speaker("Bob", place.second, BESIDE)
        await place.second.board.leave(bob)
        await place.settle()
        place.callers.failing["change"] = LOST
        with pytest.raises(Refused):
            await place.second.board.join(bob, "instance-again", direct=True)
        with pytest.raises(Refused) as refused:
            await place.second.board.knock(bob, alice.person_id)
        assert refused.value.code == "not-joined"
        await place.second.board._heal()
        await place.settle()
        await bob.until(Alice="near")
        await alice.until(Bob="near")


async def test_callers_that_the_store_lost_are_put_back_with_their_calls() -> None:
    async with town() as place:
        alice, bob = await place.met()
        carol = await place.speaker("Carol", place.second)
        await place.first.board.knock(alice, carol.person_id)
        await place.settle()
        forget_callers(place)
        for office in (place.first, place.second):
            await office.board._heal()
            await place.settle()
        for one, listed in (
            (alice, {"Bob": "live", "Carol": "knocked"}),
            (bob, {"Alice": "live", "Carol": "near"}),
            (carol, {"Alice": "knocks", "Bob": "near"}),
        ):
            await one.until(**listed)
            assert one.ends == []
        await place.second.board.accept(carol, alice.person_id)
        await place.settle()
        await alice.until(Bob="live", Carol="live")


async def test_after_the_store_began_anew_sessions_that_are_put_back_keep_their_voice() -> None:
    async with town() as place:
        alice, bob = await place.met()
        registry = place.registry.store
        kept, ends_ms = dict(registry.sessions), dict(registry.ends_ms)
        registry.sessions.clear()
        registry.ends_ms.clear()
        registry.epoch = "another"
        forget_callers(place)
        # The hub has not noticed yet.
        for office in (place.first, place.second):
            await office.board._follow()
        assert (alice.page.closed, bob.page.closed) == (None, None)
        registry.sessions.update(kept)
        registry.ends_ms.update(ends_ms)
        for office in (place.first, place.second):
            await office.hub.rounds.pulse()
            await office.board._follow()
            await place.settle()
        for one, other in ((alice, bob), (bob, alice)):
            one.office.board.later(one.office.board.look(one))
            await place.settle()
            await one.until(**{other.session.person.name: "live"})
            assert (one.ends, one.refused) == ([], [])
        assert (await place.callers.read([alice.person_id])).keys() == {alice.person_id}


def forget_callers(place: Town) -> None:
    for each in (place.callers.callers, place.callers.ends_ms, place.callers.districts):
        each.clear()


# ---- Processes that die --------------------------------------------------------------------------


async def test_callers_of_a_process_that_died_are_gone_with_its_lease() -> None:
    async with town() as place:
        alice, bob = await place.met()
        place.now_ms += LEASE_MS
        await place.first.hub.leases.renew()
        await place.first.pulse()
        await alice.until()
        assert alice.ends == [(bob.person_id, "gone")]


async def test_whoever_comes_over_from_a_dead_process_before_it_is_missed_keeps_their_calls() -> (
    None
):
    async with town() as place:
        alice, bob = await place.met()
        again = await place.first.join(bob.session)
        place.now_ms += LEASE_MS
        await place.first.hub.leases.renew()
        await place.first.pulse()
        await again.until(Alice="live")
        await alice.until(Bob="live")
        assert alice.ends == []


async def test_a_process_that_hung_longer_than_its_lease_puts_its_people_back() -> None:
    async with town() as place:
        alice, bob = await place.met()
        place.now_ms += LEASE_MS
        await place.first.hub.leases.renew()
        await place.first.pulse()
        await alice.until()
        await place.second.hub.leases.renew()
        await place.second.board._heal()
        await place.settle()
        assert bob.refused == []
        await bob.until(Alice="near")
        await alice.until(Bob="near")


async def test_whoever_hears_that_others_took_their_people_for_dead_says_that_they_are_not() -> (
    None
):
    async with town() as place:
        alice, bob = await place.met()
        place.now_ms += LEASE_MS
        await place.first.hub.leases.renew()
        await place.first.hub.rounds.pulse()
        place.first.hub.note_process("a third process")
        await place.first.board._follow()
        await place.settle()
        assert bob.refused == []
        await bob.until(Alice="near")
        await alice.until(Bob="near")


async def test_people_of_a_process_that_nobody_has_heard_of_yet_are_not_buried() -> None:
    async with town() as place:
        alice = await place.speaker("Alice", place.first)
        place.wire.fate = lambda hint: 0
        await place.speaker("Bob", place.second, BESIDE)
        await place.first.board._heal()
        assert place.first.hub.leases.processes == {place.first.hub.process}
        await place.first.board._follow()
        assert alice.timer
        alice.timer.cancel()
        await place.first.board._draw(alice)
        assert alice.listed == {}
        await place.first.hub.rounds.pulse()
        await place.first.board._follow()
        await alice.until(Bob="near")
