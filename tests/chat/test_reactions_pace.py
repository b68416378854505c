"""Counts of reactions leave once a second at most, together, and as their reader takes them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from chat.feed.reaction_state import ReactionState
from chat.messages import Reacted, StreamId
from chat.reactions import REACTIONS
from neartalk.server.backlog import UNSENT_MAX
from presence.delivery import Form, Socket
from presence.delivery.connection import PACE_UNSENT
from tests.chat.reacting import block, counts, passed, react, said
from tests.presence.process_pair import process_pair
from tests.support.processes import BESIDE, HERE, LoopClock, person, settled, turns
from tests.support.waiting import within

if TYPE_CHECKING:
    from presence.delivery import Frame
    from tests.presence.process_pair import ProcessPair

pytestmark = pytest.mark.usefixtures("no_window")


async def test_counts_of_one_message_leave_once_a_second_and_those_of_many_together() -> None:
    async with process_pair() as pair:
        clock = LoopClock()
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        ids = [await said(pair.first, alice, f"text {turn}") for turn in range(3)]
        await passed(clock, pair.first)
        await react(pair.first, bob, ids[0], "yes")
        await settled(pair.first)
        assert counts(alice, ids[0]) == {"yes": 1}, "the first leaves at once"
        for word in ("love", "funny", "wow"):
            await react(pair.first, bob, ids[0], word)
            await clock.pass_s(0.3)
        assert counts(alice, ids[0]) == {"yes": 1}
        await clock.pass_s(0.2)
        assert counts(alice, ids[0]) == {"wow": 1}
        lots: list[str] = []
        write = alice.page.write

        def noted(frame: Frame) -> None:
            lots.append(frame.text)
            write(frame)

        alice.page.write = noted  # type: ignore[method-assign]
        await clock.pass_s(1)
        for message_id in ids:
            await react(pair.first, bob, message_id, "sorry")
        await passed(clock, pair.first)
        (lot,) = lots
        assert [one["id"] for one in json.loads(lot)] == ids


async def test_reactions_of_the_same_moment_leave_on_a_loop_that_calls_at_once_what_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As uvloop does, which serves: what it returns then is no timer and has no time."""
    async with process_pair() as pair:
        clock, loop = LoopClock(), asyncio.get_running_loop()
        call_at = loop.call_at

        def called_at(when: float, call: Any, *given: Any, **named: Any) -> asyncio.Handle:
            if when <= loop.time():
                return loop.call_soon(call, *given, **named)
            return call_at(when, call, *given, **named)

        monkeypatch.setattr(loop, "call_at", called_at)
        alice, *others = [
            await pair.first.join(await person(pair.registry, name, HERE))
            for name in ("Alice", "Bob", "Cem", "Dana")
        ]
        message_id = await said(pair.first, alice, "Shall we?")
        await pair.settle()
        reacting = (react(pair.first, one, message_id, "yes") for one in others)
        await asyncio.gather(*reacting)
        await passed(clock, pair.first)
        assert counts(alice, message_id) == {"yes": 3}


async def test_a_thousand_reactions_cost_less_than_a_tenth_of_a_thousand_messages() -> None:
    """In frames and bytes, as a page reads them that hears a thousand people in ten seconds."""
    async with process_pair() as pair:
        clock = LoopClock()
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        crowd = [await pair.first.join(await person(pair.registry, "One", HERE)) for _ in range(50)]
        message_id = await said(pair.first, alice, "Hands up")
        await pair.settle()
        await passed(clock, pair.first, pair.second, seconds=6)
        before = len(bob.page.frames)
        for turn in range(1000):
            # Twenty times each, another word each time: as many changes as of a thousand people.
            await react(pair.first, crowd[turn % 50], message_id, REACTIONS[turn // 50 % 6])
            if turn % 100 == 99:
                await passed(clock, pair.first, pair.second)
        await passed(clock, pair.first, pair.second)
        told = bob.page.frames[before:]
        assert {one["type"] for one in told} == {"chat.reactions"}
        assert counts(bob, message_id) == counts(alice, message_id) == {"love": 50}
        of_a_message = len(json.dumps(alice.page.all("chat.message")[0]))
        assert len(told) <= 12, "a message each would be a thousand"
        assert sum(len(json.dumps(one)) for one in told) < 1000 * of_a_message / 100


async def test_counts_of_what_is_in_range_are_judged_for_no_reader_by_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with process_pair() as pair:
        clock = LoopClock()
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        ids = [await said(pair.first, alice, text) for text in ("one", "two")]
        pair.now_ms += 1
        each = [await person(pair.registry, "One", BESIDE) for _ in range(9)]
        crowd = [await pair.first.join(one) for one in each]
        await passed(clock, pair.first, pair.second)
        judged: list[str] = []
        shows = Socket.shows

        def noted_shows(socket: Socket, sent: Any) -> bool:
            judged.append(socket.person.person_id)
            return shows(socket, sent)

        monkeypatch.setattr(Socket, "shows", noted_shows)
        for message_id in ids:
            await react(pair.first, crowd[0], message_id, "yes")
        await passed(clock, pair.first, pair.second)
        assert judged == []
        assert all(counts(one, message_id) == {"yes": 1} for one in crowd for message_id in ids)
        await block(pair, crowd[1], crowd[0])
        await passed(clock, pair.first, pair.second)
        judged.clear()
        await react(pair.first, crowd[2], ids[0], "yes")
        await passed(clock, pair.first, pair.second)
        assert {*judged} == {one.person.person_id for one in crowd[:2]}
        assert counts(crowd[1], ids[0]) == {"yes": 1}
        assert counts(crowd[0], ids[0]) == counts(crowd[3], ids[0]) == {"yes": 2}


def many_states(pair: ProcessPair, who: str, count: int = 3000) -> list[ReactionState]:
    """So many messages, to each of which somebody reacted."""
    now_ms = pair.now_ms
    entries = (
        Reacted(
            *(StreamId(now_ms, turn), HERE, "b" * 16, f"{now_ms}-{turn}.0a1b2c3d"),
            *({"yes": 1}, 1, who, "yes"),
        )
        for turn in range(count)
    )
    return [ReactionState(one) for one in entries]


@pytest.mark.parametrize("form", Form)
async def test_counts_of_thousands_of_messages_come_in_frames_that_wait_for_their_reader(
    form: Form,
) -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        sizes: list[int] = []
        alice.form = form
        alice.page.write = lambda frame: sizes.append(len(frame.wire))  # type: ignore[method-assign]
        alice.page.room.clear()
        reactions = pair.first.feed.sequencer.reactions
        states = many_states(pair, alice.person.person_id)
        showing = asyncio.create_task(reactions.show(alice, states))
        await turns()
        assert 0 < sum(sizes) < PACE_UNSENT, "the rest waits"
        alice.page.room.set()
        await within(showing, "all of it")
        assert sum(sizes) > UNSENT_MAX
        assert max(sizes) < PACE_UNSENT
        sizes.clear()
        await within(reactions.show_counts(alice, states), "all counts")
        assert sum(sizes) > 200_000
        assert max(sizes) < PACE_UNSENT
