"""A block between two people: neither sees, hears or counts the other, wherever they are."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chat.history import MemoryHistory
from neartalk.background import Background
from neartalk.codes import Refused
from presence.delivery import RenderedNearby
from presence.delivery.coalescer import WINDOW_S
from presence.hub import broadcaster as showing
from presence.hub.broadcaster import PEOPLE_S
from presence.people import Person, Place, Session
from presence.registry import MemoryRegistry
from presence.roster import Nearby
from tests.support.processes import (
    AWAY,
    BESIDE,
    HERE,
    Halting,
    LoopClock,
    Process,
    Seat,
    Wire,
    never,
    person,
    running,
    settled,
    turns,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_django.fixtures import Settings

WINDOW_OVER = WINDOW_S + 0.001


class ThreePeople:
    """Two processes on one memory: Alice and Carol are at the first, Bob at the second."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000
        self.registry = Halting(MemoryRegistry(lambda: self.now_ms))
        self.history = Halting(MemoryHistory(lambda: self.now_ms))
        self.wire = Wire()
        self.first = Process(self.registry, self.history, self.wire)
        self.second = Process(self.registry, self.history, self.wire)

    async def begin(self) -> None:
        sessions = [
            await person(self.registry, name, place)
            for name, place in (("Alice", HERE), ("Bob", BESIDE), ("Carol", HERE))
        ]
        self.alice = await self.first.come(sessions[0])
        self.bob = await self.second.come(sessions[1])
        self.carol = await self.first.come(sessions[2])
        self.time = LoopClock()
        await self.settle()

    async def settle(self) -> None:
        await settled(self.first, self.second)
        self.now_ms += 1

    async def block(self, by: Seat, whom: Seat) -> None:
        changes = await self.registry.block(by.session.digest, whom.person.person_id)
        for change in changes:
            self.second.hub.announce(change)
        await self.settle()

    async def pass_lists(self) -> None:
        """Until everybody has been shown who came and went."""
        await self.time.pass_s(PEOPLE_S + 0.1)
        await self.settle()

    async def send(self, seat: Seat, text: str) -> None:
        await (self.second if seat is self.bob else self.first).send_text(seat, text)
        await self.settle()
        await self.time.pass_s(WINDOW_OVER)


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(Background, "_round", never)
    settings.RATE_LIMITS_SCALE = 100_000


@asynccontextmanager
async def three_people() -> AsyncIterator[ThreePeople]:
    place = ThreePeople()
    async with running(place.first, place.second):
        await place.begin()
        yield place


def names_of(*seats: Seat) -> list[list[str]]:
    return [seat.page.names for seat in seats]


def _of(seat: Seat, frame: dict[str, Any]) -> bool:
    return bool(frame["person_id"] == seat.person.person_id)


# ---- Presence ----------------------------------------------------------------------------------


async def test_both_see_the_other_depart_and_nobody_else_sees_anything() -> None:
    async with three_people() as place:
        await place.pass_lists()
        before = [len(place.carol.page.frames)]
        await place.block(place.alice, place.bob)
        assert names_of(place.alice) == [["Carol"]], "at once"
        await place.pass_lists()
        assert names_of(place.alice, place.bob) == [["Carol"], ["Carol"]]
        counts = [seat.page.all("people")[-1]["count"] for seat in (place.alice, place.bob)]
        assert counts == [1, 1]
        assert place.first.hub.broadcaster.nearby(HERE).count == 3
        assert len(place.carol.page.frames) == before[0]


async def test_only_who_blocked_is_told_so_on_every_page_and_the_other_cannot_tell() -> None:
    async with three_people() as place:
        twin = await place.second.come(place.alice.session)
        heard = len(place.bob.page.frames)
        await place.block(place.alice, place.bob)
        await place.pass_lists()
        bob_id = place.bob.person.person_id
        for seat in (place.alice, twin):
            assert [one["person_ids"] for one in seat.page.all("blocked")] == [[bob_id]]
        after = place.bob.page.frames[heard:]
        assert [frame["type"] for frame in after] == ["people"]
        assert place.alice.person.person_id not in json.dumps(after)


