"""From history to the sockets of every process: in order, once, whatever becomes of the hints."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from chat.feed import (
    ARRIVAL_MAX,
    Feed,
    RenderedMessage,
    load_newest,
    paging,
    reaches,
    replayer,
)
from chat.history import History, MemoryHistory
from chat.history.redis import RedisHistory
from chat.messages import Draft, StreamId
from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.redis.client import connect
from presence.geo import cell_at, in_range, tile_of, tiles_within
from presence.people import Place
from presence.registry import MemoryRegistry, RedisRegistry, Registry
from tests.support.hubs import (
    AWAY,
    BESIDE,
    HERE,
    Halting,
    Process,
    Seat,
    Stop,
    Time,
    Wire,
    never,
    person,
    running,
    settled,
    shuffled,
    turns,
)

Stores = tuple[Registry, History]
Open = Callable[[], AbstractAsyncContextManager[Stores]]


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(Background, "_round", never)
    settings.RATE_LIMITS_SCALE = 100_000


@asynccontextmanager
async def memory_stores() -> AsyncIterator[Stores]:
    yield MemoryRegistry(), MemoryHistory()


@pytest.fixture(params=["memory", "redis"])
def stores(request: pytest.FixtureRequest) -> Iterator[Open]:
    if request.param == "memory":
        yield memory_stores
        return
    url = request.getfixturevalue("redis_url")

    @asynccontextmanager
    async def redis_stores() -> AsyncIterator[Stores]:
        client = connect(url)
        try:
            yield RedisRegistry(client), RedisHistory(client)
        finally:
            await client.aclose()

    yield redis_stores


@asynccontextmanager
async def two_processes(
    stores: Stores, of_second: tuple[Any, Any] | None = None
) -> AsyncIterator[tuple[Process, Process, Wire]]:
    wire = Wire()
    registry, history = of_second or stores
    first, second = Process(*stores, wire), Process(registry, history, wire)
    async with running(first, second):
        yield first, second, wire


async def alice_and_bob(first: Process, second: Process) -> tuple[Seat, Seat]:
    """Near each other, each at a process of their own."""
    alice = await first.come(await person(first.hub.registry, "Alice", HERE))
    bob = await second.come(await person(second.hub.registry, "Bob", BESIDE))
    await settled(first, second)
    return alice, bob


def in_one_piece(page: Any) -> bool:
    """Nothing came twice on the wire."""
    return len(set(page.texts)) == len(page.texts)


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
            await process.say(speaker, f"{name}{turn}")
            if rng.random() < 0.3:
                await settled(first, second)
                wire.kept = [one for one in wire.kept if rng.random() > 0.2]
                wire.kept += rng.sample(wire.kept, len(wire.kept) // 3)
                wire.pass_on(shuffled(rng))
                await settled(first, second)
        for process in (first, second):
            await process.poll()
        await Time().pass_s(1)
        for seat in (alice, bob):
            for name, texts in said.items():  # each in a tile of their own
                assert [text for text in seat.page.texts if text[0] == name] == texts


async def test_a_gap_that_the_next_hints_close_is_not_read(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        time, second.feed.sequencer.reorder_delay_s = Time(), 0.02
        wire.keep = True
        for text in ("one", "two", "three"):
            await first.say(alice, text)
        await settled(first)
        wire.pass_on(lambda kept: kept[::-1])
        await turns()
        await time.pass_s(1)
        assert bob.page.texts == ["one", "two", "three"]
        assert second.feed.sequencer.gaps["reading"] == 0
        for text in ("four", "five"):
            await first.say(alice, text)
        await settled(first)
        wire.pass_on(lambda kept: kept[1:])
        await turns()
        assert len(bob.page.texts) == 3
        await time.pass_s(0.021)
        await settled(second)
        await time.pass_s(1)
        assert bob.page.texts == ["one", "two", "three", "four", "five"]
        assert second.feed.sequencer.gaps["reading"] == 1


async def test_what_a_hint_shows_to_be_missing_is_read_before_it_is_handed_over(
    stores: Open,
) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        wire.keep = True
        for text in ("one", "two"):
            await first.say(alice, text)
        await settled(first)
        late = wire.kept.pop(0)
        wire.pass_on()
        await settled(second)
        await Time().pass_s(1)
        assert bob.page.texts == ["one", "two"]
        assert second.feed.sequencer.gaps["reading"] == 1
        wire.arrive(*late)
        await settled(second)
        await Time().pass_s(1)
        assert bob.page.texts == ["one", "two"]


async def test_the_poll_finds_a_last_hint_that_was_dropped(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        wire.fate = lambda hint: 0
        await first.say(alice, "nobody was told")
        await settled(first, second)
        assert bob.page.texts == []
        await second.poll()
        assert bob.page.texts == ["nobody was told"]
        await second.poll()
        assert bob.page.texts == ["nobody was told"]


async def test_a_hint_of_what_is_gone_from_history_is_looked_for_once(
    stores: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stores() as found:
        registry, history = found[0], Halting(found[1])
        async with two_processes((registry, history)) as (first, second, wire):
            alice, bob = await alice_and_bob(first, second)
            wire.keep = True
            for text in ("one", "two"):
                await first.say(alice, text)
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
                await first.say(alice, text)
            await settled(first)
            del wire.kept[0]
            history.failing["after"] = Refused("store-unavailable")
            wire.pass_on()
            await settled(second)
            assert bob.page.texts == []
            await second.poll()
            await Time().pass_s(1)
            assert bob.page.texts == ["one", "two"]


# ---- Sending ------------------------------------------------------------------------------------


async def test_the_ack_comes_before_the_own_copy_and_names_it(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, _):
        alice, _bob = await alice_and_bob(first, second)
        await first.feed.sender.send(alice, "hello", "ref-00001")
        ack, copy = (
            frame for frame in alice.page.frames if frame["type"] in {"chat.ack", "chat.message"}
        )
        assert ack == {"type": "chat.ack", "ref": "ref-00001", "id": copy["id"]}


async def test_in_the_first_minute_of_a_session_one_speaks_slowly(settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1
    clock = {"now": 1_700_000_000_000}
    registry = MemoryRegistry(lambda: clock["now"])
    history = MemoryHistory(lambda: clock["now"])
    async with two_processes((registry, history)) as (first, _, _):
        alice = await first.come(await person(registry, "Alice", HERE))
        for text in ("one", "two"):
            await first.say(alice, text)
        clock["now"] += 59_000
        for text in ("three", "four"):
            await first.say(alice, text)
        with pytest.raises(Refused, match="too-fast") as refused:
            await first.say(alice, "five")
        assert refused.value.rule == "chat.new"
        clock["now"] += 1_000
        for text in ("five", "six", "seven"):
            await first.say(alice, text)
        with pytest.raises(Refused, match="too-fast") as refused:
            await first.say(alice, "eight")
        assert refused.value.rule == "chat.send"
        settings.RATE_LIMITS_OFF = ["chat.new"]
        bob = await first.come(await person(registry, "Bob", HERE))
        for text in ("one", "two", "three"):
            await first.say(bob, text)


async def test_the_same_ref_again_is_acked_again_and_shown_once(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        for _turn in range(3):
            await first.feed.sender.send(alice, "hello", "ref-00001")
        await settled(first, second)
        await Time().pass_s(1)
        said = [
            hint for _, sent in wire.sent for hint in sent["each"] if hint["type"] == "chat.said"
        ]
        assert len(said) == 1
        assert len({ack["id"] for ack in alice.page.all("chat.ack")}) == 1
        assert len(alice.page.all("chat.ack")) == 3
        assert alice.page.texts == bob.page.texts == ["hello"]


async def test_a_store_that_does_not_answer_in_two_seconds_is_no_ack_and_no_refusal(
    stores: Open,
) -> None:
    async with stores() as found:
        registry, history = found[0], Halting(found[1])
        async with two_processes((registry, history)) as (first, second, _):
            alice, bob = await alice_and_bob(first, second)
            time, stop = Time(), history.stop("after", "append")
            unavailable = first.platform.instruments.unavailable
            before = unavailable["history",]
            sending = asyncio.create_task(first.feed.sender.send(alice, "hello", "ref-00001"))
            await stop.arrived()
            await time.pass_s(2.1)
            with pytest.raises(Refused) as unknown:
                await sending
            assert unknown.value.code == "store-unavailable"
            assert unavailable["history",] == before + 1
            assert not alice.page.all("chat.ack")
            await first.feed.sender.send(alice, "hello", "ref-00001")
            assert len(alice.page.all("chat.ack")) == 1
            for process in (first, second):
                await process.poll()
            assert alice.page.texts == bob.page.texts == ["hello"]


# ---- Marks --------------------------------------------------------------------------------------


async def test_a_mark_is_the_time_before_anything_was_read() -> None:
    registry, history = MemoryRegistry(), Halting(MemoryHistory())
    now = [1_700_000_000_000]
    registry.clock = history.store.clock = lambda: now[0]
    async with two_processes((registry, history)) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        wire.fate = lambda hint: 0
        now[0] += 2_000
        stop = history.stop("after", "after")
        polling = asyncio.create_task(second.hub._pulse())
        await stop.arrived()
        read_ms = now[0]
        now[0] += 500
        await first.say(alice, "while it was read")
        stop.open.set()
        await polling
        await second.hub._mark()
        assert bob.page.all("mark")[-1]["mark"] == second.feed.mark_ms == read_ms
        assert bob.page.texts == []


@pytest.mark.parametrize("begun", ["before", "meanwhile"])
async def test_a_mark_does_not_move_while_new_tiles_are_not_read_yet(begun: str) -> None:
    registry, history = MemoryRegistry(), Halting(MemoryHistory())
    now = [1_700_000_000_000]
    registry.clock = history.store.clock = lambda: now[0]
    async with two_processes((registry, history)) as (first, second, _):
        await alice_and_bob(first, second)
        await second.hub._pulse()
        before_ms = second.feed.mark_ms
        now[0] += 2_000
        begin = history.stop("after", "now_ms")
        charlie = person(registry, "Charlie", AWAY)
        if begun == "before":
            arriving = await second.knock(await charlie)
            await begin.arrived()
        poll = history.stop("after", "after")
        polling = asyncio.create_task(second.feed.poll())
        await poll.arrived()
        if begun == "meanwhile":
            arriving = await second.knock(await charlie)
            await begin.arrived()
        begin.open.set()
        await arriving.task
        poll.open.set()
        await polling
        assert second.feed.mark_ms == before_ms
        await second.hub._pulse()
        assert second.feed.mark_ms == now[0]


async def test_who_comes_back_to_a_process_that_is_behind_leaves_no_hole_for_the_others(
    stores: Open,
) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        registry, history = found
        alice, bob = await alice_and_bob(first, second)
        session = await person(registry, "Charlie", BESIDE)
        wire.fate = lambda hint: 0
        await first.say(alice, "before the mark")
        mark = await later_than(history, await history.now_ms())
        await first.say(alice, "after the mark")
        charlie = await second.come(session, since_ms=mark)
        await Time().pass_s(1)
        assert charlie.page.texts[0] == "after the mark"
        assert bob.page.texts == ["before the mark", "after the mark"]


async def later_than(history: History, ms: int) -> int:
    """The store's clock once it shows more than `ms`."""
    while (now := await history.now_ms()) <= ms:
        await turns()
    return now


