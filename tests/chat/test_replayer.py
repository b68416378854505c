"""What is shown to who arrives, moves or comes back, and what was retracted meanwhile."""

import asyncio
import random

import pytest

from chat.feed import (
    ARRIVAL_MAX,
    RenderedMessage,
    load_newest,
    reaches,
)
from chat.feed.paging import Selection
from chat.feed.replayer import write_missed
from chat.messages import Draft, Retraction, StreamId
from presence.delivery.window import WINDOW_MAX_S
from presence.geo import cell_at, in_range, tile_of, tiles_within
from presence.hub import Arrival
from presence.values import Place
from tests.chat.two_processes import Open, alice_and_bob, two_processes
from tests.presence.process_pair import process_pair
from tests.support.processes import (
    AWAY,
    BESIDE,
    HERE,
    Halting,
    LoopClock,
    Page,
    PageSocket,
    Process,
    Stop,
    person,
    running,
    settled,
    turns,
)
from tests.support.waiting import within

pytestmark = pytest.mark.usefixtures("no_rounds")


async def test_thousands_of_retractions_come_in_frames_that_wait_for_their_reader() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        now_ms = pair.now_ms
        gone = [
            Retraction(StreamId(now_ms, turn), HERE, "b" * 16, f"{now_ms}-{turn}.0a1b2c3d")
            for turn in range(9000)
        ]
        alice.page.room.clear()
        selection = Selection(retractions=gone)
        writing = asyncio.create_task(write_missed(alice, selection, Arrival(mark_ms=1)))
        await turns()
        told = alice.page.all("chat.gone")
        assert 0 < len(told[0]["ids"]) <= 1000
        assert len(told) == 1, "the rest waits"
        alice.page.room.set()
        await within(writing, "all of it")
        told = alice.page.all("chat.gone")
        assert [id for one in told for id in one["ids"]] == [one.removed_id for one in gone]


# ---- What an arrival gets ----------------------------------------------------------------------


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


# ---- Moves, and what was retracted -------------------------------------------------------------


async def test_a_move_shows_what_is_newly_in_range_and_nothing_again(stores: Open) -> None:
    there = Place(cell_at(52.52, 13.41), 500)
    async with stores() as found, two_processes(found) as (first, second, _):
        alice, bob = await alice_and_bob(first, second)
        charlie = await second.join(await person(found[0], "Charlie", there))
        await first.send_text(alice, "heard before")
        await second.send_text(charlie, "heard only there")
        await settled(first, second)
        await LoopClock().pass_s(1)
        assert sorted(bob.page.texts) == ["heard before", "heard only there"]
        assert alice.page.texts == ["heard before"]
        change = await found[0].place(alice.session.digest, BESIDE, first.hub.process)
        first.hub.announce(change)
        await settled(first, second)
        assert alice.page.texts == ["heard before", "heard only there"]
        await second.send_text(bob, "and on it goes")
        await settled(first, second)
        await LoopClock().pass_s(1)
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
            await second.send_text(bob, "meanwhile")
            await settled(second)
            await turns()
            stop.open.set()
            await settled(first, second)
            await LoopClock().pass_s(1)
            assert alice.page.texts == ["meanwhile"]


async def test_a_removal_reaches_everybody_after_its_message(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, _):
        alice, bob = await alice_and_bob(first, second)
        await first.send_text(alice, "first")
        await first.send_text(alice, "oops")
        await settled(first, second)
        oops = alice.page.all("chat.ack")[1]["id"]
        await first.feed.sender.remove(alice, oops)
        await settled(first, second)
        for socket in (alice, bob):
            assert socket.page.texts == ["first", "oops"]
            said = [frame for frame in socket.page.frames if frame["type"].startswith("chat.")]
            assert said[-1] == {"type": "chat.gone", "ids": [oops]}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_who_joins_while_a_message_is_taken_back_does_not_keep_it(
    stores: Open, when: str
) -> None:
    async with stores() as found:
        registry, history = found[0], Halting(found[1])
        async with two_processes((registry, history)) as (first, second, _):
            alice, _bob = await alice_and_bob(first, second)
            await first.send_text(alice, "oops")
            await settled(first, second)
            oops = alice.page.all("chat.ack")[0]["id"]
            stop: Stop = history.stop(when, "after")
            charlie = await second.begin_join(await person(registry, "Charlie", BESIDE))
            await stop.arrived()
            await first.feed.sender.remove(alice, oops)
            await settled(first)
            await turns()
            stop.open.set()
            await charlie.task
            await settled(second)
            assert charlie.page.texts == []


