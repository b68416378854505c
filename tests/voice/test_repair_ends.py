"""Each end of a call is told once, whatever lost the news of it: two processes on one memory."""

from __future__ import annotations

from typing import Any

import pytest

from neartalk.codes import CODES, Refused
from presence.registry import LEASE_MS
from tests.voice.processes import AWAY, two_processes

pytestmark = pytest.mark.usefixtures("no_rounds")

LOST = Refused("store-unavailable", retry_after=2)


# ---- Ends that hints told late, twice or to nobody -----------------------------------------------


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
