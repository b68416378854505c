"""Counts of reactions agree for all who hear the message, but for whom a block parts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from chat.reactions import REACTIONS
from tests.chat.reacting import block, chosen, counts, passed, react, said
from tests.chat.two_processes import Open, alice_and_bob, two_processes
from tests.presence.process_pair import process_pair
from tests.support.processes import (
    AWAY,
    BESIDE,
    HERE,
    LoopClock,
    PageSocket,
    Process,
    person,
    settled,
)

if TYPE_CHECKING:
    from tests.presence.process_pair import ProcessPair

pytestmark = pytest.mark.usefixtures("no_window")


@pytest.mark.usefixtures("no_rounds", "unlimited")
async def test_counts_reach_all_who_hear_the_message_and_later_readers(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, _):
        clock = LoopClock()
        alice, bob = await alice_and_bob(first, second)
        far = await second.join(await person(found[0], "Far", AWAY))
        message_id = await said(first, alice, "Shall we?")
        await settled(first, second)
        await react(second, bob, message_id, "yes", "ref-of-yes")
        assert bob.page.all("chat.reacted") == [
            {"type": "chat.reacted", "id": message_id, "reaction": "yes", "ref": "ref-of-yes"}
        ]
        await passed(clock, first, second)
        other = await first.join(bob.session)
        for one in (alice, bob, other):
            assert counts(one, message_id) == {"yes": 1}
        assert chosen(other) == [(message_id, "yes")]
        kinds = other.page.kinds
        assert kinds.index("chat.message") < kinds.index("chat.reactions") < kinds.index("mark")
        await react(second, bob, message_id, "")
        await passed(clock, first, second)
        assert chosen(bob) == chosen(other) == [(message_id, "yes"), (message_id, None)]
        for one in (alice, bob, other):
            assert counts(one, message_id) == {}
        assert chosen(alice) == []
        assert not {"chat.reactions", "chat.reacted"} & {*far.page.kinds}


async def test_who_arrives_has_counts_without_asking_the_store_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with process_pair() as pair:
        clock = LoopClock()
        asked: list[str] = []
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        message_id = await said(pair.first, alice, "Shall we?")
        await pair.settle()
        for name in ("page", "after", "choices", "now_ms"):
            monkeypatch.setattr(pair.history, name, noted(asked, getattr(pair.history, name)))
        plain = await pair.first.join(await person(pair.registry, "Plain", HERE))
        without = [*asked]
        assert counts(plain, message_id) is None
        await react(pair.first, plain, message_id, "yes")
        await passed(clock, pair.first, pair.second)
        asked.clear()
        late = await pair.first.join(await person(pair.registry, "Late", HERE))
        assert counts(late, message_id) == {"yes": 1}
        assert asked == without
        # Nor where this process has read nothing of the place before.
        asked.clear()
        first = await pair.second.join(await person(pair.registry, "First", HERE))
        assert counts(first, message_id) == {"yes": 1}
        assert asked.count("page") == 1


def noted(asked: list[str], method: Any) -> Any:
    async def call(*args: Any) -> Any:
        asked.append(method.__name__)
        return await method(*args)

    return call


async def test_whom_one_blocked_is_neither_counted_for_one_nor_one_for_them() -> None:
    async with process_pair() as pair:
        clock = LoopClock()
        first, second, registry = pair.first, pair.second, pair.registry
        alice = await first.join(await person(registry, "Alice", HERE))
        bob = await second.join(await person(registry, "Bob", BESIDE))
        cem = await second.join(await person(registry, "Cem", BESIDE))
        dana = await first.join(await person(registry, "Dana", HERE))
        message_id = await said(first, dana, "Who comes?")
        pair.now_ms += 1
        await pair.settle()
        for socket, process in ((alice, first), (bob, second), (cem, second)):
            await react(process, socket, message_id, "yes")
        await passed(clock, first, second)
        assert counts(alice, message_id) == counts(bob, message_id) == {"yes": 3}
        told = len(bob.page.all("chat.reactions"))
        await block(pair, alice, bob)
        await passed(clock, first, second)
        assert counts(alice, message_id) == {"yes": 2}, "at once, without another reaction"
        assert len(bob.page.all("chat.reactions")) == told, "whoever was blocked is told nothing"
        await react(second, cem, message_id, "love")
        await passed(clock, first, second)
        assert counts(dana, message_id) == counts(cem, message_id) == {"yes": 2, "love": 1}
        assert counts(alice, message_id) == counts(bob, message_id) == {"yes": 1, "love": 1}
        for one, process in ((alice, second), (bob, first)):
            again = await process.join(one.session)
            await passed(clock, first, second)
            assert counts(again, message_id) == {"yes": 1, "love": 1}
            assert chosen(again)[-1] == (message_id, "yes")


async def test_counts_agree_everywhere_after_hints_were_lost_and_a_process_died() -> None:
    rng = random.Random(18)
    async with process_pair() as pair:
        clock = LoopClock()
        third = Process(pair.registry, pair.history, pair.wire)
        processes = (pair.first, pair.second, third)
        sockets = [
            (process, await process.join(await person(pair.registry, "Somebody", HERE)))
            for process in processes
            for _ in range(6)
        ]
        await settled(*processes)
        await block(pair, sockets[0][1], sockets[7][1])
        pair.now_ms += 1
        pair.wire.fate = lambda hint: int(rng.random() > 0.2)
        authors = [0, 3, 6, 9, 12, 15]
        ids = {author: await said(*sockets[author], f"text {author}") for author in authors}
        for process in processes:
            await process.poll()
        for turn in range(200):
            pair.now_ms += 50
            one, author = rng.randrange(18 if turn < 100 else 12), rng.choice(authors)
            if one != author and {one, author} != {0, 7}:
                await react(*sockets[one], ids[author], rng.choice(("", *REACTIONS)))
            await clock.pass_s(0.05)
            if turn == 100:
                await killed(third, pair)
        # What hints lost is read by the poll of 2 s, and leaves within a second.
        for process in processes[:2]:
            await process.poll()
        await passed(clock, *processes[:2], seconds=1.5)
        for number, (_, socket) in enumerate(sockets[:12]):
            for author, message_id in ids.items():
                if {number, author} != {0, 7}:
                    expected = await counts_for(pair, socket, message_id)
                    assert (counts(socket, message_id) or {}) == expected, (number, author)


async def killed(process: Process, pair: ProcessPair) -> None:
    """It says nothing any more, and hears nothing."""
    await process.hub.stop()
    assert process.layer
    for queues in pair.wire.groups.values():
        queues.discard(process.layer.queue)


async def counts_for(pair: ProcessPair, socket: PageSocket, message_id: str) -> dict[str, int]:
    """What a reader is to be shown, by what the store holds."""
    tile = socket.person.tile
    choices = (await pair.history.choices([(tile, message_id)]))[message_id].reactions
    hidden = socket.session.hidden
    words = [word for who, word in choices.items() if who not in hidden]
    return {one: words.count(one) for one in REACTIONS if one in words}