async def test_only_who_was_there_when_it_was_said_is_told_from_how_far() -> None:
    """Or a newcomer who reads the past from several places finds where somebody spoke who left."""
    async with process_pair() as pair:
        process, registry, time = pair.first, pair.registry, LoopClock()

        async def speak(text: str) -> None:
            pair.now_ms += 1
            await process.send_text(alice, text)
            await time.pass_s(WINDOW_MAX_S)
            await pair.settle()
            pair.now_ms += 1

        async def move(socket: PageSocket, place: Place) -> None:
            digest, held_by = socket.session.digest, process.hub.process
            process.hub.announce(await registry.place(digest, place, held_by))
            await pair.settle()

        alice = await process.join(await person(registry, "Alice", HERE))
        bob = await process.join(await person(registry, "Bob", BESIDE))
        since_ms = bob.session.cell_ms
        await speak("heard")
        near = ("~300 m", 300)
        assert labels(bob.page) == {"heard": near}
        # Whoever comes back is told again, also after their reach was another.
        await move(bob, BESIDE._replace(radius_m=700))
        bob = await process.join(bob.session, since_ms=since_ms)
        assert labels(bob.page) == {"heard": near}
        # A newcomer is not, nor is whoever was elsewhere meanwhile.
        charlie = await process.join(await person(registry, "Charlie", BESIDE))
        assert labels(charlie.page) == {"heard": EARLIER}
        await move(bob, AWAY)
        await speak("missed")
        await move(bob, BESIDE)
        assert labels(bob.page) == {"heard": EARLIER, "missed": EARLIER}
        await speak("and on")
        assert labels(bob.page)["and on"] == labels(charlie.page)["and on"] == near


async def test_what_is_found_only_while_somebody_moves_was_said_before_they_came_too() -> None:
    """In range of where they were and are, nobody told their process of it in time."""
    async with process_pair() as pair:
        session = await person(pair.registry, "Bob", HERE)
        bob = await pair.first.join(session)
        alice = await pair.second.join(await person(pair.registry, "Alice", HERE))
        await pair.settle()
        pair.wire.fate = lambda hint: 0
        pair.now_ms += 1
        await pair.second.send_text(alice, "late")
        await pair.settle()
        pair.now_ms += 1
        process = pair.first.hub
        process.announce(await pair.registry.place(session.digest, BESIDE, process.process))
        await pair.settle()
        assert labels(bob.page) == {"late": EARLIER}


EARLIER = ("earlier, near here", None)


def labels(page: Page) -> dict[str, tuple[str, int | None]]:
    """What a page was told last of how far off each text was said."""
    return {one["text"]: (one["distance"], one["metres"]) for one in page.all("chat.message")}


async def test_who_comes_back_is_told_what_was_taken_back_meanwhile(stores: Open) -> None:
    async with stores() as (registry, history):
        process = Process(registry, history)
        async with running(process):
            session = await person(registry, "Bob", BESIDE)
            alice = await process.join(await person(registry, "Alice", HERE))
            await process.send_text(alice, "oops")
            oops = alice.page.all("chat.ack")[0]["id"]
            await process.feed.sender.remove(alice, oops)
            bob = await process.join(session, since_ms=session.placed_ms)
            assert bob.page.texts == []
            assert bob.page.all("chat.gone") == [{"type": "chat.gone", "ids": [oops]}]
