"""What was said before: at one place it is read at two reaches, whatever somebody chooses."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from chat.feed import is_shown
from chat.feed.rendered_message import RenderedMessage
from chat.messages import Draft, StreamId, message_of
from presence.geo import CELL_DEGREES, RADIUS_STOPS_M, Roughness, cell_at, middle_cell, tile_of
from presence.past import judged_from
from presence.registry import MemoryRegistry
from presence.values import Place
from tests.presence.process_pair import process_pair
from tests.support.clocks import ManualClock
from tests.support.processes import HERE, person

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from presence.values import Session

HOME = (52.52, 13.4)
S = 1_000


@pytest.fixture(autouse=True)
def _clock(settings: Settings) -> None:
    settings.PLACE_CLOCK = True


def away(cells: int) -> Place:
    """So many cells north, 153 m each."""
    return Place(cell_at(HOME[0] + cells * CELL_DEGREES, HOME[1]), 2000)


def said(at_ms: int) -> list[RenderedMessage]:
    """A message from each distance up to 2 km."""
    drafts = [
        Draft("bob", "Bob", away(cells), f"{cells}", "r" * 8, "chat.send", "")
        for cells in range(14)
    ]
    return [
        RenderedMessage(message_of(draft, StreamId(at_ms, seq))) for seq, draft in enumerate(drafts)
    ]


def shown(session: Session, messages: list[RenderedMessage]) -> frozenset[str]:
    return frozenset(one.message.text for one in messages if is_shown(session, one))


class HistoryReader:
    """Somebody without a socket, whose registry's clock the test moves."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.registry = MemoryRegistry(self.clock)
        self.session: Session

    async def come(self, radius_m: int, cell: str = "") -> None:
        await self.registry.open("digest", "Alice")
        await self.ask(radius_m, cell)

    async def ask(self, radius_m: int, cell: str = "") -> None:
        asked = Place(cell or away(0).cell, radius_m)
        self.session = (await self.registry.request_place("digest", asked, "")).session

    async def call(self) -> None:
        self.session = (await self.registry.place("digest", None, "")).session


async def test_the_past_is_read_at_the_reach_one_came_with_and_the_first_other_one() -> None:
    reader = HistoryReader()
    past = said(reader.clock.now_ms - S)
    await reader.come(500)
    seen = {}
    for radius_m in (500, 1000, *RADIUS_STOPS_M):
        await reader.ask(radius_m)
        seen[radius_m] = shown(reader.session, past)
    assert len(seen[500]) < len(seen[1000])
    assert not seen[100] | seen[150] | seen[200] | seen[300] | seen[400]
    assert seen[700] == seen[500]
    assert seen[2000] == seen[1500] == seen[1000]


async def test_what_is_said_from_then_on_is_shown_at_any_reach() -> None:
    reader = HistoryReader()
    await reader.come(500)
    for radius_m in (1000, 2000):
        await reader.ask(radius_m)
    reader.clock.now_ms += S
    assert len(shown(reader.session, said(reader.clock.now_ms))) == 14


async def test_what_was_said_while_one_was_there_has_a_distance_and_no_bounds() -> None:
    reader = HistoryReader()
    await reader.come(300)
    heard = said(reader.clock.now_ms + S)
    reader.clock.now_ms += 2 * S
    for radius_m in (500, 1000, 2000):
        await reader.ask(radius_m)
    assert len(shown(reader.session, heard)) == 14


async def test_what_was_said_while_one_was_gone_is_judged_by_the_reach_of_that_time() -> None:
    reader = HistoryReader()
    await reader.come(500)
    reader.clock.now_ms += 100 * S
    missed = said(reader.clock.now_ms)
    reader.clock.now_ms += 100 * S
    await reader.call()
    at_500 = shown(reader.session, missed)
    assert 0 < len(at_500) < 14
    await reader.ask(2000)
    assert shown(reader.session, missed) == at_500, "what was shown is shown; no more is"
    await reader.ask(100)
    assert shown(reader.session, missed) == frozenset()
    for radius_m in (2000, 1000, 700, 500):
        await reader.ask(radius_m)
        assert shown(reader.session, missed) == at_500


async def test_a_move_begins_anew() -> None:
    reader = HistoryReader()
    past = said(reader.clock.now_ms - S)
    await reader.come(500)
    for radius_m in (1000, 2000):
        await reader.ask(radius_m)
    reader.clock.now_ms += 700 * S
    await reader.ask(2000, away(1).cell)
    reader.clock.now_ms += 30 * S
    await reader.call()
    assert reader.session.person.place.cell == away(1).cell
    assert reader.session.timing.reaches == (2000,)
    assert len(shown(reader.session, past)) == 14


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_one_does_the_past_of_a_place_has_two_bounds(seed: int) -> None:
    chance = random.Random(seed)
    reader = HistoryReader()
    past = said(reader.clock.now_ms - S)
    await reader.come(chance.choice(RADIUS_STOPS_M))
    missed: dict[int, tuple[list[RenderedMessage], set[frozenset[str]]]] = {}
    seen = {shown(reader.session, past)}
    for _ in range(60):
        reader.clock.now_ms += chance.choice([1, 10, 50, 70, 200]) * S
        messages = said(reader.clock.now_ms)
        reader.clock.now_ms += chance.choice([1, 10, 50, 70, 200]) * S
        if chance.random() < 0.8:
            await reader.ask(chance.choice(RADIUS_STOPS_M))
        else:
            await reader.call()
        seen.add(shown(reader.session, past))
        if not reader.session.in_cell_at(messages[0].sent_ms):
            missed[messages[0].sent_ms] = messages, set()
        for each, bounds in missed.values():
            bounds.add(shown(reader.session, each))
    assert len(seen - {frozenset()}) <= 2
    assert missed
    assert all(len(bounds - {frozenset()}) <= 1 for _, bounds in missed.values())