async def test_a_page_that_comes_later_is_told_whom_its_person_blocked() -> None:
    async with three_people() as place:
        await place.block(place.alice, place.bob)
        later = await place.first.come(place.alice.session)
        assert later.page.kinds[:2] == ["welcome", "blocked"]
        back = await place.second.come(place.bob.session)
        assert back.page.all("blocked") == []


async def test_people_who_come_and_go_are_shown_to_both_as_before() -> None:
    async with three_people() as place:
        await place.block(place.alice, place.bob)
        await place.first.come(await person(place.registry, "Dora", BESIDE))
        await place.pass_lists()
        await place.pass_lists()
        shown = [sorted(names) for names in names_of(place.alice, place.bob)]
        assert shown == [["Carol", "Dora"]] * 2


async def test_a_block_holds_after_a_rename_a_move_and_a_return() -> None:
    async with three_people() as place:
        await place.block(place.alice, place.bob)
        bob = place.bob.session
        place.second.hub.announce(await place.registry.rename(bob.digest, "Robert"))
        for at in (AWAY, HERE):
            place.second.hub.announce(
                await place.registry.place(bob.digest, at, place.second.hub.process)
            )
        await place.settle()
        place.second.hub.exit(place.bob)
        place.bob = await place.second.come(bob)
        await place.settle()
        await place.send(place.bob, "It is me again.")
        assert names_of(place.alice, place.bob) == [["Carol"], ["Carol"]]
        assert place.alice.page.texts == []
        assert place.carol.page.texts == ["It is me again."]


async def test_a_block_of_which_no_hint_told_is_found_by_the_next_pulse() -> None:
    async with three_people() as place:
        place.wire.fate = lambda hint: 0
        changes = await place.registry.block(place.alice.session.digest, place.bob.person.person_id)
        for change in changes:
            place.first.hub.announce(change)
        await place.settle()
        assert place.bob.page.names != ["Carol"]
        await place.second.poll()
        await place.pass_lists()
        assert place.bob.page.names == ["Carol"]


async def test_who_was_blocked_is_shown_it_when_a_departure_would_be() -> None:
    """Or they could tell the one from the other."""
    async with three_people() as place:
        await place.pass_lists()
        dora = await place.second.come(await person(place.registry, "Dora", BESIDE))
        await place.settle()
        await place.time.pass_s(0.2)
        shown = len(place.bob.page.all("people"))
        await place.block(place.alice, place.bob)
        change = await place.registry.close(dora.session.digest)
        place.second.hub.announce(change)
        await place.settle()
        assert len(place.bob.page.all("people")) == shown
        await place.pass_lists()
        assert place.bob.page.names == ["Carol"]
        assert len(place.bob.page.all("people")) == shown + 1


async def test_a_block_is_known_though_the_session_could_not_be_read_when_it_was_told() -> None:
    async with three_people() as place:
        place.registry.failing["get"] = Refused("store-unavailable")
        changes = await place.registry.block(place.alice.session.digest, place.bob.person.person_id)
        for change in changes:
            place.first.hub.announce(change)
        await place.settle()
        assert not place.bob.session.blocked_by
        await place.second.poll()
        await place.send(place.alice, "Are you gone?")
        assert place.bob.page.texts == []


async def test_a_block_while_a_socket_comes_is_known_to_it() -> None:
    async with three_people() as place:
        session = await person(place.registry, "Dora", BESIDE)
        stop = place.registry.stop("after", "place")
        dora = await place.second.knock(session)
        await stop.arrived()
        for change in await place.registry.block(place.alice.session.digest, dora.person.person_id):
            place.first.hub.announce(change)
        await place.settle()
        stop.open.set()
        await dora.task
        await place.settle()
        await place.send(place.alice, "Not for you.")
        assert dora.page.texts == []