async def test_who_comes_back_is_shown_everything_from_the_mark_on_that_millisecond_included() -> (
    None
):
    registry, history = MemoryRegistry(), MemoryHistory()
    now = [1_700_000_000_000]
    registry.clock = history.clock = lambda: now[0]
    process = Process(registry, history)
    async with running(process):
        session = await person(registry, "Bob", BESIDE)
        alice = await process.come(await person(registry, "Alice", HERE))
        for text in ("before", "at the mark", "after"):
            now[0] += 1_000
            await process.say(alice, text)
        bob = await process.come(session, since_ms=now[0] - 1_000)
        assert bob.page.texts == ["at the mark", "after"]
        assert bob.page.all("mark")[0]["mark"] == now[0]


async def test_a_mark_from_before_a_move_counts_as_none(stores: Open) -> None:
    async with stores() as (registry, history):
        process = Process(registry, history)
        async with running(process):
            alice = await process.come(await person(registry, "Alice", HERE))
            await process.say(alice, "hello")
            mark = await history.now_ms()
            session = await person(registry, "Bob", AWAY)
            session = (await registry.place(session.digest, BESIDE, "")).session
            bob = await process.come(session, since_ms=max(mark, session.placed_ms) - 60_000)
            assert bob.page.texts == ["hello"]


