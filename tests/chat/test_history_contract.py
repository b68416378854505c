"""The history keeps one contract in memory, in Redis and in a cluster: append, retract, read."""

import asyncio
import random
import secrets
from dataclasses import replace
from itertools import pairwise

import pytest
from pytest_django.fixtures import Settings

from chat.history import AFTER_COUNT
from chat.messages import (
    BEGINNING,
    Draft,
    Entry,
    Retraction,
    StreamId,
    just_before,
    public_id,
)
from neartalk.codes import Refused
from presence.geo import Tile
from presence.values import Place
from tests.chat.history_harness import (
    AT_ONCE,
    AWAY_TILE,
    CELLS,
    ELSEWHERE,
    HERE,
    HOME_TILE,
    OUT_TILE,
    THERE,
    MakeHarness,
    MemoryHistoryHarness,
    all_of,
    append_text,
    appended,
    draft,
    kept,
    spend,
    texts,
)
from tests.support.waiting import deadline

pytestmark = pytest.mark.usefixtures("patient", "unlimited")


# ---- Appending ---------------------------------------------------------------------------------


async def test_ids_ascend_by_the_clock_of_the_store_and_previous_is_the_one_before(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        earliest = await harness.history.now_ms()
        sent = [draft(f"text {number}") for number in range(20)]
        answers = [await harness.history.append(each) for each in sent]
        latest = await harness.history.now_ms()
        assert answers[0].previous == BEGINNING
        for before, answer in pairwise(answers):
            assert before.at < answer.at
            assert answer.previous == before.at
        assert all(earliest <= answer.at.ms <= latest for answer in answers)
        messages = [kept(*each) for each in zip(sent, answers, strict=True)]
        assert await all_of(harness) == messages


async def test_a_message_is_kept_as_it_was_sent(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        text = 'naïve 😀 "quotes" <b>\u2028\\ {0} \x7f'
        sent = Draft("id", "Zoë: 'x'", Place(HERE, 1234), text, "ref_0-9A")
        message = kept(sent, await harness.history.append(sent))
        (found,) = await all_of(harness)
        assert found == message
        assert message.id == public_id(message.at, "id", "ref_0-9A")


async def test_what_a_message_answers_and_whom_it_mentions_is_kept_by_id(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        first = draft("Who has a spare ticket?", ref="ref-asked")
        asked = kept(first, await harness.history.append(first))
        people = tuple(secrets.token_hex(8) for _ in range(5))
        for reply_to, mentions in ((asked.id, ()), ("", people), (asked.id, people[:1])):
            sent = replace(draft(f"to {reply_to} {mentions}"), reply_to=reply_to, mentions=mentions)
            message = kept(sent, await harness.history.append(sent))
            message = replace(message, reply_to=reply_to, mentions=mentions)
            assert (await all_of(harness))[-1] == message
        assert await harness.history.remove([HOME_TILE], asked.id, "alice")
        assert "spare ticket" not in await harness.everything()


async def test_tiles_keep_apart(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        home, out = (
            await append_text(harness, "home"),
            await append_text(harness, "out", cell=THERE),
        )
        assert await all_of(harness) == [home]
        assert await all_of(harness, OUT_TILE) == [out]
        assert (await harness.history.append(draft("again"))).previous == home.at


async def test_equal_texts_do_not_collapse(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        for number in range(5):
            await harness.history.append(draft("yes", ref=f"ref-{number}"))
        await harness.history.append(draft("yes", who="bob", ref="ref-0"))
        found = await all_of(harness)
        assert texts(found) == ["yes"] * 6
        assert len({entry.at for entry in found}) == 6


async def test_messages_at_once_are_all_kept_and_stand_in_one_order(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        sent = [draft(f"text {number}", who=f"person {number % 30}") for number in range(300)]
        answers = await appended(harness, sent)
        messages = sorted(map(kept, sent, answers), key=lambda message: message.at)
        assert await all_of(harness) == messages
        in_order = sorted(answers, key=lambda answer: answer.at)
        assert in_order[0].previous == BEGINNING
        for before, answer in pairwise(in_order):
            assert answer.previous == before.at < answer.at


async def test_public_ids_of_40_tiles_are_all_different(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        sent = [
            draft("text", who=f"person {number % 25}", cell=cell, ref=f"reference-{number}")
            for number, cell in enumerate(CELLS * 50)
        ]
        random.Random(40).shuffle(sent)
        answers = await appended(harness, sent)
        messages = [*map(kept, sent, answers)]
        assert len({message.tile for message in messages}) == 40
        assert len({message.id for message in messages}) == len(messages) == 2000
        if isinstance(harness, MemoryHistoryHarness):  # whose clock stands: its stream ids are not
            assert len({message.at for message in messages}) == 50


async def test_the_same_ref_in_one_tile_is_two_messages_of_two_people(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        answers = [await harness.history.append(draft("x", who, ref="same-ref")) for who in "ab"]
        assert [answer.fresh for answer in answers] == [True, True]
        assert texts(await all_of(harness)) == ["x", "x"]


# ---- Sending again -----------------------------------------------------------------------------


async def test_a_known_ref_is_answered_with_its_place_and_kept_once(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        first = await append_text(harness, "one")
        await append_text(harness, "two")
        again = await harness.history.append(draft("one"))
        assert (again.at, again.fresh) == (first.at, False)
        other_text = await harness.history.append(draft("changed", ref=first.ref))
        assert (other_text.at, other_text.fresh) == (first.at, False)
        assert texts(await all_of(harness)) == ["one", "two"]


async def test_one_ref_sent_ten_times_at_once_is_kept_once(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        answers = await asyncio.gather(*(harness.history.append(draft("one")) for _ in range(10)))
        assert len({answer.at for answer in answers}) == 1
        assert sum(answer.fresh for answer in answers) == 1
        assert texts(await all_of(harness)) == ["one"]


async def test_a_known_ref_is_answered_even_when_the_allowance_is_spent(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with make_harness() as harness:
        first = await append_text(harness, "one")
        await spend(harness)
        again = await harness.history.append(draft("one"))
        assert (again.at, again.fresh) == (first.at, False)


async def test_the_refs_of_an_earlier_tile_are_asked_first(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with make_harness() as harness:
        first = await append_text(harness, "one")
        await spend(harness, cell=ELSEWHERE)
        crossed = draft("one", cell=ELSEWHERE)
        again = await harness.history.append(crossed, [OUT_TILE, HOME_TILE])
        assert (again.at, again.fresh) == (first.at, False)
        assert "one" not in texts(await all_of(harness, AWAY_TILE))
        with pytest.raises(Refused, match="too-fast"):
            await harness.history.append(crossed, [OUT_TILE])
        elsewhere = await harness.history.append(draft("one", cell=THERE))
        assert elsewhere.fresh
        assert texts(await all_of(harness, OUT_TILE)) == ["one"]


# ---- Taking back -------------------------------------------------------------------------------


async def test_a_removal_stands_in_the_history_instead_of_the_message(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        one, two = await append_text(harness, "one"), await append_text(harness, "two")
        found = await harness.history.remove([OUT_TILE, HOME_TILE], one.id, "alice")
        assert found is not None
        retraction, previous = found
        assert retraction == Retraction(retraction.at, one.place, one.person_id, one.id)
        assert retraction.at > previous == two.at
        assert await all_of(harness) == [two, retraction]
        assert (await harness.history.after({HOME_TILE: two.at})).entries[HOME_TILE] == [retraction]
        assert (await harness.history.append(draft("three"))).previous == retraction.at
        assert "'one'" not in await harness.everything()


async def test_the_place_before_a_removal_may_be_that_of_the_message_itself(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        one = await append_text(harness, "one")
        found = await harness.history.remove([HOME_TILE], one.id, "alice")
        assert found is not None
        assert found[1] == one.at
        assert (await harness.history.append(draft("two"))).previous == found[0].at


async def test_only_your_own_message_and_only_once(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        one, two = await append_text(harness, "one"), await append_text(harness, "two", who="bob")
        before = await all_of(harness)
        for message_id, who in (
            (one.id, "bob"),
            (two.id, "alice"),
            (f"{one.at}.00000000", "alice"),
            (f"{StreamId(one.at.ms - 1, 0)}.{one.id[-8:]}", "alice"),
            (str(one.at), "alice"),
            ("", "alice"),
            ("no id", "alice"),
        ):
            assert await harness.history.remove([HOME_TILE], message_id, who) is None
        assert await harness.history.remove([OUT_TILE], one.id, "alice") is None
        assert await harness.history.remove([], one.id, "alice") is None
        assert await all_of(harness) == before
        assert await harness.history.remove([HOME_TILE], one.id, "alice")
        assert await harness.history.remove([HOME_TILE], one.id, "alice") is None
        (retraction,) = [entry for entry in await all_of(harness) if isinstance(entry, Retraction)]
        for message_id in (one.id, public_id(retraction.at, "alice", one.ref)):
            assert await harness.history.remove([HOME_TILE], message_id, "alice") is None


async def test_a_removal_is_known_to_its_author_as_long_as_the_message_would_have_lived(
    make_harness: MakeHarness, two_seconds_long: int
) -> None:
    async with make_harness() as harness:
        one = await append_text(harness, "one")
        removed, tiles = harness.history.removed, [OUT_TILE, HOME_TILE]
        assert not await removed(tiles, one.id, "alice")
        await harness.history.remove([HOME_TILE], one.id, "alice")
        assert await removed(tiles, one.id, "alice")
        await harness.history.trim()
        assert await removed(tiles, one.id, "alice")
        for asked, message_id, who in (
            (tiles, one.id, "bob"),
            (tiles, f"{one.at}.00000000", "alice"),
            (tiles, "", "alice"),
            (tiles, "no id", "alice"),
            ([OUT_TILE], one.id, "alice"),
            ([], one.id, "alice"),
        ):
            assert not await removed(asked, message_id, who)
        await harness.pass_ms(two_seconds_long)
        assert not await removed(tiles, one.id, "alice")
        await harness.history.trim()
        assert one.id not in await harness.everything()


async def test_a_message_taken_back_ten_times_at_once_is_taken_back_once(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        one = await append_text(harness, "one")
        tries = (harness.history.remove([HOME_TILE], one.id, "alice") for _ in range(10))
        answers = await asyncio.gather(*tries)
        assert sum(answer is not None for answer in answers) == 1
        (retraction,) = await all_of(harness)
        assert isinstance(retraction, Retraction)


async def test_sending_again_what_was_taken_back_does_not_bring_it_back(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        one = await append_text(harness, "one")
        await harness.history.remove([HOME_TILE], one.id, "alice")
        again = await harness.history.append(draft("one"))
        assert (again.at, again.fresh) == (one.at, False)
        assert texts(await all_of(harness)) == []


async def test_what_has_lived_its_time_cannot_be_taken_back(
    make_harness: MakeHarness, two_seconds_long: int
) -> None:
    async with make_harness() as harness:
        one = await append_text(harness, "one")
        await harness.pass_ms(two_seconds_long)
        assert await harness.history.remove([HOME_TILE], one.id, "alice") is None
        assert await all_of(harness) == []


# ---- Reading backwards -------------------------------------------------------------------------


async def test_a_page_is_the_newest_below_a_place_oldest_first(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        sent = [await append_text(harness, f"text {number}") for number in range(10)]
        out = [await append_text(harness, f"out {number}", cell=THERE) for number in range(3)]

        async def page(below: dict[Tile, StreamId | None], count: int) -> dict[Tile, list[Entry]]:
            found = (await harness.history.page(below, {}, count)).entries
            return {tile: [*entries] for tile, entries in found.items()}

        assert await page({HOME_TILE: None}, 4) == {HOME_TILE: sent[6:]}
        assert await page({HOME_TILE: sent[6].at}, 4) == {HOME_TILE: sent[2:6]}
        assert await page({HOME_TILE: sent[2].at}, 4) == {HOME_TILE: sent[:2]}
        assert await page({HOME_TILE: sent[0].at}, 4) == {HOME_TILE: []}
        assert await page({HOME_TILE: None, OUT_TILE: out[1].at, AWAY_TILE: None}, 20) == {
            HOME_TILE: sent,
            OUT_TILE: out[:1],
            AWAY_TILE: [],
        }
        assert await page({}, 4) == {}


async def test_a_page_holds_nothing_said_before_the_bound_of_its_tile(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        sent = []
        for number in range(6):
            sent.append(await append_text(harness, f"text {number}"))
            await harness.pass_ms(2)
        out = await append_text(harness, "out", cell=THERE)
        below: dict[Tile, StreamId | None] = {HOME_TILE: None, OUT_TILE: None}

        async def since(bounds: dict[Tile, int], count: int = 20) -> list[Entry]:
            found = (await harness.history.page(below, bounds, count)).entries
            assert [*found[OUT_TILE]] == [out]
            return [*found[HOME_TILE]]

        assert await since({HOME_TILE: sent[2].at.ms}) == sent[2:]
        assert await since({HOME_TILE: sent[2].at.ms + 1}) == sent[3:]
        assert await since({HOME_TILE: sent[2].at.ms}, count=2) == sent[4:]
        assert await since({HOME_TILE: out.at.ms + 1}) == []
        assert await since({HOME_TILE: 0}) == await since({}) == sent
        below[HOME_TILE] = sent[4].at
        assert await since({HOME_TILE: sent[2].at.ms}) == sent[2:4]


async def test_pages_put_together_are_the_whole_tile(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        sent = [await append_text(harness, f"text {number}") for number in range(50)]
        pages: list[Entry] = []
        below: StreamId | None = None
        async with deadline("pages up to the oldest"):
            while entries := (await harness.history.page({HOME_TILE: below}, {}, 7)).entries[
                HOME_TILE
            ]:
                pages[:0] = entries
                below = entries[0].at
        assert pages == sent


# ---- Reading on --------------------------------------------------------------------------------


async def test_after_is_everything_behind_the_last_place_seen_in_each_tile(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        before = await harness.history.now_ms()
        sent = [await append_text(harness, f"text {number}") for number in range(5)]
        out = await append_text(harness, "out", cell=THERE)
        latest = await harness.history.now_ms()
        reading = await harness.history.after(
            {HOME_TILE: sent[2].at, OUT_TILE: just_before(before), AWAY_TILE: BEGINNING}
        )
        assert reading.entries == {HOME_TILE: sent[3:], OUT_TILE: [out], AWAY_TILE: []}
        assert latest <= reading.now_ms <= await harness.history.now_ms()
        assert (await harness.history.after({HOME_TILE: sent[4].at})).entries == {HOME_TILE: []}
        assert (await harness.history.after({})).entries == {}


async def test_as_many_entries_as_may_come_at_once_mean_that_there_may_be_more(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        sent = [draft(f"text {number}") for number in range(AFTER_COUNT + 5)]
        await appended(harness, sent)
        assert len(await all_of(harness)) == len(sent)
        first = (await harness.history.after({HOME_TILE: BEGINNING})).entries[HOME_TILE]
        assert len(first) == AFTER_COUNT
        rest = (await harness.history.after({HOME_TILE: first[-1].at})).entries[HOME_TILE]
        assert [*first, *rest] == await all_of(harness)


async def test_who_reads_on_while_others_write_misses_nothing_and_sees_nothing_twice(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        sent = [draft(f"text {number}", who=f"person {number % 5}") for number in range(AT_ONCE)]
        writing = [asyncio.create_task(harness.history.append(each)) for each in sent]
        seen: list[Entry] = []
        async with deadline("all that is written meanwhile"):
            while len(seen) < len(sent):
                last = seen[-1].at if seen else BEGINNING
                seen += (await harness.history.after({HOME_TILE: last})).entries[HOME_TILE]
                await asyncio.sleep(0)
        await asyncio.gather(*writing)
        assert seen == await all_of(harness)