async def test_a_page_that_arrives_while_its_person_blocks_somebody_lists_them_no_more() -> None:
    async with three_people() as place:
        await place.pass_lists()
        stop = place.history.stop("before", "after")
        twin = await place.first.knock(place.alice.session)
        await stop.arrived()
        await place.block(place.alice, place.bob)
        stop.open.set()
        await twin.task
        await place.settle()
        assert names_of(place.alice, twin) == [["Carol"], ["Carol"]]


async def test_who_has_nobody_near_whom_they_blocked_costs_as_everybody() -> None:
    async with three_people() as place:
        await place.block(place.carol, await place.first.come(await gone(place)))
        group = place.first.hub.audience.cohort_of(place.carol)
        assert group
        assert group.filtered == {place.carol}
        await place.send(place.bob, "To all.")
        assert place.carol.page.lots == [["To all."]]
        drawn: list[Nearby] = []

        def draw(nearby: Nearby) -> RenderedNearby:
            drawn.append(nearby)
            return RenderedNearby(nearby)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(showing, "RenderedNearby", draw)
            place.first.hub.broadcaster._send_cohort(group)
        assert len(drawn) == 1


async def gone(place: ThreePeople) -> Session:
    """Somebody who is far away."""
    return await person(place.registry, "Frank", AWAY)


async def test_a_store_that_began_anew_knows_the_block_again() -> None:
    async with three_people() as place:
        await place.block(place.alice, place.bob)
        registry = MemoryRegistry(lambda: place.now_ms)
        place.registry.store = registry
        for process in (place.first, place.second):
            await process.poll()
        for seat in (place.alice, place.bob):
            again = await registry.get(seat.session.digest)
            assert again is not None
            assert again.hidden == seat.session.hidden
        await place.send(place.bob, "Hello?")
        assert place.alice.page.texts == []


# ---- Messages ----------------------------------------------------------------------------------


async def test_neither_hears_the_other_and_everybody_else_hears_both() -> None:
    async with three_people() as place:
        await place.block(place.alice, place.bob)
        await place.send(place.bob, "From Bob.")
        await place.send(place.alice, "From Alice.")
        await place.send(place.carol, "From Carol.")
        assert place.alice.page.texts == ["From Alice.", "From Carol."]
        assert place.bob.page.texts == ["From Bob.", "From Carol."]
        assert place.carol.page.texts == ["From Bob.", "From Alice.", "From Carol."]


async def test_messages_that_leave_together_leave_without_those_of_the_blocked() -> None:
    async with three_people() as place:
        await place.block(place.alice, place.bob)
        dora = await place.second.come(await person(place.registry, "Dora", BESIDE))
        for seat, text in ((dora, "0"), (dora, "1"), (place.bob, "2"), (dora, "3")):
            await place.second.send_text(seat, text)
        await place.settle()
        await place.time.pass_s(WINDOW_OVER)
        assert place.alice.page.lots == [["0"], ["1", "3"]]
        assert place.carol.page.lots == [["0"], ["1", "2", "3"]]


async def test_what_was_pending_when_somebody_was_blocked_is_not_written() -> None:
    async with three_people() as place:
        for text in ("1", "2"):
            await place.second.send_text(place.bob, text)
        await settled(place.first, place.second)
        assert place.alice.page.texts == ["1"]
        await place.block(place.alice, place.bob)
        await place.time.pass_s(WINDOW_OVER)
        assert place.alice.page.texts == ["1"]
        assert place.carol.page.texts == ["1", "2"]


async def test_an_arrival_of_the_blocker_is_shown_nothing_of_the_blocked() -> None:
    async with three_people() as place:
        await place.send(place.bob, "Before.")
        await place.block(place.alice, place.bob)
        await place.send(place.bob, "After.")
        await place.send(place.carol, "Between.")
        for since_ms in (None, place.now_ms - 60_000):
            again = await place.first.come(place.alice.session, since_ms)
            assert again.page.texts == ["Between."]


