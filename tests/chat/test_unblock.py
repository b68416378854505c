"""Whoever set a block takes it back: each is there again for the other, with what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neartalk.codes import Refused
from presence.hub.presence_broadcaster import PEOPLE_S
from tests.presence.process_pair import process_pair
from tests.support.processes import BESIDE, HERE, LoopClock, PageSocket, person, settled

if TYPE_CHECKING:
    from tests.presence.process_pair import ProcessPair


pytestmark = pytest.mark.usefixtures("no_window")


async def change(pair: ProcessPair, act: str, by: PageSocket, whom: PageSocket) -> None:
    for one in await getattr(pair.registry, act)(by.session.digest, whom.person.person_id):
        pair.first.hub.announce(one)
    await pair.settle()
    pair.now_ms += 1


async def test_whoever_is_unblocked_is_listed_heard_and_counted_again_at_once() -> None:
    async with process_pair() as pair:
        clock = LoopClock()
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        carol = await pair.first.join(await person(pair.registry, "Carol", HERE))
        await pair.settle()
        await pair.first.send_text(carol, "Who comes?")
        await pair.settle()
        asked = carol.page.all("chat.ack")[0]["id"]
        pair.now_ms += 1
        await pair.second.feed.reaction_sender.react(bob, asked, "yes")
        await pair.second.send_text(bob, "before")
        await change(pair, "block", alice, bob)
        await pair.second.send_text(bob, "meanwhile")
        await pair.first.send_text(alice, "unheard")
        await pair.settle()
        await clock.pass_s(PEOPLE_S + 1)
        assert alice.page.names == bob.page.names == ["Carol"]
        assert alice.page.all("chat.reactions")[-1]["counts"] == {}
        seen = len(alice.page.frames)
        await change(pair, "unblock", alice, bob)
        await clock.pass_s(1)
        await pair.settle()
        fresh = alice.page.frames[seen:]
        (told,) = [one for one in fresh if one["type"] == "unblocked"]
        assert told["person_ids"] == [bob.person.person_id]
        assert sorted(alice.page.names) == ["Bob", "Carol"]
        again = [one["text"] for one in fresh if one["type"] == "chat.message"]
        assert again == ["before", "meanwhile"]
        assert alice.page.all("chat.reactions")[-1] == {
            "type": "chat.reactions",
            "id": asked,
            "counts": {"yes": 1},
        }
        assert "unblocked" not in bob.page.kinds
        await clock.pass_s(PEOPLE_S + 1)
        await pair.settle()
        assert sorted(bob.page.names) == ["Alice", "Carol"]
        for process, socket, text in ((pair.first, alice, "to Bob"), (pair.second, bob, "to her")):
            await process.send_text(socket, text)
            await pair.settle()
        assert bob.page.texts[-2:] == alice.page.texts[-2:] == ["to Bob", "to her"]
        for one in (pair.first, pair.second):
            await one.hub.anti_entropy.compare()
        await pair.settle()
        assert not alice.session.hidden | bob.session.hidden, "nothing brings the block back"


async def test_only_a_block_of_one_s_own_is_taken_back_and_one_of_theirs_stands_on() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        await change(pair, "block", bob, alice)
        with pytest.raises(Refused, match="not-found"):
            await change(pair, "unblock", alice, bob)
        await change(pair, "block", alice, bob)
        await change(pair, "unblock", alice, bob)
        assert alice.page.all("unblocked")
        assert alice.session.hidden == {bob.person.person_id}
        assert "Bob" not in alice.page.names
        await change(pair, "block", alice, bob)
        assert await pair.registry.close(bob.session.digest)
        with pytest.raises(Refused, match="not-found"):
            await change(pair, "unblock", alice, bob)
        await settled(pair.first, pair.second)
