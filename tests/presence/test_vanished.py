"""Who vanished without a word is gone from every list within a minute of their last sign of life,
and yet whoever was told of somebody was shown to them for half a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neartalk.server.keepalive import PING_S
from presence.delivery.sockets import SILENT_S
from presence.placement import around
from tests.presence.process_pair import ProcessPair, process_pair
from tests.support.processes import AWAY, BESIDE, HERE, LoopClock, PageSocket, turns
from tests.support.processes import person as session_at

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

SHOWN_S, GONE_S = 30, 60
# A silent connection is dropped when it has been for more than one and a half rounds of pings.
DROPPED_S = range(int(1.5 * PING_S) + 1, int(2.5 * PING_S) + 1)


@pytest.fixture(autouse=True)
def _clock(settings: Settings) -> None:
    settings.PLACE_CLOCK = True


class Visits:
    """Alice at the first process vanishes at 0; Bob has been beside her for long."""

    def __init__(
        self, pair: ProcessPair, time: LoopClock, alice: PageSocket, bob: PageSocket
    ) -> None:
        self.pair, self.time, self.alice, self.bob = pair, time, alice, bob
        self.second = 0

    async def pass_s(self, seconds: int) -> None:
        """Both processes do their rounds every 2 s."""
        for _ in range(seconds):
            self.second += 1
            self.pair.now_ms += 1000
            self.alice.page.quiet += 1
            both = self.pair.first, self.pair.second
            for process in both:
                await self.pair.registry.renew(process.hub.process)
            for process in both if self.second % 2 == 0 else ():
                await process.hub.rounds.pulse()
                await turns()
            await self.time.pass_s(1)

    async def comes(self, name: str) -> PageSocket:
        visitor = await session_at(self.pair.registry, name, BESIDE)
        return await self.pair.second.join(visitor)


async def vanished(pair: ProcessPair) -> Visits:
    alice = await pair.first.join(await session_at(pair.registry, "Alice", HERE))
    bob = await pair.second.join(await session_at(pair.registry, "Bob", BESIDE))
    visits = Visits(pair, LoopClock(), alice, bob)
    await visits.pass_s(60)
    visits.second, alice.page.quiet = 0, 0.0
    return visits


@pytest.mark.parametrize("dropped_s", [DROPPED_S[0], 45, DROPPED_S[-1]])
@pytest.mark.parametrize("comes_s", [1, 16, 20, 21, 22, 23, 24, 29, 40, 44, 49])
async def test_who_vanished_is_gone_within_a_minute_and_was_shown_to_whom_they_were_told_of(
    comes_s: int, dropped_s: int
) -> None:
    async with process_pair() as pair:
        visits = await vanished(pair)
        carol: PageSocket | None = None
        told_s = shown_s = gone_s = 0
        for _ in range(2 * GONE_S):
            await visits.pass_s(1)
            if visits.second == comes_s:
                carol = await visits.comes("Carol")
            # A list that was just sent is sent again 5 s later.
            if visits.second in {53, 58}:
                await visits.comes(f"Dora {visits.second}")
            if visits.second == dropped_s:
                pair.first.hub.exit(visits.alice)
            if "Carol" in visits.alice.page.names and not told_s:
                told_s = visits.second
            readers = [one for one in (visits.bob, carol) if one]
            if carol and "Alice" in carol.page.names:
                shown_s = visits.second
            if carol and all("Alice" not in one.page.names for one in readers):
                gone_s = visits.second
                break
        assert 0 < gone_s <= GONE_S
        assert told_s <= SILENT_S + 2
        assert not told_s or shown_s - told_s >= SHOWN_S - 1


async def test_who_is_silent_is_told_of_nobody_and_of_all_of_them_once_they_answer() -> None:
    async with process_pair() as pair:
        visits = await vanished(pair)
        await visits.pass_s(int(SILENT_S) + 3)
        frames = len(visits.alice.page.people_frames)
        await visits.comes("Carol")
        await visits.pass_s(6)
        await visits.comes("Dora")
        await visits.pass_s(1)
        assert len(visits.alice.page.people_frames) == frames
        await pair.second.send_text(visits.bob, "are you there?")
        await turns()
        assert visits.alice.page.texts == ["are you there?"]
        visits.alice.page.quiet = 0
        await visits.pass_s(8)
        assert sorted(visits.alice.page.names) == ["Bob", "Carol", "Dora"]
        assert not pair.first.hub.broadcaster.held_back
        # From then on they follow, as all others do.
        cohort = pair.first.hub.audience.cohort_of(visits.alice)
        assert cohort
        assert visits.alice not in cohort.apart


async def test_the_place_of_whoever_is_silent_takes_effect_once_they_answer() -> None:
    async with process_pair() as pair:
        pair.registry.store.draw = lambda first, last: first
        visits = await vanished(pair)
        await visits.pass_s(10)
        digest, process = visits.alice.session.digest, visits.alice.person.process
        change = await pair.registry.request_place(digest, AWAY, process)
        pair.first.hub.announce(change)
        pending = change.session.timing.pending
        assert pending
        pair.now_ms = max(pair.now_ms, pending.due_ms)
        visits.alice.page.quiet = SILENT_S
        await visits.pass_s(6)
        assert visits.alice.place == HERE
        visits.alice.page.quiet = 0
        await visits.pass_s(2)
        assert visits.alice.place == AWAY


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "at-another-process"])
async def test_whoever_calls_while_their_socket_is_silent_has_looked(*, elsewhere: bool) -> None:
    async with process_pair() as pair:
        visits = await vanished(pair)
        await visits.pass_s(30)
        await visits.comes("Dora")
        await visits.pass_s(17)
        carol = await visits.comes("Carol")
        await pair.settle()
        caller = pair.second if elsewhere else pair.first
        nearby = await around(caller.presence, visits.alice.session)
        assert "Carol" in [one.person.name for one in nearby.shown]
        await pair.settle()
        await visits.pass_s(2)
        pair.first.hub.exit(visits.alice)
        await visits.pass_s(SHOWN_S - 2)
        assert "Alice" in carol.page.names
        await visits.pass_s(GONE_S - SHOWN_S)
        assert "Alice" not in carol.page.names


async def test_of_two_pages_the_one_that_closed_last_says_when_somebody_was_there() -> None:
    """One page is silent for long; the other one was told of somebody and closes at once."""
    async with process_pair() as pair:
        visits = await vanished(pair)
        await visits.pass_s(40)
        other = await pair.first.join(visits.alice.session)
        await visits.pass_s(3)
        carol = await visits.comes("Carol")
        await visits.pass_s(6)
        assert "Carol" in other.page.names
        pair.first.hub.exit(other)
        pair.first.hub.exit(visits.alice)
        await visits.pass_s(SHOWN_S - 6)
        assert "Alice" in carol.page.names
        assert not pair.first.hub.exits.told_ms


def test_a_peer_that_answers_pings_is_never_silent() -> None:
    assert PING_S < SILENT_S
