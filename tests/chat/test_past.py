"""What was said before one came, on every way it is told; and what is taken back of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chat.devtools import sent_ms
from chat.feed import RenderedMessage, is_shown
from chat.messages import Draft, StreamId, message_of
from chat.reports.encounters import may_have_heard
from presence.delivery.window import WINDOW_MAX_S
from presence.geo import tiles_within
from presence.values import Left
from tests.chat.two_processes import Open, two_processes
from tests.presence.newcomers import NOW_MS, at, newcomer
from tests.presence.process_pair import ProcessPair, process_pair
from tests.support.process_client import ProcessClient
from tests.support.processes import LoopClock, PageSocket, Process, person, settled
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_django.fixtures import Settings

    from presence.registry import Registry
    from presence.values import Place

S = 1_000
# The ends of a square of 4 x 4 cells, as wide as those who reach 500 m to 1 km have.
WEST, EAST = (0, 2), (3, 2)
# Who reaches 100 m speaks in the cell of EAST.
NARROW = at(*EAST, 100)
# Where newcomers who reach 500 m come to, and what they are shown of the three.
SHOWN = [
    (at(-6, 2), set()),
    (at(-5, 2), {"west", "east"}),  # 470 m from one of them, 740 m from the other
    (at(0, 0, 100), {"west", "east"}),
    (at(4, 2, 100), {"west", "east", "narrow"}),
    (at(5, 2, 100), set()),
    (at(5, 2), {"west", "east"}),
]


@pytest.fixture(autouse=True)
def _clock(settings: Settings) -> None:
    settings.PLACE_CLOCK = True


def gone(sockets: Sequence[PageSocket]) -> list[list[str]]:
    """What each was told that it was taken back."""
    return [[id for one in socket.page.all("chat.gone") for id in one["ids"]] for socket in sockets]


async def speak(process: Process, name: str, place: Place) -> PageSocket:
    """Somebody who has said their name."""
    socket = await process.join(await person(process.hub.registry, name, place))
    await process.send_text(socket, name)
    return socket


async def all_said(process: Process) -> tuple[PageSocket, PageSocket, PageSocket]:
    """Three people, each of whom has said which they are."""
    west = await speak(process, "west", at(*WEST, 1000))
    east = await speak(process, "east", at(*EAST, 1000))
    narrow = await speak(process, "narrow", NARROW)
    await LoopClock().pass_s(WINDOW_MAX_S)
    return west, east, narrow


async def said_by_all(pair: ProcessPair) -> tuple[PageSocket, PageSocket, PageSocket]:
    """The same, a second ago."""
    sockets = await all_said(pair.first)
    pair.now_ms += S
    return sockets


async def reach(pair: ProcessPair, socket: PageSocket, place: Place) -> None:
    change = await pair.registry.request_place(socket.session.digest, place, socket.person.process)
    pair.first.hub.announce(change)
    await pair.settle()


async def go_far(pair: ProcessPair, socket: PageSocket) -> None:
    await reach(pair, socket, at(200, 2))
    pair.now_ms += 60 * S
    await pair.first.poll()
    assert socket.place == at(200, 2)


def id_of(socket: PageSocket) -> str:
    (sent,) = socket.page.all("chat.ack")
    return str(sent["id"])


async def retract(process: Process, socket: PageSocket) -> str:
    await process.feed.sender.remove(socket, id_of(socket))
    await settled(process)
    return id_of(socket)


# ---- Calls and reports -------------------------------------------------------------------------


@pytest.mark.parametrize("page", [False, True])
async def test_whoever_calls_is_shown_the_past_by_squares(settings: Settings, page: bool) -> None:
    settings.WHITENOISE_AUTOREFRESH = True  # no file is collected here
    async with process_pair() as pair:
        await said_by_all(pair)
        client = ProcessClient(pair.first.state)
        for place, texts in SHOWN:
            key, session = await pair.first.presence.sessions.open("Reader")
            await pair.registry.place(session.digest, place, "")
            headers = {"authorization": f"Bearer {key}", **({"hx-request": "true"} if page else {})}
            answer = await client.get("/api/messages", headers=headers)
            told = answer.content.decode()
            assert {text for text in ("west", "east", "narrow") if text in told} == texts


def test_whoever_was_shown_something_may_report_it_also_once_they_have_moved_on() -> None:
    draft = Draft("bob", "Bob", at(*EAST), "rude", "r" * 8)
    said = RenderedMessage(message_of(draft, StreamId(NOW_MS - S, 0)))
    reader = newcomer(at(-5, 2))
    assert is_shown(reader, said)
    assert not reader.person.place.in_range(said.place)
    assert may_have_heard(reader, said)
    far = newcomer(at(-60, 2))
    assert not may_have_heard(far, said)
    been = Left(at(-5, 2).tile, NOW_MS)
    assert may_have_heard(replace(far, recent_tiles=(been,)), said)


# ---- Sockets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("place", "texts"), SHOWN)
async def test_a_socket_that_comes_is_sent_the_past_by_squares(
    place: Place, texts: set[str]
) -> None:
    async with process_pair() as pair:
        await said_by_all(pair)
        reader = await pair.first.join(await person(pair.registry, "Reader", place))
        assert {*reader.page.texts} == texts


async def passed(registry: Registry, message_ids: Sequence[str]) -> None:
    """Whoever comes now comes later than all of these by the store's clock."""
    last_ms = max(map(sent_ms, message_ids))
    async with deadline("the next millisecond of the store"):
        while (await registry.status(())).now_ms <= last_ms:
            pass


