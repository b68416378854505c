"""Callers of a process that dies or hangs: gone with its lease, or kept where they came over."""

from __future__ import annotations

import pytest

from presence.registry import LEASE_MS
from tests.voice.processes import BESIDE, two_processes

pytestmark = pytest.mark.usefixtures("no_rounds")


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