async def test_more_than_fits_is_said_with_a_gap(
    stores: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replayer, "RESUME_MAX", 5)
    async with stores() as (registry, history):
        process = Process(registry, history)
        async with running(process):
            session = await person(registry, "Bob", BESIDE)
            alice = await process.come(await person(registry, "Alice", HERE))
            for turn in range(8):
                await process.say(alice, f"{turn}")
            bob = await process.come(session, since_ms=session.placed_ms)
            assert bob.page.texts == ["3", "4", "5", "6", "7"]
            assert bob.page.all("gap") == [{"type": "gap", "reason": "too-much"}]


# ---- Register, buffer, read, merge --------------------------------------------------------------

STEPS = [
    ("registry", "before", "place"),
    ("registry", "after", "place"),
    ("registry", "before", "people"),
    ("registry", "after", "people"),
    ("history", "before", "now_ms"),
    ("history", "after", "now_ms"),
    ("history", "before", "after"),
    ("history", "after", "after"),
    ("history", "before", "page"),
    ("history", "after", "page"),
]


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
@pytest.mark.parametrize(("store", "when", "method"), STEPS)
async def test_who_joins_between_two_messages_misses_none_and_gets_none_twice(
    stores: Open, store: str, when: str, method: str, told: bool
) -> None:
    """`told`: the hint of what is said meanwhile arrives; else the poll must find it."""
    async with stores() as found:
        registry, history = Halting(found[0]), Halting(found[1])
        async with two_processes(found, (registry, history)) as (first, second, wire):
            alice = await first.come(await person(registry, "Alice", HERE))
            await second.hub.start()
            await first.say(alice, "before")
            session = await person(registry, "Bob", BESIDE)
            stop = (registry if store == "registry" else history).stop(when, method)
            bob = await second.knock(session)
            await stop.arrived()
            wire.fate = lambda hint: int(told)
            await first.say(alice, "meanwhile")
            await settled(first)
            stop.open.set()
            await bob.task
            await first.say(alice, "after")
            await settled(first, second)
            await second.poll()
            await Time().pass_s(1)
            assert bob.page.texts == ["before", "meanwhile", "after"]


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
async def test_what_is_said_while_a_slow_reader_is_shown_the_past_follows_it(
    stores: Open, told: bool
) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice = await first.come(await person(found[0], "Alice", HERE))
        await first.say(alice, "before")
        session = await person(found[0], "Bob", BESIDE)
        bob = await second.knock(session)
        bob.page.room.clear()
        await bob.page.until(lambda: bob.page.texts == ["before"])
        wire.fate = lambda hint: int(told)
        await first.say(alice, "meanwhile")
        await settled(first)
        if not told:
            await second.hub._pulse()
        await turns()
        assert bob.page.texts == ["before"]
        bob.page.room.set()
        await bob.task
        await second.poll()
        assert bob.page.texts == ["before", "meanwhile"]
        assert bob.page.kinds.index("mark") < len(bob.page.frames) - 1


