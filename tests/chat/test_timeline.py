"""Arrivals are served from what this process has handed over; the store is asked for the rest."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from chat.feed import ARRIVAL_MAX, RenderedMessage
from chat.feed.timeline import ENTRIES_MAX, Timeline
from chat.history import MemoryHistory, life_ms
from chat.messages import BEGINNING, Draft, Message, Retraction, StreamId, next_id
from presence.geo import tile_of
from presence.registry import MemoryRegistry
from tests.support.processes import BESIDE, HERE, Halting, Process, person, running

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chat.history.contract import Reading
    from presence.geo import Tile

START_MS = 1_795_000_000_000


class CountingHistory(MemoryHistory):
    """Counts how many entries were read from it, and lets a test set its clock."""

    def __init__(self) -> None:
        self.now = START_MS
        super().__init__(clock=lambda: self.now)
        self.pages = self.entries = 0

    async def page(
        self, below: Mapping[Tile, StreamId | None], since_ms: Mapping[Tile, int], count: int
    ) -> Reading:
        reading = await super().page(below, since_ms, count)
        self.pages += 1
        self.entries += sum(map(len, reading.entries.values()))
        return reading


class CountingProcess(Process):
    """One process whose store and hub share a clock."""

    def __init__(self) -> None:
        self.store = CountingHistory()
        self.history = Halting(self.store)
        super().__init__(MemoryRegistry(clock=lambda: self.store.now), self.history)

    async def keep_messages(self, count: int) -> list[str]:
        """So many messages straight into the store, of many people."""
        texts = [f"{turn}" for turn in range(count)]
        for text in texts:
            self.store.now += 1
            draft = Draft(secrets.token_hex(8), "Bob", BESIDE, text, secrets.token_hex(8))
            await self.store.append(draft)
        return texts


async def test_those_who_come_later_cost_the_store_nothing() -> None:
    process = CountingProcess()
    async with running(process):
        said = await process.keep_messages(300)
        first = await process.join(await person(process.hub.registry, "First", HERE))
        assert first.page.texts == said[-ARRIVAL_MAX:]
        said += await process.keep_messages(50)
        read = process.store.pages
        for name in ("Second", "Third"):
            later = await process.join(await person(process.hub.registry, name, HERE))
            assert later.page.texts == said[-ARRIVAL_MAX:]
        assert process.store.pages == read


async def test_a_quiet_tile_is_read_once() -> None:
    process = CountingProcess()
    async with running(process):
        said = await process.keep_messages(3)
        for name in ("First", "Second", "Third"):
            one = await process.join(await person(process.hub.registry, name, HERE))
            assert one.page.texts == said
        assert process.store.pages == 1


async def test_who_moved_is_shown_what_the_timeline_holds_of_the_new_place() -> None:
    process = CountingProcess()
    async with running(process):
        alice = await process.join(await person(process.hub.registry, "Alice", HERE))
        bob = await process.join(await person(process.hub.registry, "Bob", BESIDE))
        await process.send_text(alice, "mine")
        read = process.store.pages
        change = await process.hub.registry.place(bob.session.digest, HERE, process.hub.process)
        process.hub.announce(change)
        await bob.page.until(lambda: bob.page.all("mark")[1:] != [])
        assert bob.page.texts == ["mine"]
        assert process.store.pages == read


async def test_what_is_taken_back_while_a_page_is_read_is_not_shown_to_who_comes_later() -> None:
    process = CountingProcess()
    async with running(process):
        await process.keep_messages(1)
        process.store.now += 1000
        stop = process.history.stop("after", "page")
        bob = await process.begin_join(await person(process.hub.registry, "Bob", BESIDE))
        await stop.arrived()
        found = await process.store.after({tile_of(BESIDE.cell): BEGINNING})
        [message] = found.entries[tile_of(BESIDE.cell)]
        assert isinstance(message, Message)
        removed = await process.store.remove([message.tile], message.id, message.person_id)
        assert removed
        process.feed.sequencer.apply(*removed)
        stop.open.set()
        await bob.task
        carol = await process.join(await person(process.hub.registry, "Carol", BESIDE))
        assert carol.page.texts == []


async def test_what_was_taken_back_is_not_shown_to_who_comes_later() -> None:
    process = CountingProcess()
    async with running(process):
        alice = await process.join(await person(process.hub.registry, "Alice", HERE))
        await process.send_text(alice, "stays")
        await process.send_text(alice, "goes")
        await process.feed.sender.remove(alice, alice.page.all("chat.ack")[-1]["id"])
        bob = await process.join(await person(process.hub.registry, "Bob", BESIDE))
        assert bob.page.texts == ["stays"]


async def test_what_has_lived_its_time_is_not_shown_and_not_kept() -> None:
    process = CountingProcess()
    async with running(process):
        alice = await process.join(await person(process.hub.registry, "Alice", HERE))
        await process.send_text(alice, "old")
        process.store.now += life_ms() - 1
        await process.send_text(alice, "young")
        bob = await process.join(await person(process.hub.registry, "Bob", BESIDE))
        assert bob.page.texts == ["old", "young"]
        process.store.now += 1
        carl = await process.join(await person(process.hub.registry, "Carl", BESIDE))
        assert carl.page.texts == ["young"]
        await process.feed.trim()
        held = [
            shown
            for timeline in process.feed.sequencer.timelines.values()
            for shown in timeline.entries
        ]
        assert [shown.message.text for shown in held if isinstance(shown, RenderedMessage)] == [
            "young"
        ]


async def test_what_an_arrival_is_shown_goes_by_the_stores_clock() -> None:
    """What the process knows of it was learned when an answer was late, or a while ago."""
    process = CountingProcess()
    async with running(process):
        alice = await process.join(await person(process.hub.registry, "Alice", HERE))
        await process.send_text(alice, "old")
        process.store.now += life_ms()
        process.hub.clock.skew_ms = -1_000
        bob = await process.join(await person(process.hub.registry, "Bob", BESIDE))
        assert bob.page.texts == []


def message(turn: int) -> Message:
    return Message(StreamId(START_MS + turn, 0), "bob", "Bob", HERE, f"{turn}", f"ref-{turn:08}")


def test_a_timeline_is_bounded_and_knows_from_where_on_it_holds_everything() -> None:
    timeline = Timeline()
    timeline.begin(START_MS)
    for turn in range(ENTRIES_MAX + 5):
        timeline.apply(message(turn))
    assert len(timeline.entries) == ENTRIES_MAX
    assert timeline.since == next_id(message(4).at)
    assert timeline.entries[0].at == message(5).at
    assert timeline.is_partial(START_MS)


@pytest.mark.parametrize("lost", [True, False])
def test_of_a_store_that_began_anew_nothing_of_before_is_held(lost: bool) -> None:
    timeline = Timeline()
    timeline.begin(START_MS)
    last = timeline.apply(message(1)).at
    timeline.rewind(lost=lost)
    assert [*timeline.entries] == []
    assert timeline.last == (BEGINNING if lost else last)
    assert timeline.since == next_id(timeline.last)


def test_two_who_read_the_same_page_add_it_once() -> None:
    timeline = Timeline()
    timeline.begin(START_MS + 10)
    below, older = timeline.since, [RenderedMessage(message(turn)) for turn in (8, 9)]
    timeline.prepend(below, older, full=True)
    timeline.prepend(below, older, full=True)
    assert [*timeline.alive(START_MS)] == older
    assert timeline.since == older[0].at
    timeline.prepend(timeline.since, [], full=False)
    assert not timeline.is_partial(START_MS)


def test_a_removal_takes_its_message_out_of_the_timeline() -> None:
    timeline = Timeline()
    timeline.begin(START_MS)
    said = timeline.apply(message(1))
    assert isinstance(said, RenderedMessage)
    retraction = Retraction(message(2).at, HERE, said.person_id, said.id)
    timeline.apply(retraction)
    assert [*timeline.entries] == [retraction]