async def test_an_arrival_of_the_blocked_is_shown_what_was_said_before_the_block_and_no_more() -> (
    None
):
    async with three_people() as place:
        await place.send(place.alice, "Before.")
        await place.block(place.alice, place.bob)
        await place.send(place.alice, "After.")
        for since_ms in (None, place.now_ms - 60_000):
            again = await place.second.come(place.bob.session, since_ms)
            assert again.page.texts == ["Before."]


async def test_what_is_said_while_one_who_blocked_arrives_is_held_and_then_chosen() -> None:
    async with three_people() as place:
        await place.block(place.alice, place.bob)
        stop = place.history.stop("before", "after")
        again = await place.first.knock(place.alice.session)
        await stop.arrived()
        for seat in (place.bob, place.carol):
            await (place.second if seat is place.bob else place.first).send_text(seat, "Hello.")
        (said,) = place.bob.page.all("chat.ack")
        await place.second.feed.sender.remove(place.bob.session, said["id"])
        await turns()
        stop.open.set()
        await again.task
        await place.settle()
        assert [_of(place.carol, one) for one in again.page.all("chat.message")] == [True]
        assert again.page.all("chat.gone") == []


async def test_a_message_taken_back_is_gone_where_it_was_shown_and_not_told_where_it_was_not() -> (
    None
):
    async with three_people() as place:
        await place.send(place.alice, "Before.")
        await place.block(place.alice, place.bob)
        await place.send(place.alice, "After.")
        (before, after) = (one["id"] for one in place.carol.page.all("chat.message"))
        for message_id in (before, after):
            await place.first.feed.sender.remove(place.alice.session, message_id)
        await place.settle()
        assert [one["ids"] for one in place.carol.page.all("chat.gone")] == [[before], [after]]
        assert [one["ids"] for one in place.bob.page.all("chat.gone")] == [[before]]
        back = await place.second.come(place.bob.session, place.now_ms - 60_000)
        assert [one["ids"] for one in back.page.all("chat.gone")] == [[before]]


async def test_one_who_moved_on_is_not_told_of_what_they_were_not_shown() -> None:
    async with three_people() as place:
        await place.block(place.alice, place.bob)
        await place.send(place.alice, "After.")
        (after,) = (one["id"] for one in place.carol.page.all("chat.message"))
        for seat, process in ((place.bob, place.second), (place.carol, place.first)):
            process.hub.announce(
                await place.registry.place(seat.session.digest, AWAY, process.hub.process)
            )
        await place.settle()
        await place.first.feed.sender.remove(place.alice.session, after)
        await place.settle()
        assert [one["ids"] for one in place.carol.page.all("chat.gone")] == [[after]]
        assert place.bob.page.all("chat.gone") == []


async def test_marks_and_moves_reach_those_with_blocks_as_everybody() -> None:
    async with three_people() as place:
        await place.block(place.alice, place.bob)
        await place.first.poll()
        marks = len(place.alice.page.all("mark"))
        await place.first.hub.rounds.mark()
        assert len(place.alice.page.all("mark")) == marks + 1
        place.first.hub.announce(
            await place.registry.place(
                place.alice.session.digest, Place(HERE.cell, 400), place.first.hub.process
            )
        )
        await place.settle()
        await place.send(place.bob, "From Bob.")
        await place.send(place.carol, "From Carol.")
        assert place.alice.page.texts == ["From Carol."]
        place.first.hub.exit(place.alice)
        assert all(
            place.alice not in one.filtered for one in place.first.hub.audience.cohorts.values()
        )


# ---- Pure --------------------------------------------------------------------------------------


def test_who_was_blocked_hears_what_was_said_before_and_who_blocked_hears_nothing() -> None:
    session = Session("", Person("me", "Me"), 0)
    both = replace(session, blocked=frozenset({"b"}), blocked_by={"a": 1000, "b": 5000})
    assert [both.may_receive("a", ms) for ms in (999, 1000, 1001)] == [True, False, False]
    assert [both.may_receive("b", ms) for ms in (0, 6000)] == [False, False]
    assert both.may_receive("c", 1000)
