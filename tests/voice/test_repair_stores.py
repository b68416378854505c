"""What rounds put right when the store of calls fails, or comes back without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neartalk.codes import CODES, Refused
from tests.voice.processes import BESIDE, two_processes
from voice.call_graph import Changes
from voice.callers import AWAY_MS, DoorState

if TYPE_CHECKING:
    from tests.voice.processes import PageConnection, TwoProcesses

pytestmark = pytest.mark.usefixtures("no_rounds")

LOST = Refused("store-unavailable", retry_after=2)


# ---- A store that does not answer ----------------------------------------------------------------


async def test_a_session_that_ended_while_the_store_was_lost_is_taken_out_later() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        both.registry.sessions.ends_ms[bob.session.digest] = both.now_ms
        both.callers.failing["change"] = LOST
        with pytest.raises(Refused):
            await both.second.hub.repair.follow()
        assert bob.page.closed == CODES["left"].close
        await gone_after_a_while(both, alice, bob)


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


async def test_a_shield_that_the_store_did_not_take_is_up_after_the_next_round() -> None:
    async with two_processes() as both:
        alice, _ = await both.met()
        both.callers.failing["change"] = LOST
        with pytest.raises(Refused, match="store-unavailable"):
            await both.first.hub.join(alice, "instance-anew", direct=False)
        await both.first.hub.repair.follow()
        known = (await both.callers.read([alice.person_id]))[alice.person_id]
        assert (known.direct, known.instance) == (False, "instance-anew")


# ---- A store that forgot -------------------------------------------------------------------------


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


async def test_a_mute_that_went_to_nobody_as_the_store_began_anew_is_told_once_calls_are_back() -> (
    None
):
    async with two_processes() as both:
        alice, bob = await both.met()
        both.registry.store.leases.epoch = "another"
        both.first.hub.coordinator.cache.remove(bob.person_id)
        await both.first.hub.send_state(alice, muted=True)
        await both.settle()
        assert bob.page.all("voice.state") == []
        await both.first.pulse()
        await both.settle()
        await both.first.hub.repeat_states()
        await both.settle()
        assert [one["muted"] for one in bob.page.all("voice.state")] == [True]
        for _ in range(10):
            await both.first.hub.repeat_states()
        await both.settle()
        assert len(bob.page.all("voice.state")) < 10, "for a few rounds"


def forget_callers(both: TwoProcesses) -> None:
    for each in (both.callers.callers, both.callers.ends_ms, both.callers.districts):
        each.clear()