@pytest.mark.usefixtures("no_rounds")
async def test_either_store_shows_and_takes_back_the_past_by_squares(stores: Open) -> None:
    """At the process of whoever spoke, and at another one, which reads history."""
    async with stores() as found, two_processes(found) as (first, second, _):
        authors = await all_said(first)
        await passed(found[0], [*map(id_of, authors)])
        for place, texts in SHOWN:
            for process in (first, second):
                reader = await process.join(await person(found[0], "Reader", place))
                assert {*reader.page.texts} == texts
        inside = await second.join(await person(found[0], "Inside", at(0, 0, 100)))
        outside = await second.join(await person(found[0], "Outside", at(5, 2, 100)))
        ids = [await retract(first, one) for one in authors]
        await settled(first, second)
        assert gone([inside, outside]) == [ids[:2], []]


async def test_a_socket_that_reaches_further_is_sent_the_past_and_nothing_again() -> None:
    async with process_pair() as pair:
        await said_by_all(pair)
        reader = await pair.first.join(await person(pair.registry, "Reader", at(-6, 2)))
        assert reader.page.texts == []
        for radius_m in (700, 1000, 2000):
            await reach(pair, reader, at(-6, 2, radius_m))
            assert reader.page.texts == ["west", "east"]


@pytest.mark.parametrize(("x", "texts"), [(-6, set()), (-5, {"west", "east"})])
async def test_a_mark_of_before_one_came_shows_no_more(x: int, texts: set[str]) -> None:
    """Nor does what was taken back since then, by whoever it was."""
    async with process_pair() as pair:
        authors = await said_by_all(pair)
        since_ms = pair.now_ms - 2 * S
        session = await person(pair.registry, "Reader", at(x, 2))
        reader = await pair.first.join(session, since_ms=since_ms)
        assert {*reader.page.texts} == texts
        ids = [await retract(pair.first, one) for one in authors]
        later = await pair.first.join(session, since_ms=since_ms)
        assert later.page.texts == []
        assert {*gone([later])[0]} == ({*ids[:2]} if texts else set())


async def test_what_is_taken_back_is_told_to_whoever_was_shown_it() -> None:
    """Also where its author is out of range, and where one has moved on."""
    async with process_pair() as pair:
        west, east, narrow = await said_by_all(pair)
        places = [*(place for place, _ in SHOWN), at(-5, 2)]
        readers = [
            await pair.first.join(await person(pair.registry, f"Reader {turn}", place))
            for turn, place in enumerate(places)
        ]
        await go_far(pair, readers[-1])
        ids = {
            "east": await retract(pair.first, east),
            "west": await retract(pair.first, west),
            "narrow": await retract(pair.first, narrow),
        }
        expected = [*(texts for _, texts in SHOWN), {"west", "east"}]
        assert gone(readers) == [
            [id for text, id in ids.items() if text in texts] for texts in expected
        ]


async def test_what_is_taken_back_is_told_where_one_was_however_far_its_author_reached() -> None:
    """Whoever was shown it may have been in a tile that its author does not reach."""
    async with process_pair() as pair:
        author = await speak(pair.first, "north", at(0, 2, 2000))
        pair.now_ms += S
        reader = await pair.first.join(await person(pair.registry, "Reader", at(28, 2, 2000)))
        assert reader.page.texts == ["north"]
        assert at(28, 2).tile not in tiles_within(*author.place.circle)
        await go_far(pair, reader)
        message_id = await retract(pair.first, author)
        assert gone([reader]) == [[message_id]]


@pytest.mark.parametrize(("x", "texts"), [(-6, []), (-5, ["late"])])
async def test_what_is_found_only_as_somebody_comes_was_said_before(
    x: int, texts: list[str]
) -> None:
    """Nobody told their process of it in time, and it is sent on while they still arrive."""
    async with process_pair() as pair:
        beside = await pair.first.join(await person(pair.registry, "Beside", at(*EAST)))
        author = await pair.second.join(await person(pair.registry, "West", at(*WEST, 1000)))
        await pair.settle()
        pair.wire.fate = lambda hint: 0
        await pair.second.send_text(author, "late")
        await pair.settle()
        assert beside.page.texts == []
        pair.now_ms += 1
        reader = await pair.first.join(await person(pair.registry, "Reader", at(x, 2)))
        await pair.settle()
        assert reader.page.texts == texts


async def test_who_comes_back_after_they_were_gone_reads_on_by_squares() -> None:
    """Nothing said in range is missing, and nobody asks with sessions that they left behind."""
    async with process_pair() as pair:
        reader = await person(pair.registry, "Reader", at(-5, 2))
        pair.now_ms += 100 * S
        await said_by_all(pair)
        pair.now_ms += S
        change = await pair.registry.place(reader.digest, None, "one")
        back = await pair.first.join(change.session)
        assert {*back.page.texts} == {"west", "east"}
