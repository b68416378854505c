"""What rounds put right when hints, processes and stores fail: two processes on one memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from neartalk.codes import CODES, Refused
from presence.registry import LEASE_MS
from tests.voice.processes import AWAY, BESIDE, two_processes
from voice.call_graph import Changes
from voice.callers import AWAY_MS, DoorState

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.voice.processes import PageConnection, TwoProcesses

pytestmark = pytest.mark.usefixtures("no_rounds")

LOST = Refused("store-unavailable", retry_after=2)


# ---- Hints that are lost, late or repeated -------------------------------------------------------


async def test_what_no_hint_told_is_found_by_the_next_round() -> None:
    async with two_processes() as both:
        both.wire.fate = lambda hint: 0
        alice, bob = await both.strangers()
        assert "Bob" not in alice.listed
        await both.first.presence.rounds.pulse()
        await both.first.hub.repair.heal()
        await alice.until(Bob="near")
        await both.call(alice, bob)
        await both.first.hub.repair.heal()
        await alice.until(Bob="live")
        await bob.until(Alice="live")


async def test_a_call_whose_end_no_hint_told_is_on_no_list_after_the_next_round() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.wire.fate = lambda hint: 0
        await both.second.hub.leave(bob)
        await both.settle()
        assert alice.listed == {"Bob": "live"}
        await both.first.hub.repair.heal()
        await alice.until()


async def test_who_left_and_no_hint_told_is_off_the_list_after_the_next_round() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        bob = await both.speaker("Bob", both.second, BESIDE)
        await alice.until(Bob="near")
        both.wire.fate = lambda hint: 0
        await both.second.hub.leave(bob)
        await both.first.hub.repair.heal()
        await alice.until()


async def test_hints_that_arrive_twice_and_in_any_order_leave_the_newest() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        both.wire.keep = True
        await both.first.hub.knock(alice, bob.person_id)
        await both.second.hub.accept(bob, alice.person_id)
        await both.second.hub.decline(bob, alice.person_id)
        await both.settle()
        both.wire.pass_on(lambda kept: [*reversed(kept), *kept])
        await both.settle()
        await alice.until(Bob="declined")
        await bob.until(Alice="near")


async def test_a_shield_that_the_store_did_not_take_is_up_after_the_next_round() -> None:
    async with two_processes() as both:
        alice, _ = await both.met()
        both.callers.failing["change"] = LOST
        with pytest.raises(Refused, match="store-unavailable"):
            await both.first.hub.join(alice, "instance-anew", direct=False)
        await both.first.hub.repair.follow()
        known = (await both.callers.read([alice.person_id]))[alice.person_id]
        assert (known.direct, known.instance) == (False, "instance-anew")


async def test_whoever_speaks_across_districts_is_told_of_the_end_once() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        # The note goes to the districts of both, and the first process hears both.
        await both.speaker("Carol", both.first, AWAY)
        await both.registry.place(bob.session.digest, AWAY, "")
        await both.second.hub.repair.follow()
        await both.settle()
        await alice.until()
        assert alice.ends == [(bob.person_id, "apart")]
        assert bob.ends == [(alice.person_id, "apart")]


async def test_voice_follows_a_told_place_once_it_takes_effect(settings: Settings) -> None:
    """Though nobody has a socket of the chat by which it would be brought about."""
    settings.PLACE_CLOCK = True
    async with two_processes() as both:
        alice, bob = await both.met()
        registry = both.registry.store
        registry.draw = lambda first, last: last
        await registry.request_place(bob.session.digest, AWAY, "")
        for passed_ms, calls in ((17_000, {"Bob": "live"}), (1_000, {})):
            both.now_ms += passed_ms
            await both.first.presence.rounds.pulse()
            await both.second.presence.rounds.pulse()
            await both.second.hub.repair.follow()
            await both.settle()
            await alice.until(**calls)
        assert alice.ends == [(bob.person_id, "apart")]


async def test_the_end_is_told_though_the_news_was_read_before_the_hint_came() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.wire.keep = True
        await both.second.hub.leave(bob)
        await both.settle()
        await both.first.hub.repair.heal()
        await alice.until()
        both.wire.pass_on()
        await both.settle()
        assert alice.ends == [(bob.person_id, "left")]


# ---- Sessions that end ---------------------------------------------------------------------------


async def test_a_session_that_expired_in_a_call_ends_it_on_both_sides() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.registry.sessions.ends_ms[bob.session.digest] = both.now_ms
        await both.second.hub.repair.follow()
        await both.settle()
        await alice.until()
        assert alice.ends == [(bob.person_id, "session")]
        assert bob.refused == ["left"]
        assert bob.page.closed == CODES["left"].close


@pytest.mark.parametrize("at", ["first", "second"])
async def test_a_visit_that_ends_elsewhere_ends_its_calls_without_waiting_for_a_round(
    at: str,
) -> None:
    """By a call to this process, or to another: then the socket of the chat is told first."""
    async with two_processes() as both:
        alice, bob = await both.met()
        await both.second.chat.join(bob.session)
        await both.settle()
        await getattr(both, at).presence.end(bob.session)
        await both.settle()
        await alice.until()
        assert alice.ends == [(bob.person_id, "session")]
        assert bob.refused == ["left"]
        assert bob.page.closed == CODES["left"].close
        # Nothing is left for the rounds, nor told twice.
        await both.second.pulse()
        await both.settle()
        assert (bob.refused, alice.ends) == (["left"], [(bob.person_id, "session")])


async def test_a_session_that_ended_while_the_store_was_lost_is_taken_out_later() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.registry.sessions.ends_ms[bob.session.digest] = both.now_ms
        both.callers.failing["change"] = LOST
        with pytest.raises(Refused):
            await both.second.hub.repair.follow()
        assert bob.page.closed == CODES["left"].close
        await gone_after_a_while(both, alice, bob)


# ---- Stores that do not answer -------------------------------------------------------------------


async def test_whoever_left_while_the_store_was_lost_is_not_in_voice_for_ever() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.callers.failing["change"] = LOST
        both.second.hub.exit(bob)
        await both.settle()
        assert alice.listed == {"Bob": "live"}
        await gone_after_a_while(both, alice, bob)


async def gone_after_a_while(
    both: TwoProcesses, alice: PageConnection, bob: PageConnection
) -> None:
    await both.second.hub.repair.heal()
    await both.settle()
    await alice.until(Bob="away")
    both.now_ms += AWAY_MS
    await both.first.hub.repair.follow()
    await alice.until()
    assert alice.ends == [(bob.person_id, "gone")]


async def test_whoever_could_not_enter_is_entered_by_the_next_round() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        bob = await both.speaker("Bob", both.second, BESIDE)
        await both.second.hub.leave(bob)
        await both.settle()
        both.callers.failing["change"] = LOST
        with pytest.raises(Refused):
            await both.second.hub.join(bob, "instance-again", direct=True)
        with pytest.raises(Refused) as refused:
            await both.second.hub.knock(bob, alice.person_id)
        assert refused.value.code == "not-joined"
        await both.second.hub.repair.heal()
        await both.settle()
        await bob.until(Alice="near")
        await alice.until(Bob="near")


async def test_callers_that_the_store_lost_are_put_back_with_their_calls() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        carol = await both.speaker("Carol", both.second)
        await both.first.hub.knock(alice, carol.person_id)
        await both.settle()
        forget_callers(both)
        for process in (both.first, both.second):
            await process.hub.repair.heal()
            await both.settle()
        for one, listed in (
            (alice, {"Bob": "live", "Carol": "knocked"}),
            (bob, {"Alice": "live", "Carol": "near"}),
            (carol, {"Alice": "knocks", "Bob": "near"}),
        ):
            await one.until(**listed)
            assert one.ends == []
        await both.second.hub.accept(carol, alice.person_id)
        await both.settle()
        await alice.until(Bob="live", Carol="live")


async def test_whom_somebody_declined_is_kept_out_though_the_store_was_lost_since() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        await both.second.hub.knock(bob, alice.person_id)
        await both.first.hub.decline(alice, bob.person_id)
        await both.first.hub.leave(alice)
        await both.settle()
        forget_callers(both)
        await both.first.hub.join(alice, "instance-again", direct=True, door=DoorState.OPEN)
        await both.settle()
        with pytest.raises(Refused, match="declined"):
            await both.second.hub.knock(bob, alice.person_id)


async def test_a_store_that_has_callers_as_they_were_before_turns_nobody_out() -> None:
    """As a replica that takes over, and missed what was written last."""
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        before = Changes(callers=tuple((await both.callers.read([alice.person_id])).values()))
        for instance in ("instance-two", "instance-three"):
            await both.first.hub.leave(alice)
            await both.first.hub.join(alice, instance, direct=True)
        await both.first.hub.leave(alice)
        await both.callers.change([], lambda found: before)
        again = await both.first.join(alice.session)
        await both.settle()
        await both.first.hub.repair.heal()
        await both.settle()
        assert again.refused == []
        await again.until()
        assert again.joined


async def test_after_the_store_began_anew_sessions_that_are_put_back_keep_their_voice() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        registry = both.registry.store
        sessions = registry.sessions
        kept, ends_ms = dict(sessions.by_digest), dict(sessions.ends_ms)
        sessions.by_digest.clear()
        sessions.ends_ms.clear()
        registry.leases.epoch = "another"
        forget_callers(both)
        # The hub has not noticed yet.
        for process in (both.first, both.second):
            await process.hub.repair.follow()
        assert (alice.page.closed, bob.page.closed) == (None, None)
        sessions.by_digest.update(kept)
        sessions.ends_ms.update(ends_ms)
        for process in (both.first, both.second):
            await process.presence.rounds.pulse()
            await process.hub.repair.follow()
            await both.settle()
        for one, other in ((alice, bob), (bob, alice)):
            one.process.hub.later(one.process.hub.send_list(one))
            await both.settle()
            await one.until(**{other.session.person.name: "live"})
            assert (one.ends, one.refused) == ([], [])
        assert (await both.callers.read([alice.person_id])).keys() == {alice.person_id}


def forget_callers(both: TwoProcesses) -> None:
    for each in (both.callers.callers, both.callers.ends_ms, both.callers.districts):
        each.clear()


# ---- Processes that die --------------------------------------------------------------------------


async def test_callers_of_a_process_that_died_are_gone_with_its_lease() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.now_ms += LEASE_MS
        await both.first.presence.leases.renew()
        await both.first.pulse()
        await alice.until()
        assert alice.ends == [(bob.person_id, "gone")]


async def test_whoever_comes_over_from_a_dead_process_before_it_is_missed_keeps_their_calls() -> (
    None
):
    async with two_processes() as both:
        alice, bob = await both.met()
        again = await both.first.join(bob.session)
        both.now_ms += LEASE_MS
        await both.first.presence.leases.renew()
        await both.first.pulse()
        await again.until(Alice="live")
        await alice.until(Bob="live")
        assert alice.ends == []


async def test_a_process_that_hung_longer_than_its_lease_puts_its_people_back() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.now_ms += LEASE_MS
        await both.first.presence.leases.renew()
        await both.first.pulse()
        await alice.until()
        await both.second.presence.leases.renew()
        await both.second.hub.repair.heal()
        await both.settle()
        assert bob.refused == []
        await bob.until(Alice="near")
        await alice.until(Bob="near")


async def test_whoever_hears_that_others_took_their_people_for_dead_says_that_they_are_not() -> (
    None
):
    async with two_processes() as both:
        alice, bob = await both.met()
        both.now_ms += LEASE_MS
        await both.first.presence.leases.renew()
        await both.first.presence.rounds.pulse()
        both.first.presence.note_process("a third process")
        await both.first.hub.repair.follow()
        await both.settle()
        assert bob.refused == []
        await bob.until(Alice="near")
        await alice.until(Bob="near")


async def test_people_of_a_process_that_nobody_has_heard_of_yet_are_not_buried() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        both.wire.fate = lambda hint: 0
        await both.speaker("Bob", both.second, BESIDE)
        await both.first.hub.repair.heal()
        assert both.first.presence.leases.processes == {both.first.presence.process}
        await both.first.hub.repair.follow()
        assert alice.timer
        alice.timer.cancel()
        await both.first.hub._send_list(alice)
        assert alice.listed == {}
        await both.first.presence.rounds.pulse()
        await both.first.hub.repair.follow()
        await alice.until(Bob="near")


# ---- Ends and departures that were told nobody ---------------------------------------------------


async def test_an_end_that_no_hint_told_is_told_by_the_rounds_once() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.wire.keep = True
        await both.second.hub.leave(bob)
        await both.settle()
        await both.first.hub.repair.heal()
        for _ in range(4):
            await both.first.hub.repair.follow()
        assert alice.ends == [(bob.person_id, "gone")]
        both.wire.pass_on()
        await both.settle()
        assert alice.ends == [(bob.person_id, "gone")]


async def test_whoever_ended_a_call_is_not_told_so_by_the_rounds() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        await both.second.hub.decline(bob, alice.person_id)
        await both.settle()
        for _ in range(4):
            await both.second.hub.repair.follow()
        assert (alice.ends, bob.ends) == ([(bob.person_id, "declined")], [])


async def test_a_call_that_begins_again_after_a_lost_end_ends_again() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.wire.fate = lambda hint: 0
        await both.second.hub.decline(bob, alice.person_id)
        await both.settle()
        await both.first.hub.repair.heal()
        for _ in range(2):
            await both.first.hub.repair.follow()
        assert alice.ends == [(bob.person_id, "left")]
        both.wire.fate = lambda hint: 1
        await both.call(bob, alice)
        await both.second.hub.leave(bob)
        await both.settle()
        assert alice.ends == [(bob.person_id, "left")] * 2


async def test_an_end_whose_answer_was_lost_is_told_when_the_other_s_process_is_gone() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.now_ms += LEASE_MS
        await both.first.presence.leases.renew()
        await both.first.presence.rounds.pulse()
        store, lost = both.callers.store.change, []

        async def change(*args: Any) -> Any:
            lost.append(await store(*args))
            both.callers.store.change = store
            raise LOST

        both.callers.store.change = change
        with pytest.raises(Refused):
            await both.first.hub.repair.follow()
        assert (len(lost), alice.ends) == (1, [])
        await both.first.hub.repair.heal()
        for _ in range(2):
            await both.first.hub.repair.follow()
        assert alice.ends == [(bob.person_id, "gone")]


async def test_who_left_while_the_store_was_lost_and_whose_district_nobody_here_needs_goes() -> (
    None
):
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        both.callers.failing["change"] = LOST
        both.first.hub.exit(alice)
        await both.settle()
        await both.first.hub.participants.unsubscribe()
        assert both.first.hub.coordinator.cache.districts == set()
        await both.first.hub.repair.heal()
        known = (await both.callers.read([alice.person_id]))[alice.person_id]
        assert (known.process, known.until_ms > 0) == ("", True)
        assert both.first.hub.participants.ghosts() == []


async def test_a_clock_that_was_set_back_keeps_nobody_in_voice_longer() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.second.hub.exit(bob)
        await both.settle()
        await alice.until(Bob="away")
        both.now_ms -= 600_000
        await both.first.presence.leases.renew()
        await both.first.pulse()
        await both.settle()
        await alice.until()
        assert alice.ends == [(bob.person_id, "gone")]
