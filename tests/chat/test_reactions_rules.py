"""Who may react to what, and who reacted is told to the author of the message alone."""

from __future__ import annotations

from typing import Any

import pytest

from chat.history import life_ms
from chat.reactions import REACTIONS
from neartalk.codes import Refused
from presence.delivery import Form
from presence.values import Place
from tests.chat.consumer_client import REF, arrived
from tests.chat.reacting import block, passed, react, said
from tests.presence.process_pair import process_pair
from tests.support.processes import AWAY, BESIDE, HERE, LoopClock, person

pytestmark = pytest.mark.usefixtures("no_window")

ODD: list[Any] = [5, True, [], {}]


# ---- Who may react -------------------------------------------------------------------------------


async def test_only_a_living_message_of_somebody_else_that_one_hears_is_reacted_to() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        far = await pair.second.join(await person(pair.registry, "Far", AWAY))
        short = await pair.first.join(await person(pair.registry, "Short", Place(BESIDE.cell, 100)))
        mine = await said(pair.first, alice, "mine")
        theirs = await said(pair.second, bob, "theirs")
        removed = await said(pair.second, bob, "removed")
        await pair.second.feed.sender.remove(bob, removed)
        away = await said(pair.second, far, "away")
        beyond = await said(pair.first, short, "beyond")
        pair.now_ms += 1
        await pair.settle()
        unknown = f"{pair.now_ms}-0.00000000"
        wrong = [mine, removed, away, beyond, unknown, "1-0.00000000", "", "no id"]
        for message_id in wrong:
            with pytest.raises(Refused, match="not-found") as refused:
                await react(pair.first, alice, message_id, "yes")
            assert refused.value.rule is None
        await react(pair.first, alice, theirs, "yes")
        await block(pair, alice, bob)
        with pytest.raises(Refused, match="not-found"):
            await react(pair.first, alice, theirs, "love")
        pair.now_ms += life_ms()
        with pytest.raises(Refused, match="not-found"):
            await react(pair.second, far, beyond, "yes")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"reaction": odd} for odd in (*ODD, "like", "", "YES", ["yes"])),
        *({"id": odd} for odd in (*ODD, None)),
    ],
)
async def test_what_has_another_shape_is_refused(wrong: dict[str, Any]) -> None:
    async with arrived() as client:
        right = {"type": "chat.react", "id": "1-0.00000000", "reaction": "yes", "ref": REF}
        await client.send_frame({**right, **wrong})
        assert [(one["code"], one["ref"]) for one in client.page.all("error")] == [
            ("bad-frame", REF)
        ]


async def test_the_muted_cannot_react_and_a_thousand_a_minute_are_too_many() -> None:
    async with arrived() as client:
        frame = {"type": "chat.react", "id": "1-0.00000000", "ref": REF}
        await client.send_frame(frame)
        await client.send_frame({**frame, "reaction": None})
        assert [one["code"] for one in client.page.all("error")] == ["bad-frame", "not-found"]
        await client.mute()
        await client.send_frame({**frame, "reaction": "yes"})
        assert client.page.all("error")[-1]["code"] == "muted"
        for _ in range(1000):
            await client.send_frame({**frame, "reaction": "yes"})
        codes = [one["code"] for one in client.page.all("error")]
        assert codes[-1] == "flooding"
        assert codes.count("muted") < 100


# ---- Who reacted ---------------------------------------------------------------------------------


