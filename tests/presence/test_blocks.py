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
from presence.delivery.window import WINDOW_S
from presence.hub import presence_broadcaster as showing
from presence.hub.presence_broadcaster import PEOPLE_S
from presence.registry import MemoryRegistry
from presence.roster import Nearby
from presence.values import Person, Place, Session
from tests.support.processes import (
    AWAY,
    BESIDE,
    HERE,
    Halting,
    LoopClock,
    PageSocket,
    Process,
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


class PairWithPeople:
    """Two processes on one memory store: Alice and Carol are at the first, Bob at the second."""

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
        self.alice = await self.first.join(sessions[0])
        self.bob = await self.second.join(sessions[1])
        self.carol = await self.first.join(sessions[2])
        self.time = LoopClock()
        await self.settle()

    async def settle(self) -> None:
        await settled(self.first, self.second)
        self.now_ms += 1

    async def block(self, by: PageSocket, whom: PageSocket) -> None:
        changes = await self.registry.block(by.session.digest, whom.person.person_id)
        for change in changes:
            self.second.hub.announce(change)
        await self.settle()

    async def pass_lists(self) -> None:
        """Until everybody has been shown who came and went."""
        await self.time.pass_s(PEOPLE_S + 0.1)
        await self.settle()

    async def send(self, socket: PageSocket, text: str) -> None:
        await (self.second if socket is self.bob else self.first).send_text(socket, text)
        await self.settle()
        await self.time.pass_s(WINDOW_OVER)


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(Background, "_round", never)
    settings.RATE_LIMITS_SCALE = 100_000


@asynccontextmanager
async def pair_with_people() -> AsyncIterator[PairWithPeople]:
    pair = PairWithPeople()
    async with running(pair.first, pair.second):
        await pair.begin()
        yield pair


def names_of(*sockets: PageSocket) -> list[list[str]]:
    return [socket.page.names for socket in sockets]


def _of(socket: PageSocket, frame: dict[str, Any]) -> bool:
    return bool(frame["person_id"] == socket.person.person_id)


# ---- Presence ----------------------------------------------------------------------------------


async def test_who_is_blocked_is_not_told_whomever_they_blocked_before() -> None:
    """A `blocked` frame names whom one has just blocked oneself."""
    async with pair_with_people() as pair:
        await pair.block(pair.alice, pair.carol)
        told = [[pair.carol.person.person_id]]
        assert [frame["person_ids"] for frame in pair.alice.page.all("blocked")] == told
        await pair.block(pair.bob, pair.alice)
        await pair.pass_lists()
        assert pair.alice.page.names == []
        assert [frame["person_ids"] for frame in pair.alice.page.all("blocked")] == told
        assert [frame["person_ids"] for frame in pair.bob.page.all("blocked")] == [
            [pair.alice.person.person_id]
        ]


async def test_both_see_the_other_depart_and_nobody_else_sees_anything() -> None:
    async with pair_with_people() as pair:
        await pair.pass_lists()
        before = [len(pair.carol.page.frames)]
        await pair.block(pair.alice, pair.bob)
        assert names_of(pair.alice) == [["Carol"]], "at once"
        await pair.pass_lists()
        assert names_of(pair.alice, pair.bob) == [["Carol"], ["Carol"]]
        counts = [socket.page.all("people")[-1]["count"] for socket in (pair.alice, pair.bob)]
        assert counts == [1, 1]
        assert pair.first.hub.broadcaster.nearby(HERE).count == 3
        assert len(pair.carol.page.frames) == before[0]


async def test_only_who_blocked_is_told_so_on_every_page_and_the_other_cannot_tell() -> None:
    async with pair_with_people() as pair:
        twin = await pair.second.join(pair.alice.session)
        heard = len(pair.bob.page.frames)
        await pair.block(pair.alice, pair.bob)
        await pair.pass_lists()
        bob_id = pair.bob.person.person_id
        for socket in (pair.alice, twin):
            assert [one["person_ids"] for one in socket.page.all("blocked")] == [[bob_id]]
        after = pair.bob.page.frames[heard:]
        assert [frame["type"] for frame in after] == ["people"]
        assert pair.alice.person.person_id not in json.dumps(after)


async def test_a_page_that_comes_later_is_told_whom_its_person_blocked() -> None:
    async with pair_with_people() as pair:
        await pair.block(pair.alice, pair.bob)
        later = await pair.first.join(pair.alice.session)
        assert later.page.kinds[:2] == ["welcome", "blocked"]
        back = await pair.second.join(pair.bob.session)
        assert back.page.all("blocked") == []


async def test_people_who_come_and_go_are_shown_to_both_as_before() -> None:
    async with pair_with_people() as pair:
        await pair.block(pair.alice, pair.bob)
        await pair.first.join(await person(pair.registry, "Dora", BESIDE))
        await pair.pass_lists()
        await pair.pass_lists()
        shown = [sorted(names) for names in names_of(pair.alice, pair.bob)]
        assert shown == [["Carol", "Dora"]] * 2


async def test_a_block_holds_after_a_rename_a_move_and_a_return() -> None:
    async with pair_with_people() as pair:
        await pair.block(pair.alice, pair.bob)
        bob = pair.bob.session
        pair.second.hub.announce(await pair.registry.rename(bob.digest, "Robert"))
        for at in (AWAY, HERE):
            pair.second.hub.announce(
                await pair.registry.place(bob.digest, at, pair.second.hub.process)
            )
        await pair.settle()
        pair.second.hub.exit(pair.bob)
        pair.bob = await pair.second.join(bob)
        await pair.settle()
        await pair.send(pair.bob, "It is me again.")
        assert names_of(pair.alice, pair.bob) == [["Carol"], ["Carol"]]
        assert pair.alice.page.texts == []
        assert pair.carol.page.texts == ["It is me again."]


async def test_a_block_of_which_no_hint_told_is_found_by_the_next_pulse() -> None:
    async with pair_with_people() as pair:
        pair.wire.fate = lambda hint: 0
        changes = await pair.registry.block(pair.alice.session.digest, pair.bob.person.person_id)
        for change in changes:
            pair.first.hub.announce(change)
        await pair.settle()
        assert pair.bob.page.names != ["Carol"]
        await pair.second.poll()
        await pair.pass_lists()
        assert pair.bob.page.names == ["Carol"]


async def test_who_was_blocked_is_shown_it_when_a_departure_would_be() -> None:
    """Or they could tell the one from the other."""
    async with pair_with_people() as pair:
        await pair.pass_lists()
        dora = await pair.second.join(await person(pair.registry, "Dora", BESIDE))
        await pair.settle()
        await pair.time.pass_s(0.2)
        shown = len(pair.bob.page.all("people"))
        await pair.block(pair.alice, pair.bob)
        change = await pair.registry.close(dora.session.digest)
        pair.second.hub.announce(change)
        await pair.settle()
        assert len(pair.bob.page.all("people")) == shown
        await pair.pass_lists()
        assert pair.bob.page.names == ["Carol"]
        assert len(pair.bob.page.all("people")) == shown + 1


async def test_a_block_is_known_though_the_session_could_not_be_read_when_it_was_told() -> None:
    async with pair_with_people() as pair:
        pair.registry.failing["get"] = Refused("store-unavailable")
        changes = await pair.registry.block(pair.alice.session.digest, pair.bob.person.person_id)
        for change in changes:
            pair.first.hub.announce(change)
        await pair.settle()
        assert not pair.bob.session.blocked_by
        await pair.second.poll()
        await pair.send(pair.alice, "Are you gone?")
        assert pair.bob.page.texts == []


async def test_a_block_while_a_socket_comes_is_known_to_it() -> None:
    async with pair_with_people() as pair:
        session = await person(pair.registry, "Dora", BESIDE)
        stop = pair.registry.stop("after", "place")
        dora = await pair.second.begin_join(session)
        await stop.arrived()
        for change in await pair.registry.block(pair.alice.session.digest, dora.person.person_id):
            pair.first.hub.announce(change)
        await pair.settle()
        stop.open.set()
        await dora.task
        await pair.settle()
        await pair.send(pair.alice, "Not for you.")
        assert dora.page.texts == []


async def test_a_page_that_arrives_while_its_person_blocks_somebody_lists_them_no_more() -> None:
    async with pair_with_people() as pair:
        await pair.pass_lists()
        stop = pair.history.stop("before", "after")
        twin = await pair.first.begin_join(pair.alice.session)
        await stop.arrived()
        await pair.block(pair.alice, pair.bob)
        stop.open.set()
        await twin.task
        await pair.settle()
        assert names_of(pair.alice, twin) == [["Carol"], ["Carol"]]


async def test_who_has_nobody_near_whom_they_blocked_costs_as_everybody() -> None:
    async with pair_with_people() as pair:
        await pair.block(pair.carol, await pair.first.join(await gone(pair)))
        group = pair.first.hub.audience.cohort_of(pair.carol)
        assert group
        assert group.filtered == {pair.carol}
        await pair.send(pair.bob, "To all.")
        assert pair.carol.page.lots == [["To all."]]
        drawn: list[Nearby] = []

        def draw(nearby: Nearby) -> RenderedNearby:
            drawn.append(nearby)
            return RenderedNearby(nearby)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(showing, "RenderedNearby", draw)
            pair.first.hub.broadcaster._send_cohort(group)
        assert len(drawn) == 1


async def gone(pair: PairWithPeople) -> Session:
    """Somebody who is far away."""
    return await person(pair.registry, "Frank", AWAY)


async def test_a_store_that_began_anew_knows_the_block_again() -> None:
    async with pair_with_people() as pair:
        await pair.block(pair.alice, pair.bob)
        registry = MemoryRegistry(lambda: pair.now_ms)
        pair.registry.store = registry
        for process in (pair.first, pair.second):
            await process.poll()
        for socket in (pair.alice, pair.bob):
            again = await registry.get(socket.session.digest)
            assert again is not None
            assert again.hidden == socket.session.hidden
        await pair.send(pair.bob, "Hello?")
        assert pair.alice.page.texts == []


# ---- Messages ----------------------------------------------------------------------------------


async def test_neither_hears_the_other_and_everybody_else_hears_both() -> None:
    async with pair_with_people() as pair:
        await pair.block(pair.alice, pair.bob)
        await pair.send(pair.bob, "From Bob.")
        await pair.send(pair.alice, "From Alice.")
        await pair.send(pair.carol, "From Carol.")
        assert pair.alice.page.texts == ["From Alice.", "From Carol."]
        assert pair.bob.page.texts == ["From Bob.", "From Carol."]
        assert pair.carol.page.texts == ["From Bob.", "From Alice.", "From Carol."]


async def test_messages_that_leave_together_leave_without_those_of_the_blocked() -> None:
    async with pair_with_people() as pair:
        await pair.block(pair.alice, pair.bob)
        dora = await pair.second.join(await person(pair.registry, "Dora", BESIDE))
        for socket, text in ((dora, "0"), (dora, "1"), (pair.bob, "2"), (dora, "3")):
            await pair.second.send_text(socket, text)
        await pair.settle()
        await pair.time.pass_s(WINDOW_OVER)
        assert pair.alice.page.lots == [["0"], ["1", "3"]]
        assert pair.carol.page.lots == [["0"], ["1", "2", "3"]]


async def test_what_was_pending_when_somebody_was_blocked_is_not_written() -> None:
    async with pair_with_people() as pair:
        for text in ("1", "2"):
            await pair.second.send_text(pair.bob, text)
        await settled(pair.first, pair.second)
        assert pair.alice.page.texts == ["1"]
        await pair.block(pair.alice, pair.bob)
        await pair.time.pass_s(WINDOW_OVER)
        assert pair.alice.page.texts == ["1"]
        assert pair.carol.page.texts == ["1", "2"]


async def test_an_arrival_of_the_blocker_is_shown_nothing_of_the_blocked() -> None:
    async with pair_with_people() as pair:
        await pair.send(pair.bob, "Before.")
        await pair.block(pair.alice, pair.bob)
        await pair.send(pair.bob, "After.")
        await pair.send(pair.carol, "Between.")
        for since_ms in (None, pair.now_ms - 60_000):
            again = await pair.first.join(pair.alice.session, since_ms)
            assert again.page.texts == ["Between."]


async def test_an_arrival_of_the_blocked_is_shown_what_was_said_before_the_block_and_no_more() -> (
    None
):
    async with pair_with_people() as pair:
        await pair.send(pair.alice, "Before.")
        await pair.block(pair.alice, pair.bob)
        await pair.send(pair.alice, "After.")
        for since_ms in (None, pair.now_ms - 60_000):
            again = await pair.second.join(pair.bob.session, since_ms)
            assert again.page.texts == ["Before."]


async def test_what_is_said_while_one_who_blocked_arrives_is_held_and_then_chosen() -> None:
    async with pair_with_people() as pair:
        await pair.block(pair.alice, pair.bob)
        stop = pair.history.stop("before", "after")
        again = await pair.first.begin_join(pair.alice.session)
        await stop.arrived()
        for socket in (pair.bob, pair.carol):
            await (pair.second if socket is pair.bob else pair.first).send_text(socket, "Hello.")
        (said,) = pair.bob.page.all("chat.ack")
        await pair.second.feed.sender.remove(pair.bob, said["id"])
        await turns()
        stop.open.set()
        await again.task
        await pair.settle()
        assert [_of(pair.carol, one) for one in again.page.all("chat.message")] == [True]
        assert again.page.all("chat.gone") == []


async def test_a_message_taken_back_is_gone_where_it_was_shown_and_not_told_where_it_was_not() -> (
    None
):
    async with pair_with_people() as pair:
        await pair.send(pair.alice, "Before.")
        await pair.block(pair.alice, pair.bob)
        await pair.send(pair.alice, "After.")
        (before, after) = (one["id"] for one in pair.carol.page.all("chat.message"))
        for message_id in (before, after):
            await pair.first.feed.sender.remove(pair.alice, message_id)
        await pair.settle()
        assert [one["ids"] for one in pair.carol.page.all("chat.gone")] == [[before], [after]]
        assert [one["ids"] for one in pair.bob.page.all("chat.gone")] == [[before]]
        back = await pair.second.join(pair.bob.session, pair.now_ms - 60_000)
        assert [one["ids"] for one in back.page.all("chat.gone")] == [[before]]


async def test_one_who_moved_on_is_not_told_of_what_they_were_not_shown() -> None:
    async with pair_with_people() as pair:
        await pair.block(pair.alice, pair.bob)
        await pair.send(pair.alice, "After.")
        (after,) = (one["id"] for one in pair.carol.page.all("chat.message"))
        for socket, process in ((pair.bob, pair.second), (pair.carol, pair.first)):
            process.hub.announce(
                await pair.registry.place(socket.session.digest, AWAY, process.hub.process)
            )
        await pair.settle()
        await pair.first.feed.sender.remove(pair.alice, after)
        await pair.settle()
        assert [one["ids"] for one in pair.carol.page.all("chat.gone")] == [[after]]
        assert pair.bob.page.all("chat.gone") == []


async def test_marks_and_moves_reach_those_with_blocks_as_everybody() -> None:
    async with pair_with_people() as pair:
        await pair.block(pair.alice, pair.bob)
        await pair.first.poll()
        marks = len(pair.alice.page.all("mark"))
        await pair.first.hub.rounds.mark()
        assert len(pair.alice.page.all("mark")) == marks + 1
        pair.first.hub.announce(
            await pair.registry.place(
                pair.alice.session.digest, Place(HERE.cell, 400), pair.first.hub.process
            )
        )
        await pair.settle()
        await pair.send(pair.bob, "From Bob.")
        await pair.send(pair.carol, "From Carol.")
        assert pair.alice.page.texts == ["From Carol."]
        pair.first.hub.exit(pair.alice)
        assert all(
            pair.alice not in one.filtered for one in pair.first.hub.audience.cohorts.values()
        )


# ---- Pure --------------------------------------------------------------------------------------


def test_who_was_blocked_hears_what_was_said_before_and_who_blocked_hears_nothing() -> None:
    session = Session("", Person("me", "Me"), 0)
    both = replace(session, blocked=frozenset({"b"}), blocked_by={"a": 1000, "b": 5000})
    assert [both.may_receive("a", ms) for ms in (999, 1000, 1001)] == [True, False, False]
    assert [both.may_receive("b", ms) for ms in (0, 6000)] == [False, False]
    assert both.may_receive("c", 1000)
