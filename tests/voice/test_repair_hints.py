"""What rounds put right when hints are lost, late or repeated: two processes on one memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.voice.processes import AWAY, BESIDE, two_processes

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.usefixtures("no_rounds")


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