@pytest.mark.parametrize("seed", range(3))
async def test_joins_in_a_stream_show_one_piece_each(stores: Open, seed: int) -> None:
    rng = random.Random(seed)
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, _ = await alice_and_bob(first, second)
        wire.fate = lambda hint: rng.choice([0, 1, 1, 1, 2])
        joiners: list[Seat] = []
        for turn in range(80):
            await first.say(alice, f"{turn}")
            if turn % 4 == 0:
                session = await person(found[0], f"Joiner {turn}", BESIDE)
                joiners.append(await rng.choice([first, second]).knock(session))
            await turns(rng.randrange(20))
        await asyncio.gather(*(joiner.task for joiner in joiners))
        await settled(first, second)
        for process in (first, second):
            await process.poll()
        await Time().pass_s(1)
        for joiner in joiners:
            assert joiner.page.texts == [f"{turn}" for turn in range(80)]


async def test_a_repair_under_way_repeats_nothing_to_who_was_shown_it_from_history(
    stores: Open,
) -> None:
    async with stores() as found:
        registry, history = found[0], Halting(found[1])
        async with two_processes((registry, history)) as (first, second, wire):
            alice, _ = await alice_and_bob(first, second)
            wire.keep = True
            for text in ("one", "two"):
                await first.say(alice, text)
            await settled(first)
            del wire.kept[0]
            stop = history.stop("after", "after")
            wire.pass_on()
            await stop.arrived()
            charlie = await second.come(await person(registry, "Charlie", BESIDE))
            stop.open.set()
            await settled(second)
            await Time().pass_s(1)
            assert charlie.page.texts == ["one", "two"]