async def test_a_socket_is_sent_the_past_by_the_same_rule() -> None:
    """And what it lacks there tells nothing at the next place either."""
    async with process_pair() as pair:
        pair.registry.store.draw = lambda first, last: first
        bobs = [
            await pair.first.join(await person(pair.registry, "Bob", away(cells)))
            for cells in range(1, 14)
        ]
        for bob in bobs:
            await pair.first.send_text(bob, bob.place.cell)
        pair.now_ms += S
        alice = await pair.first.join(await person(pair.registry, "Alice", Place(HERE.cell, 500)))
        came = set(alice.page.texts)

        async def reach(radius_m: int, cell: str = HERE.cell) -> set[str]:
            before = len(alice.page.texts)
            asked = Place(cell, radius_m)
            held_by = alice.person.process
            change = await pair.registry.request_place(alice.session.digest, asked, held_by)
            pair.first.hub.announce(change)
            await pair.settle()
            return set(alice.page.texts[before:])

        wider = await reach(1000)
        assert came
        assert wider
        assert not came & wider
        assert await reach(2000) == set()
        assert await reach(150) == set()
        pair.now_ms += 700 * S
        await reach(2000, away(1).cell)
        before = len(alice.page.texts)
        await pair.first.poll()
        assert alice.place.cell == away(1).cell
        later = set(alice.page.texts[before:])
        assert came | wider | later == {bob.place.cell for bob in bobs}


async def test_a_message_taken_back_has_no_third_bound_either() -> None:
    async with process_pair() as pair:
        far = await pair.first.join(await person(pair.registry, "Bob", away(10)))
        await pair.first.send_text(far, "far away")
        pair.now_ms += S
        alice = await pair.first.join(await person(pair.registry, "Alice", Place(HERE.cell, 300)))
        for radius_m in (500, 2000):
            asked = Place(HERE.cell, radius_m)
            change = await pair.registry.request_place(
                alice.session.digest, asked, alice.person.process
            )
            pair.first.hub.announce(change)
            await pair.settle()
        (sent,) = far.page.all("chat.ack")
        await pair.first.feed.sender.remove(far, sent["id"])
        await pair.settle()
        assert alice.page.all("chat.gone") == []
        assert judged_from(alice.session, 0) == Place(HERE.cell, 500)


@pytest.mark.parametrize("widest", [500, 2000])
async def test_a_message_taken_back_is_told_of_where_one_was_if_it_was_shown_there(
    widest: int,
) -> None:
    """What was sent at a reach of before is taken back; what was not, was not there."""
    async with process_pair() as pair:
        far = await pair.first.join(await person(pair.registry, "Bob", away(10)))
        await pair.first.send_text(far, "far away")
        pair.now_ms += S
        alice = await pair.first.join(await person(pair.registry, "Alice", Place(HERE.cell, 300)))
        for radius_m in (widest, 2000, 300):
            asked = Place(HERE.cell, radius_m)
            change = await pair.registry.request_place(
                alice.session.digest, asked, alice.person.process
            )
            pair.first.hub.announce(change)
            await pair.settle()
        (sent,) = far.page.all("chat.ack")
        await pair.first.feed.sender.remove(far, sent["id"])
        await pair.settle()
        told = [one["ids"] for one in alice.page.all("chat.gone")]
        assert told == ([[sent["id"]]] if "far away" in alice.page.texts else [])
        assert ("far away" in alice.page.texts) == (widest == 2000)


async def test_whoever_chooses_how_finely_they_are_placed_reads_no_more_of_the_past() -> None:
    """In the middle cell of a tile an area and a block are one cell."""
    middle = middle_cell(tile_of(away(0).cell))
    reader = HistoryReader()
    past = said(reader.clock.now_ms - S)
    await reader.come(300, middle)
    seen = {shown(reader.session, past)}
    for radius_m, roughness in (
        (500, Roughness.AREA),
        (1000, Roughness.BLOCK),
        (2000, Roughness.AREA),
    ):
        reader.clock.now_ms += 200 * S
        asked = Place(middle, radius_m, roughness)
        await reader.registry.request_place("digest", asked, "")
        reader.clock.now_ms += 200 * S
        await reader.call()
        assert reader.session.person.place == asked
        seen.add(shown(reader.session, past))
    assert len(seen) == 2