async def test_who_reacted_is_told_to_the_author_alone_the_nearest_first() -> None:
    async with process_pair() as pair:
        first, second, registry = pair.first, pair.second, pair.registry
        alice = await first.join(await person(registry, "Alice", Place(HERE.cell, 2000)))
        far = Place("u33dc1r", 2000)
        near = [await second.join(await person(registry, f"Near {n}", HERE)) for n in range(48)]
        others = [await second.join(await person(registry, f"Far {n}", far)) for n in range(4)]
        message_id = await said(first, alice, "Who?")
        pair.now_ms += 1
        await pair.settle()
        for turn, socket in enumerate((*others, *near)):
            await react(second, socket, message_id, REACTIONS[turn % 6])
        renamed = await registry.rename(near[0].session.digest, "Another")
        second.hub.announce(renamed)
        await pair.settle()
        await first.feed.reaction_sender.list_reactors(alice, message_id, "ref-of-list")
        (listed,) = alice.page.all("chat.reactors")
        assert (listed["id"], listed["count"], listed["ref"]) == (message_id, 52, "ref-of-list")
        in_order = [sorted(one.person.person_id for one in lot) for lot in (near, others)]
        assert [one["person_id"] for one in listed["people"]] == [*in_order[0], *in_order[1]][:50]
        names = {one["person_id"]: one["username"] for one in listed["people"]}
        assert names[near[0].person.person_id] == "Near 0", "the name of that moment"
        assert listed["people"][0].keys() == {"person_id", "username", "reaction"}
        await block(pair, alice, near[3])
        second.hub.exit(near[4])
        await first.feed.reaction_sender.list_reactors(alice, message_id)
        listed = alice.page.all("chat.reactors")[-1]
        assert listed["count"] == 51, "whoever left is counted on, whom one blocked is not"
        assert near[3].person.person_id not in {one["person_id"] for one in listed["people"]}
        for wrong in ("1-0.00000000", "", f"{pair.now_ms}-0.00000000"):
            with pytest.raises(Refused, match="not-found"):
                await first.feed.reaction_sender.list_reactors(alice, wrong)
        with pytest.raises(Refused, match="not-found"):
            await second.feed.reaction_sender.list_reactors(near[5], message_id)
        moved = await registry.place(alice.session.digest, AWAY, first.hub.process)
        first.hub.announce(moved)
        await pair.settle()
        await first.feed.reaction_sender.list_reactors(alice, message_id)
        assert alice.page.all("chat.reactors")[-1]["count"] == 51, "from another tile too"
        pair.now_ms += life_ms()
        with pytest.raises(Refused, match="not-found"):
            await first.feed.reaction_sender.list_reactors(alice, message_id)


async def test_the_form_of_the_page_names_counts_choices_and_who_reacted() -> None:
    async with process_pair() as pair:
        clock = LoopClock()
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.first.join(await person(pair.registry, "<b>Bob</b>", BESIDE))
        message_id = await said(pair.first, alice, "Shall we?")
        await passed(clock, pair.first)
        texts: list[str] = []
        for one in (alice, bob):
            one.connection.write = lambda frame: texts.append(frame.text)  # type: ignore[method-assign]
        cohort = pair.first.hub.audience.cohort_of(alice)
        for one in (alice, bob):
            pair.first.hub.audience.leave(one)
            one.form = Form.HTML
            pair.first.hub.audience.enter(one)
            pair.first.hub.audience.settle(one, set())
        assert cohort
        await react(pair.first, bob, message_id, "me-too")
        await passed(clock, pair.first)
        await pair.first.feed.reaction_sender.list_reactors(alice, message_id)
        await react(pair.first, bob, message_id, "")
        signals = '<div id="signals" hx-swap-oob="innerHTML">'
        counted = f'<data class="reactions" data-id="{message_id}" data-counts="me-too:1"></data>'
        mine = f'<data class="reacted" data-id="{message_id}" data-reaction="me-too"></data>'
        who = f'data-person="{bob.person.person_id}" data-reaction="me-too"'
        named = f'<b {who} data-tag="{bob.person.tag}">&lt;b&gt;Bob&lt;/b&gt;</b>'
        reactors = f'<data class="reactors" data-id="{message_id}" data-count="1">{named}</data>'
        for each in (counted, mine, reactors, mine.replace("me-too", "")):
            assert f"{signals}{each}</div>" in texts
