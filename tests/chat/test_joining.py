"""Who joins misses no message and is shown none twice, at whatever step of the join it is sent."""

import asyncio
import random
import secrets
from typing import Any

import pytest

from chat.consumers import ChatConsumer
from chat.feed import paging
from chat.history import MemoryHistory
from presence.registry import MemoryRegistry
from presence.sessions import digest_of
from tests.chat.two_processes import Open, alice_and_bob, two_processes
from tests.support.processes import (
    BESIDE,
    HERE,
    Halting,
    LoopClock,
    Page,
    PageSocket,
    Process,
    person,
    running,
    settled,
    turns,
)
from tests.support.waiting import deadline

pytestmark = pytest.mark.usefixtures("no_rounds")


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
            alice = await first.join(await person(registry, "Alice", HERE))
            await second.hub.start()
            await first.send_text(alice, "before")
            session = await person(registry, "Bob", BESIDE)
            stop = (registry if store == "registry" else history).stop(when, method)
            bob = await second.begin_join(session)
            await stop.arrived()
            wire.fate = lambda hint: int(told)
            await first.send_text(alice, "meanwhile")
            await settled(first)
            stop.open.set()
            await bob.task
            await first.send_text(alice, "after")
            await settled(first, second)
            await second.poll()
            await LoopClock().pass_s(1)
            assert bob.page.texts == ["before", "meanwhile", "after"]


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
async def test_what_is_said_while_a_slow_reader_is_shown_the_past_follows_it(
    stores: Open, told: bool
) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice = await first.join(await person(found[0], "Alice", HERE))
        await first.send_text(alice, "before")
        session = await person(found[0], "Bob", BESIDE)
        bob = await second.begin_join(session)
        bob.page.room.clear()
        await bob.page.until(lambda: bob.page.texts == ["before"])
        wire.fate = lambda hint: int(told)
        await first.send_text(alice, "meanwhile")
        await settled(first)
        if not told:
            await second.hub.rounds.pulse()
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
        joiners: list[PageSocket] = []
        for turn in range(80):
            await first.send_text(alice, f"{turn}")
            if turn % 4 == 0:
                session = await person(found[0], f"Joiner {turn}", BESIDE)
                joiners.append(await rng.choice([first, second]).begin_join(session))
            await turns(rng.randrange(20))
        await asyncio.gather(*(joiner.task for joiner in joiners))
        await settled(first, second)
        for process in (first, second):
            await process.poll()
        await LoopClock().pass_s(1)
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
                await first.send_text(alice, text)
            await settled(first)
            del wire.kept[0]
            stop = history.stop("after", "after")
            wire.pass_on()
            await stop.arrived()
            charlie = await second.join(await person(registry, "Charlie", BESIDE))
            stop.open.set()
            await settled(second)
            await LoopClock().pass_s(1)
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
            await first.send_text(alice, text)
        charlie = await second.join(await person(found[0], "Charlie", BESIDE))
        await second.poll()
        await LoopClock().pass_s(1)
        assert charlie.page.texts == bob.page.texts == said


async def test_the_first_socket_of_a_process_resumes_by_a_mark_of_this_epoch() -> None:
    """No hub has begun yet, and only one that has knows the epoch."""
    registry, history = MemoryRegistry(), MemoryHistory()
    session = await person(registry, "Alice", HERE)
    before, process = Process(registry, history), Process(registry, history)
    async with running(before, process):
        welcome = (await before.join(session)).page.all("welcome")[-1]
        consumer, page = ChatConsumer(), Page()
        query = f"since={welcome['now']}&epoch={welcome['epoch']}".encode()
        consumer.enter({"state": process.state, "query_string": query})
        consumer.connection = page  # type: ignore[assignment]
        await consumer.arrive(session)
        assert page.frames[0]["type"] == "welcome"
        assert page.all("gap") == []


@pytest.mark.parametrize("known", [True, False])
async def test_a_socket_that_has_arrived_keeps_nothing_of_its_handshake(known: bool) -> None:
    """The server holds the scope, with the key of the session, as long as the socket."""
    process = Process(MemoryRegistry(), MemoryHistory())
    async with running(process):
        key = secrets.token_urlsafe(32)
        await process.hub.registry.open(digest_of(key), "Alice")
        await process.hub.registry.place(digest_of(key), HERE, "")
        bearer = f"Bearer {key if known else 'another'}".encode()
        scope = {
            "state": process.state,
            "headers": [(b"authorization", bearer)],
            "subprotocols": ["neartalk.v1.json"],
            "client": ("127.0.0.1", 1),
            "query_string": b"",
        }
        sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        received.put_nowait({"type": "websocket.connect"})
        consumer = ChatConsumer()
        task = asyncio.create_task(consumer(scope, received.get, sent.put))
        wanted = '"mark"' if known else "session-unknown"
        async with deadline("the first frames"):
            while wanted not in (await sent.get()).get("text", ""):
                pass
            while scope:
                await turns()
        assert consumer.arriving is None
        received.put_nowait({"type": "websocket.disconnect"})
        await task
        assert not process.hub.audience.sockets