async def test_who_joins_far_behind_brings_the_hub_up_without_repeats(
    stores: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PAGE_MIN", "PAGE_MAX"):
        monkeypatch.setattr(paging, name, 4)
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        wire.fate = lambda hint: 0
        said = [f"{turn}" for turn in range(30)]
        for text in said:
            await first.say(alice, text)
        charlie = await second.come(await person(found[0], "Charlie", BESIDE))
        await second.poll()
        await Time().pass_s(1)
        assert charlie.page.texts == bob.page.texts == said


# ---- Moves, and what was taken back -------------------------------------------------------------


async def test_a_move_shows_what_is_newly_in_range_and_nothing_again(stores: Open) -> None:
    there = Place(cell_at(52.52, 13.41), 500)
    async with stores() as found, two_processes(found) as (first, second, _):
        alice, bob = await alice_and_bob(first, second)
        charlie = await second.come(await person(found[0], "Charlie", there))
        await first.say(alice, "heard before")
        await second.say(charlie, "heard only there")
        await settled(first, second)
        await Time().pass_s(1)
        assert sorted(bob.page.texts) == ["heard before", "heard only there"]
        assert alice.page.texts == ["heard before"]
        change = await found[0].place(alice.session.digest, BESIDE, first.hub.process)
        first.hub.announce(change)
        await settled(first, second)
        assert alice.page.texts == ["heard before", "heard only there"]
        await second.say(bob, "and on it goes")
        await settled(first, second)
        await Time().pass_s(1)
        assert alice.page.texts[2:] == ["and on it goes"]


async def test_what_is_said_while_one_moves_is_shown_once(stores: Open) -> None:
    async with stores() as found:
        registry, history = found[0], Halting(found[1])
        async with two_processes((registry, history)) as (first, second, _):
            alice, bob = await alice_and_bob(first, second)
            stop = history.stop("after", "after")
            first.hub.announce(
                await registry.place(alice.session.digest, BESIDE, first.hub.process)
            )
            await stop.arrived()
            await second.say(bob, "meanwhile")
            await settled(second)
            await turns()
            stop.open.set()
            await settled(first, second)
            await Time().pass_s(1)
            assert alice.page.texts == ["meanwhile"]


async def test_a_removal_reaches_everybody_after_its_message(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, _):
        alice, bob = await alice_and_bob(first, second)
        await first.say(alice, "first")
        await first.say(alice, "oops")
        await settled(first, second)
        oops = alice.page.all("chat.ack")[1]["id"]
        await first.feed.sender.remove(alice.session, oops)
        await settled(first, second)
        for seat in (alice, bob):
            assert seat.page.texts == ["first", "oops"]
            said = [frame for frame in seat.page.frames if frame["type"].startswith("chat.")]
            assert said[-1] == {"type": "chat.gone", "ids": [oops]}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_who_joins_while_a_message_is_taken_back_does_not_keep_it(
    stores: Open, when: str
) -> None:
    async with stores() as found:
        registry, history = found[0], Halting(found[1])
        async with two_processes((registry, history)) as (first, second, _):
            alice, _bob = await alice_and_bob(first, second)
            await first.say(alice, "oops")
            await settled(first, second)
            oops = alice.page.all("chat.ack")[0]["id"]
            stop: Stop = history.stop(when, "after")
            charlie = await second.knock(await person(registry, "Charlie", BESIDE))
            await stop.arrived()
            await first.feed.sender.remove(alice.session, oops)
            await settled(first)
            await turns()
            stop.open.set()
            await charlie.task
            await settled(second)
            assert charlie.page.texts == []


async def test_who_comes_back_is_told_what_was_taken_back_meanwhile(stores: Open) -> None:
    async with stores() as (registry, history):
        process = Process(registry, history)
        async with running(process):
            session = await person(registry, "Bob", BESIDE)
            alice = await process.come(await person(registry, "Alice", HERE))
            await process.say(alice, "oops")
            oops = alice.page.all("chat.ack")[0]["id"]
            await process.feed.sender.remove(alice.session, oops)
            bob = await process.come(session, since_ms=session.placed_ms)
            assert bob.page.texts == []
            assert bob.page.all("chat.gone") == [{"type": "chat.gone", "ids": [oops]}]


# ---- A store that begins anew -------------------------------------------------------------------


async def test_what_was_acked_after_a_restart_is_shown_though_nobody_was_told(
    stores: Open,
) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        await first.say(alice, "before")
        await settled(first, second)
        wire.fate = lambda hint: 0
        await first.say(alice, "after")
        for process in (first, second):
            await process.hub._restart("another")
            await settled(first, second)
        await Time().pass_s(1)
        assert alice.page.texts == bob.page.texts == ["before", "after"]
        for seat in (alice, bob):
            signals = [kind for kind in seat.page.kinds if kind in {"welcome", "gap", "mark"}]
            assert signals[-3:] == ["welcome", "gap", "mark"]
            assert seat.page.all("welcome")[-1]["epoch"] == "another"
            assert seat.page.all("gap") == [{"type": "gap", "reason": "restarted"}]


async def test_a_store_that_begins_anew_with_a_clock_behind_is_read_from_its_beginning() -> None:
    registry, history = MemoryRegistry(), MemoryHistory()
    now = [1_700_000_000_000]
    registry.clock = history.clock = lambda: now[0]
    async with two_processes((registry, history)) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        await first.say(alice, "before")
        await settled(first, second)
        history.streams.clear()
        now[0] -= 60_000
        wire.fate = lambda hint: 0
        await first.say(alice, "after")
        await settled(first, second)
        await second.hub._restart("another")
        await Time().pass_s(1)
        assert bob.page.texts == ["before", "after"]
        assert second.feed.mark_ms <= now[0]


# ---- What an arrival gets -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
async def test_an_arrival_gets_the_newest_in_range_however_busy_the_tiles_are(
    stores: Open, seed: int
) -> None:
    rng = random.Random(seed)
    reader = Place(HERE.cell, 800)
    places = [
        Place(cell_at(52.52 + rng.uniform(-0.01, 0.01), 13.4 + rng.uniform(-0.01, 0.01)), radius_m)
        for radius_m in rng.choices([300, 800, 2000], [8, 1, 1], k=40)
    ]
    async with stores() as (_, history):
        said: list[StreamId] = []  # places in two streams may be alike
        for turn in range(700):
            place = rng.choice(places)
            draft = Draft(f"person-{turn % 7}", "Alice", place, f"{turn}", f"ref-{turn:06}")
            at = (await history.append(draft)).at
            if in_range(reader.cell, reader.radius_m, place.cell, place.radius_m):
                said.append(at)
        limit = rng.choice([10, 60, ARRIVAL_MAX])

        def wanted(message: RenderedMessage) -> bool:
            return reaches(reader, message)

        below = dict.fromkeys(tiles_within(reader.cell, reader.radius_m))
        found = await load_newest(history, below, wanted, limit=limit)
        assert len({tile_of(place.cell) for place in places}) > 5
        assert [one.at for one in found.messages] == sorted(said)[-limit:]
        assert found.more == (len(said) > limit)


async def test_the_feed_follows_no_tile_that_nobody_reaches(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, _):
        alice, _ = await alice_and_bob(first, second)
        assert first.feed.sequencer.timelines.keys() == tiles_within(*HERE)
        first.hub.exit(alice)
        await first.poll()
        assert first.feed.sequencer.timelines == {}


def test_the_feed_is_the_hubs_source() -> None:
    process = Process(MemoryRegistry(), MemoryHistory())
    assert isinstance(process.hub.subscriptions.source, Feed)
