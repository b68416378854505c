"""A mark leaves nothing out: who comes back with it is shown everything from it on."""

import asyncio

import pytest

from chat.feed import replayer
from chat.history import History, MemoryHistory
from presence.registry import MemoryRegistry
from tests.chat.two_processes import Open, alice_and_bob, two_processes
from tests.support.clocks import ManualClock
from tests.support.processes import (
    AWAY,
    BESIDE,
    HERE,
    Halting,
    LoopClock,
    Process,
    person,
    running,
    turns,
)
from tests.support.waiting import deadline

pytestmark = pytest.mark.usefixtures("no_rounds")

HaltingStores = tuple[MemoryRegistry, Halting]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def halting(clock: ManualClock) -> HaltingStores:
    """Stores by a clock that the test moves, of which the history can be stopped in a call."""
    return MemoryRegistry(clock), Halting(MemoryHistory(clock))


async def test_a_mark_is_the_time_before_anything_was_read(
    clock: ManualClock, halting: HaltingStores
) -> None:
    registry, history = halting
    async with two_processes((registry, history)) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        wire.fate = lambda hint: 0
        clock.now_ms += 2_000
        stop = history.stop("after", "after")
        polling = asyncio.create_task(second.hub.rounds.pulse())
        await stop.arrived()
        read_ms = clock.now_ms
        clock.now_ms += 500
        await first.send_text(alice, "while it was read")
        stop.open.set()
        await polling
        await second.hub.rounds.mark()
        assert bob.page.all("mark")[-1]["mark"] == second.feed.mark_ms == read_ms
        assert bob.page.texts == []


@pytest.mark.parametrize("begun", ["before", "meanwhile"])
async def test_a_mark_does_not_move_while_new_tiles_are_not_read_yet(
    clock: ManualClock, halting: HaltingStores, begun: str
) -> None:
    registry, history = halting
    async with two_processes((registry, history)) as (first, second, _):
        await alice_and_bob(first, second)
        await second.hub.rounds.pulse()
        before_ms = second.feed.mark_ms
        clock.now_ms += 2_000
        begin = history.stop("after", "now_ms")
        charlie = person(registry, "Charlie", AWAY)
        if begun == "before":
            arriving = await second.begin_join(await charlie)
            await begin.arrived()
        poll = history.stop("after", "after")
        polling = asyncio.create_task(second.feed.poll())
        await poll.arrived()
        if begun == "meanwhile":
            arriving = await second.begin_join(await charlie)
            await begin.arrived()
        begin.open.set()
        await arriving.task
        poll.open.set()
        await polling
        assert second.feed.mark_ms == before_ms
        await second.hub.rounds.pulse()
        assert second.feed.mark_ms == clock.now_ms


async def test_who_comes_back_to_a_process_that_is_behind_leaves_no_hole_for_the_others(
    stores: Open,
) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        registry, history = found
        alice, bob = await alice_and_bob(first, second)
        session = await person(registry, "Charlie", BESIDE)
        wire.fate = lambda hint: 0
        await first.send_text(alice, "before the mark")
        mark = await later_than(history, await history.now_ms())
        await first.send_text(alice, "after the mark")
        charlie = await second.join(session, since_ms=mark)
        await LoopClock().pass_s(1)
        assert charlie.page.texts[0] == "after the mark"
        assert bob.page.texts == ["before the mark", "after the mark"]


async def later_than(history: History, ms: int) -> int:
    """The store's clock once it shows more than `ms`."""
    async with deadline(f"a time after {ms}"):
        while (now := await history.now_ms()) <= ms:
            await turns()
    return now


async def test_who_comes_back_is_shown_everything_from_the_mark_on_that_millisecond_included(
    clock: ManualClock,
) -> None:
    registry = MemoryRegistry(clock)
    process = Process(registry, MemoryHistory(clock))
    async with running(process):
        session = await person(registry, "Bob", BESIDE)
        alice = await process.join(await person(registry, "Alice", HERE))
        for text in ("before", "at the mark", "after"):
            clock.now_ms += 1_000
            await process.send_text(alice, text)
        bob = await process.join(session, since_ms=clock.now_ms - 1_000)
        assert bob.page.texts == ["at the mark", "after"]
        assert bob.page.all("mark")[0]["mark"] == clock.now_ms


async def test_who_comes_back_is_told_of_removals_from_the_mark_on_that_millisecond_included(
    clock: ManualClock,
) -> None:
    registry = MemoryRegistry(clock)
    process = Process(registry, MemoryHistory(clock))
    async with running(process):
        session = await person(registry, "Bob", BESIDE)
        alice = await process.join(await person(registry, "Alice", HERE))
        for text in ("first", "second", "third"):
            await process.send_text(alice, text)
        removed = [frame["id"] for frame in alice.page.all("chat.ack")]
        for message_id in removed:
            clock.now_ms += 1_000
            await process.feed.sender.remove(alice, message_id)
        bob = await process.join(session, since_ms=clock.now_ms - 1_000)
        assert bob.page.all("chat.gone") == [{"type": "chat.gone", "ids": removed[1:]}]


async def test_a_mark_from_before_a_move_counts_as_none(stores: Open) -> None:
    async with stores() as (registry, history):
        process = Process(registry, history)
        async with running(process):
            alice = await process.join(await person(registry, "Alice", HERE))
            await process.send_text(alice, "hello")
            mark = await history.now_ms()
            session = await person(registry, "Bob", AWAY)
            session = (await registry.place(session.digest, BESIDE, "")).session
            bob = await process.join(session, since_ms=max(mark, session.placed_ms) - 60_000)
            assert bob.page.texts == ["hello"]


async def test_more_than_fits_is_said_with_a_gap(
    stores: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replayer, "RESUME_MAX", 5)
    async with stores() as (registry, history):
        process = Process(registry, history)
        async with running(process):
            session = await person(registry, "Bob", BESIDE)
            alice = await process.join(await person(registry, "Alice", HERE))
            for turn in range(8):
                await process.send_text(alice, f"{turn}")
            bob = await process.join(session, since_ms=session.placed_ms)
            assert bob.page.texts == ["3", "4", "5", "6", "7"]
            assert bob.page.all("gap") == [{"type": "gap", "reason": "too-much"}]
