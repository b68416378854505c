"""Reactions stand in the history beside their message, in memory, in Redis and in a cluster: one of
a person, counted in the step that keeps it, and gone with the message."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from django.test import override_settings

from chat.history.memory import Stream
from chat.history.memory_reactions import Reacting
from chat.messages import Message, Reacted, StreamId
from chat.reactions import REACTIONS, Choices, ChosenReaction
from neartalk.codes import Refused
from presence.geo import Roughness
from presence.values import Place
from tests.chat.history_harness import (
    HERE,
    HOME_TILE,
    MakeHarness,
    MemoryHistoryHarness,
    all_of,
    append_text,
    draft,
)
from tests.support.instruction_counts import count_instructions

if TYPE_CHECKING:
    from tests.chat.history_harness import HistoryHarness

pytestmark = pytest.mark.usefixtures("patient", "unlimited")


def choice(who: str, reaction: str, name: str = "") -> ChosenReaction:
    return ChosenReaction(who, name or who.title(), Place(HERE, 500), reaction)


async def react(
    harness: HistoryHarness, message: Message, who: str, reaction: str
) -> tuple[Reacted, StreamId] | None:
    return await harness.history.react(message, choice(who, reaction))


async def choices(harness: HistoryHarness, message: Message) -> Choices:
    return (await harness.history.choices([(message.tile, message.id)]))[message.id]


async def test_one_of_a_person_is_kept_changed_and_taken_back(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        message = await append_text(harness, "Shall we?")
        told = []
        for who, word in (("bob", "yes"), ("cem", "love"), ("bob", "love"), ("cem", "")):
            kept = await react(harness, message, who, word)
            assert kept
            told.append(kept[0])
            assert await react(harness, message, who, word) is None, (
                "the same again changes nothing"
            )
        assert [dict(one.counts) for one in told] == [
            {"yes": 1},
            {"yes": 1, "love": 1},
            {"love": 2},
            {"love": 1},
        ]
        assert [one.version for one in told] == [1, 2, 3, 4]
        assert [(one.by, one.reaction) for one in told][2:] == [("bob", "love"), ("cem", "")]
        assert (await choices(harness, message)).reactions == {"bob": "love"}
        # Of each message the newest counts alone stand there.
        assert await all_of(harness) == [message, told[-1]]
        assert await react(harness, message, "bob", "")
        assert (await all_of(harness))[-1].counts == {}  # type: ignore[union-attr]


async def test_a_choice_keeps_the_name_and_the_place_of_its_moment(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        message = await append_text(harness, "Who?")
        name = 'Zoë "x" <b> 😀 ["no"]'
        rough = ChosenReaction("bob", name, Place(HERE, 1234, Roughness.AREA), "me-too")
        await harness.history.react(message, rough)
        found = await choices(harness, message)
        assert found == Choices(1, {"bob": rough})


async def test_entries_chain_with_messages_and_are_read_on(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        first = await append_text(harness, "one")
        kept = await react(harness, first, "bob", "wow")
        assert kept
        assert kept[1] == first.at
        answer = await harness.history.append(draft("two"))
        assert answer.previous == kept[0].at
        again = await react(harness, first, "cem", "wow")
        assert again
        assert again[1] == answer.at
        ids = [one.at for one in await all_of(harness)]
        assert all(one < other for one, other in pairwise(ids))
        after = (await harness.history.after({HOME_TILE: answer.at})).entries[HOME_TILE]
        assert [*after] == [again[0]]


def test_in_memory_reactions_cost_nothing_until_their_message_ends() -> None:
    def stream(count: int) -> Stream:
        reacting = {StreamId(1000 + turn, 0): Reacting() for turn in range(count)}
        return Stream(reacting=reacting, reacting_since=StreamId(1000, 0))

    few, many = stream(2), stream(2_000)
    before = StreamId(999, 0)
    costs = [count_instructions(lambda: one.expire(before)) for one in (few, many)]  # noqa: B023
    assert costs[0] == costs[1]
    for oldest in (1000, 1001, 2500):
        many.expire(StreamId(oldest, 0))
        assert min(many.reacting) == many.reacting_since == StreamId(oldest + 1, 0)
    many.expire(StreamId(5000, 0))
    assert not many.reacting


async def test_only_a_message_that_stands_there_can_be_reacted_to(
    make_harness: MakeHarness, two_seconds_long: int
) -> None:
    async with make_harness() as harness:
        message = await append_text(harness, "short")
        wrong = [
            replace(message, person_id="bob"),
            replace(message, ref="another-ref"),
            replace(message, at=StreamId(message.at.ms, 7)),
            replace(message, place=Place("u33db2m", 500)),
        ]
        removed = await append_text(harness, "removed")
        kept = await react(harness, removed, "bob", "yes")
        assert kept
        assert await harness.history.remove([HOME_TILE], removed.id, "alice")
        # Its counts are gone with it.
        assert kept[0].at not in [one.at for one in await all_of(harness)]
        assert await choices(harness, removed) == Choices()
        for one in (*wrong, removed):
            with pytest.raises(Refused, match="not-found"):
                await react(harness, one, "cem", "yes")
        await harness.pass_ms(two_seconds_long)
        with pytest.raises(Refused, match="not-found"):
            await react(harness, message, "cem", "yes")


async def test_reactions_end_with_their_message_however_late_they_came(
    make_harness: MakeHarness, two_seconds_long: int
) -> None:
    async with make_harness() as harness:
        message = await append_text(harness, "first")
        await harness.pass_ms(two_seconds_long // 2)
        kept = await react(harness, message, "Zebedee", "sorry")
        later = await append_text(harness, "later")
        assert kept
        await harness.pass_ms(two_seconds_long // 2 + 1)
        found = await all_of(harness)
        assert later in found, "it lives on"
        assert [one for one in found if isinstance(one, (Message, Reacted))] == [later]
        after = (await harness.history.after({HOME_TILE: StreamId(0, 0)})).entries[HOME_TILE]
        assert not [one for one in after if isinstance(one, Reacted)]
        assert await choices(harness, message) == Choices()
        await harness.history.trim()
        everything = await harness.everything()
        assert "Zebedee" not in everything
        assert message.id not in everything


async def test_a_thousand_at_once_are_counted_once_each(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        message = await append_text(harness, "Hands up")
        people = [f"person-{number}" for number in range(1000)]
        words = [REACTIONS[number % 7 % 6] for number in range(1000)]
        for start in range(0, 1000, 50):
            some = zip(people[start : start + 50], words[start : start + 50], strict=True)
            await asyncio.gather(*(react(harness, message, *one) for one in some))
        newest = (await all_of(harness))[-1]
        assert isinstance(newest, Reacted)
        assert newest.counts == Counter(words)
        assert newest.version == 1000
        assert len(await all_of(harness)) == 2
        found = await choices(harness, message)
        assert found.version == 1000
        assert found.reactions == dict(zip(people, words, strict=True))


async def react_until_refused(harness: HistoryHarness, message: Message) -> tuple[int, Refused]:
    """How many changes of one person were kept, and why the next one was not."""
    for kept in range(1000):
        try:
            await react(harness, message, "bob", REACTIONS[kept % 2])
        except Refused as why:
            return kept, why
    raise AssertionError("a thousand changes were kept")


async def test_a_person_s_allowance_is_taken_in_the_same_step(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        message = await append_text(harness, "Often")
        with override_settings(RATE_LIMITS_SCALE=1):
            kept, refused = await react_until_refused(harness, message)
            assert refused.code == "too-fast"
            assert kept >= 15
            assert refused.rule == "chat.react"
            assert refused.retry_after in {1, 2}
            same = REACTIONS[(kept - 1) % 2]
            assert await react(harness, message, "bob", same) is None, "what is so needs none"
            assert await react(harness, message, "cem", "wow")
            if isinstance(harness, MemoryHistoryHarness):
                assert kept == 15
                await harness.pass_ms(2_000)
                assert await react(harness, message, "bob", "wow")
        with override_settings(RATE_LIMITS_SCALE=1, RATE_LIMITS_OFF=["chat.react"]):
            for turn in range(40):
                assert await react(harness, message, "bob", REACTIONS[4 + turn % 2])
