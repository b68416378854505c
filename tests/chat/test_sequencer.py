"""Every tile is broadcast in order, once, by every process, whatever becomes of the hints."""

import random
from typing import Any

import pytest

from chat.feed import (
    Feed,
)
from chat.history import MemoryHistory
from neartalk.codes import Refused
from presence.geo import tiles_within
from presence.registry import MemoryRegistry
from tests.chat.two_processes import Open, alice_and_bob, two_processes
from tests.support.processes import (
    HERE,
    Halting,
    LoopClock,
    Process,
    settled,
    shuffled,
    turns,
)

pytestmark = pytest.mark.usefixtures("no_rounds")


# ---- Hints lost, late, twice, out of order -----------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_everybody_sees_everything_once_and_in_order_whatever_becomes_of_the_hints(
    stores: Open, seed: int
) -> None:
    rng = random.Random(seed)
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        wire.keep = True
        said: dict[str, list[str]] = {"a": [], "b": []}
        for turn in range(60):
            process, speaker, name = rng.choice([(first, alice, "a"), (second, bob, "b")])
            said[name].append(f"{name}{turn}")
            await process.send_text(speaker, f"{name}{turn}")
            if rng.random() < 0.3:
                await settled(first, second)
                wire.kept = [one for one in wire.kept if rng.random() > 0.2]
                wire.kept += rng.sample(wire.kept, len(wire.kept) // 3)
                wire.pass_on(shuffled(rng))
                await settled(first, second)
        for process in (first, second):
            await process.poll()
        await LoopClock().pass_s(1)
        for socket in (alice, bob):
            for name, texts in said.items():  # each in a tile of their own
                assert [text for text in socket.page.texts if text[0] == name] == texts


async def test_a_gap_that_the_next_hints_close_is_not_read(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        time, second.feed.sequencer.reorder_delay_s = LoopClock(), 0.02
        wire.keep = True
        for text in ("one", "two", "three"):
            await first.send_text(alice, text)
        await settled(first)
        wire.pass_on(lambda kept: kept[::-1])
        await turns()
        await time.pass_s(1)
        assert bob.page.texts == ["one", "two", "three"]
        assert second.feed.sequencer.gaps == {"hint": 1, "reading": 0, "poll": 0}
        for text in ("four", "five"):
            await first.send_text(alice, text)
        await settled(first)
        wire.pass_on(lambda kept: kept[1:])
        await turns()
        assert len(bob.page.texts) == 3
        await time.pass_s(0.021)
        await settled(second)
        await time.pass_s(1)
        assert bob.page.texts == ["one", "two", "three", "four", "five"]
        assert second.feed.sequencer.gaps == {"hint": 1, "reading": 1, "poll": 0}


async def test_what_a_hint_shows_to_be_missing_is_read_before_it_is_handed_over(
    stores: Open,
) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        wire.keep = True
        for text in ("one", "two"):
            await first.send_text(alice, text)
        await settled(first)
        late = wire.kept.pop(0)
        wire.pass_on()
        await settled(second)
        await LoopClock().pass_s(1)
        assert bob.page.texts == ["one", "two"]
        assert second.feed.sequencer.gaps["reading"] == 1
        wire.arrive(*late)
        await settled(second)
        await LoopClock().pass_s(1)
        assert bob.page.texts == ["one", "two"]


async def test_the_poll_finds_a_last_hint_that_was_dropped(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        wire.fate = lambda hint: 0
        await first.send_text(alice, "nobody was told")
        await settled(first, second)
        assert bob.page.texts == []
        await second.poll()
        assert bob.page.texts == ["nobody was told"]
        await second.poll()
        assert bob.page.texts == ["nobody was told"]
        assert second.feed.sequencer.gaps == {"hint": 0, "reading": 0, "poll": 1}


async def test_a_hint_of_what_is_gone_from_history_is_looked_for_once(
    stores: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stores() as found:
        registry, history = found[0], Halting(found[1])
        async with two_processes((registry, history)) as (first, second, wire):
            alice, bob = await alice_and_bob(first, second)
            wire.keep = True
            for text in ("one", "two"):
                await first.send_text(alice, text)
            await settled(first)
            del wire.kept[0]
            empty = await history.after({})
            reads = 0

            async def forgotten(last: Any) -> Any:
                nonlocal reads
                reads += 1
                return type(empty)(empty.now_ms, {tile: [] for tile in last})

            monkeypatch.setattr(history.store, "after", forgotten)
            wire.pass_on()
            await settled(second)
            assert reads == 1
            assert bob.page.texts == []


async def test_a_repair_that_fails_is_left_to_the_poll(stores: Open) -> None:
    async with stores() as found:
        registry, history = found[0], Halting(found[1])
        async with two_processes((registry, history)) as (first, second, wire):
            alice, bob = await alice_and_bob(first, second)
            wire.keep = True
            for text in ("one", "two"):
                await first.send_text(alice, text)
            await settled(first)
            del wire.kept[0]
            history.failing["after"] = Refused("store-unavailable")
            wire.pass_on()
            await settled(second)
            assert bob.page.texts == []
            await second.poll()
            await LoopClock().pass_s(1)
            assert bob.page.texts == ["one", "two"]


# ---- A store that begins anew ------------------------------------------------------------------


async def test_what_was_acked_after_a_restart_is_shown_though_nobody_was_told(
    stores: Open,
) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        await first.send_text(alice, "before")
        await settled(first, second)
        wire.fate = lambda hint: 0
        await first.send_text(alice, "after")
        for process in (first, second):
            await process.hub.rounds.restart("another")
            await settled(first, second)
        await LoopClock().pass_s(1)
        assert alice.page.texts == bob.page.texts == ["before", "after"]
        for socket in (alice, bob):
            signals = [kind for kind in socket.page.kinds if kind in {"welcome", "gap", "mark"}]
            assert signals[-3:] == ["welcome", "gap", "mark"]
            assert socket.page.all("welcome")[-1]["epoch"] == "another"
            assert socket.page.all("gap") == [{"type": "gap", "reason": "restarted"}]


async def test_a_store_that_begins_anew_with_a_clock_behind_is_read_from_its_beginning() -> None:
    now = [1_700_000_000_000]
    registry, history = MemoryRegistry(lambda: now[0]), MemoryHistory(lambda: now[0])
    async with two_processes((registry, history)) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        await first.send_text(alice, "before")
        await settled(first, second)
        history.streams.clear()
        now[0] -= 60_000
        wire.fate = lambda hint: 0
        await first.send_text(alice, "after")
        await settled(first, second)
        await second.hub.rounds.restart("another")
        await LoopClock().pass_s(1)
        assert bob.page.texts == ["before", "after"]
        assert second.feed.mark_ms <= now[0]


# ---- Subscriptions -----------------------------------------------------------------------------


async def test_the_feed_follows_no_tile_that_nobody_reaches(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, _):
        alice, _ = await alice_and_bob(first, second)
        assert first.feed.sequencer.timelines.keys() == tiles_within(*HERE.circle)
        first.hub.exit(alice)
        await first.poll()
        assert first.feed.sequencer.timelines == {}


def test_the_feed_is_the_hubs_source() -> None:
    process = Process(MemoryRegistry(), MemoryHistory())
    assert isinstance(process.hub.runner.source, Feed)
