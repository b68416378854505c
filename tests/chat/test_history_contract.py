"""What was said: one contract, kept by the memory and by the Redis sibling alike."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, Protocol

import pytest
from pytest_django.fixtures import Settings
from redis.asyncio import Redis

from chat.history import AFTER_COUNT, History, MemoryHistory, life_ms
from chat.history.redis import RedisHistory
from chat.history.stream import refs_key, stream_key
from chat.history.trimmer import TRIM_ENTRIES, TRIM_TILES
from chat.messages import (
    BEGINNING,
    Appended,
    Draft,
    Entry,
    Message,
    Retraction,
    StreamId,
    just_before,
    public_id,
)
from neartalk.codes import Refused
from neartalk.limits import RULES
from neartalk.redis import Store
from neartalk.redis.shared import store_at
from presence.geo import Cell, Tile, cell_at, tile_of
from presence.people import Place
from tests.support.clusters import client_at

pytestmark = pytest.mark.usefixtures("patient")

HALF_HOUR_MS = 1_800_000
AT_ONCE = 50
CELLS = [cell_at(52.52, 13.4 + step / 50) for step in range(40)]
HERE, THERE, ELSEWHERE = CELLS[:3]
HOME_TILE, OUT_TILE, AWAY_TILE = map(tile_of, CELLS[:3])


class Stand(Protocol):
    """A history, and how its time passes and what it holds."""

    @property
    def history(self) -> History: ...
    async def pass_ms(self, ms: int) -> None:
        """By the store's clock."""

    async def everything(self) -> str:
        """All that is stored, keys and values."""


class MemoryStand:
    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self.history = MemoryHistory(lambda: self.now)

    async def pass_ms(self, ms: int) -> None:
        self.now += ms

    async def everything(self) -> str:
        return repr(vars(self.history))


class RedisStand:
    """`client` is the test's own way to what the history keeps."""

    def __init__(self, client: Redis, store: Store) -> None:
        self.client = client
        self.history = RedisHistory(store)

    async def pass_ms(self, ms: int) -> None:
        end = await self.history.now_ms() + ms
        if ms > 200:  # Redis looks at who waits ten times a second
            await self.client.blpop(["nobody"], timeout=(ms - 100) / 1000)
        while await self.history.now_ms() < end:
            pass

    async def everything(self) -> str:
        read: dict[str, Callable[[str], Any]] = {
            "hash": self.client.hgetall,
            "stream": self.client.xrange,
            "string": self.client.get,
            "zset": lambda key: self.client.zrange(key, 0, -1, withscores=True),
        }
        found = {}
        async for key in self.client.scan_iter():
            kind = await self.client.type(key)
            if kind != "none":  # allowances come and go
                found[key] = await read[kind](key)
        return repr(found)

    async def keep_old(self, count: int) -> list[StreamId]:
        """Entries that have lived their time and that nobody has trimmed yet."""
        oldest = await self.history.now_ms() - life_ms() - count
        ids = [StreamId(oldest + number, 0) for number in range(count)]
        pipe = self.client.pipeline(transaction=False)
        for number, at in enumerate(ids):
            old = {"person": "old", "name": "Old", "cell": HERE, "radius_m": "500"}
            entry = {**old, "text": f"old text {number}", "ref": f"old-ref-{number}"}
            pipe.xadd(stream_key(HOME_TILE), entry, id=str(at))
            pipe.hset(refs_key(HOME_TILE), f"old:old-ref-{number}", str(at))
            if len(pipe) >= 500:
                await pipe.execute()
        await pipe.execute()
        await self.client.zadd("history:due", {HOME_TILE: oldest + life_ms()})
        return ids


Stands = Callable[[], AbstractAsyncContextManager[Stand]]


@asynccontextmanager
async def memory_stand() -> AsyncIterator[MemoryStand]:
    yield MemoryStand()


@asynccontextmanager
async def redis_stand(url: str) -> AsyncIterator[RedisStand]:
    store = store_at(url.split(","))
    try:
        async with client_at(url) as client:
            yield RedisStand(client, store)
    finally:
        await store.aclose()


@pytest.fixture(params=["memory", "redis", "cluster"])
def stands(request: pytest.FixtureRequest) -> Stands:
    if request.param == "memory":
        return memory_stand
    url = request.getfixturevalue(f"{request.param}_url")
    return lambda: redis_stand(url)


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    """Where allowances are not the subject."""
    settings.RATE_LIMITS_SCALE = 1000


@pytest.fixture
def a_second_long(settings: Settings) -> int:
    """How long a message lives, in milliseconds."""
    settings.MESSAGE_LIFE_SECONDS = 1
    return 1000


def draft(text: str, who: str = "alice", cell: Cell = HERE, ref: str = "") -> Draft:
    return Draft(who, who.title(), Place(cell, 500), text, ref or f"ref-of-{text}-by-{who}")


def kept(sent: Draft, appended: Appended) -> Message:
    assert appended.fresh
    return Message(appended.at, sent.person_id, sent.name, sent.place, sent.text, sent.ref)


async def said(stand: Stand, text: str, who: str = "alice", cell: Cell = HERE) -> Message:
    sent = draft(text, who, cell)
    return kept(sent, await stand.history.append(sent))


async def appended(stand: Stand, sent: list[Draft]) -> list[Appended]:
    """Many at once, but no more than the client has connections."""
    answers: list[Appended] = []
    for start in range(0, len(sent), AT_ONCE):
        some = sent[start : start + AT_ONCE]
        answers += await asyncio.gather(*map(stand.history.append, some))
    return answers


async def all_of(stand: Stand, tile: Tile = HOME_TILE) -> list[Entry]:
    return [*(await stand.history.page({tile: None}, {}, 10_000)).entries[tile]]


def texts(entries: Iterable[Entry]) -> list[str]:
    return [entry.text for entry in entries if isinstance(entry, Message)]


# ---- Appending ---------------------------------------------------------------------------------


async def test_ids_ascend_by_the_clock_of_the_store_and_previous_is_the_one_before(
    stands: Stands,
) -> None:
    async with stands() as stand:
        earliest = await stand.history.now_ms()
        sent = [draft(f"text {number}") for number in range(20)]
        answers = [await stand.history.append(each) for each in sent]
        latest = await stand.history.now_ms()
        assert answers[0].previous == BEGINNING
        for before, answer in pairwise(answers):
            assert before.at < answer.at
            assert answer.previous == before.at
        assert all(earliest <= answer.at.ms <= latest for answer in answers)
        messages = [kept(*each) for each in zip(sent, answers, strict=True)]
        assert await all_of(stand) == messages


async def test_a_message_is_kept_as_it_was_sent(stands: Stands) -> None:
    async with stands() as stand:
        text = 'naïve 😀 "quotes" <b>\u2028\\ {0} \x7f'
        sent = Draft("id", "Zoë: 'x'", Place(HERE, 1234), text, "ref_0-9A")
        message = kept(sent, await stand.history.append(sent))
        (found,) = await all_of(stand)
        assert found == message
        assert message.id == public_id(message.at, "id", "ref_0-9A")


async def test_tiles_keep_apart(stands: Stands) -> None:
    async with stands() as stand:
        home, out = await said(stand, "home"), await said(stand, "out", cell=THERE)
        assert await all_of(stand) == [home]
        assert await all_of(stand, OUT_TILE) == [out]
        assert (await stand.history.append(draft("again"))).previous == home.at


async def test_equal_texts_do_not_collapse(stands: Stands) -> None:
    async with stands() as stand:
        for number in range(5):
            await stand.history.append(draft("yes", ref=f"ref-{number}"))
        await stand.history.append(draft("yes", who="bob", ref="ref-0"))
        found = await all_of(stand)
        assert texts(found) == ["yes"] * 6
        assert len({entry.at for entry in found}) == 6


async def test_messages_at_once_are_all_kept_and_stand_in_one_order(stands: Stands) -> None:
    async with stands() as stand:
        sent = [draft(f"text {number}", who=f"person {number % 30}") for number in range(300)]
        answers = await appended(stand, sent)
        messages = sorted(map(kept, sent, answers), key=lambda message: message.at)
        assert await all_of(stand) == messages
        in_order = sorted(answers, key=lambda answer: answer.at)
        assert in_order[0].previous == BEGINNING
        for before, answer in pairwise(in_order):
            assert answer.previous == before.at < answer.at


async def test_public_ids_of_40_tiles_are_all_different(stands: Stands) -> None:
    async with stands() as stand:
        sent = [
            draft("text", who=f"person {number % 25}", cell=cell, ref=f"reference-{number}")
            for number, cell in enumerate(CELLS * 50)
        ]
        random.Random(40).shuffle(sent)
        answers = await appended(stand, sent)
        messages = [*map(kept, sent, answers)]
        assert len({message.tile for message in messages}) == 40
        assert len({message.id for message in messages}) == len(messages) == 2000
        if isinstance(stand, MemoryStand):  # whose clock stands: its stream ids are not
            assert len({message.at for message in messages}) == 50


async def test_the_same_ref_in_one_tile_is_two_messages_of_two_people(stands: Stands) -> None:
    async with stands() as stand:
        answers = [await stand.history.append(draft("x", who, ref="same-ref")) for who in "ab"]
        assert [answer.fresh for answer in answers] == [True, True]
        assert texts(await all_of(stand)) == ["x", "x"]


# ---- Sending again -----------------------------------------------------------------------------


async def test_a_known_ref_is_answered_with_its_place_and_kept_once(stands: Stands) -> None:
    async with stands() as stand:
        first = await said(stand, "one")
        await said(stand, "two")
        again = await stand.history.append(draft("one"))
        assert (again.at, again.fresh) == (first.at, False)
        other_text = await stand.history.append(draft("changed", ref=first.ref))
        assert (other_text.at, other_text.fresh) == (first.at, False)
        assert texts(await all_of(stand)) == ["one", "two"]


async def test_one_ref_sent_ten_times_at_once_is_kept_once(stands: Stands) -> None:
    async with stands() as stand:
        answers = await asyncio.gather(*(stand.history.append(draft("one")) for _ in range(10)))
        assert len({answer.at for answer in answers}) == 1
        assert sum(answer.fresh for answer in answers) == 1
        assert texts(await all_of(stand)) == ["one"]


async def test_a_known_ref_is_answered_even_when_the_allowance_is_spent(
    stands: Stands, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with stands() as stand:
        first = await said(stand, "one")
        await spend(stand)
        again = await stand.history.append(draft("one"))
        assert (again.at, again.fresh) == (first.at, False)


async def test_the_refs_of_an_earlier_tile_are_asked_first(
    stands: Stands, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with stands() as stand:
        first = await said(stand, "one")
        await spend(stand, cell=ELSEWHERE)
        crossed = draft("one", cell=ELSEWHERE)
        again = await stand.history.append(crossed, [OUT_TILE, HOME_TILE])
        assert (again.at, again.fresh) == (first.at, False)
        assert "one" not in texts(await all_of(stand, AWAY_TILE))
        with pytest.raises(Refused, match="too-fast"):
            await stand.history.append(crossed, [OUT_TILE])
        elsewhere = await stand.history.append(draft("one", cell=THERE))
        assert elsewhere.fresh
        assert texts(await all_of(stand, OUT_TILE)) == ["one"]


async def spend(stand: Stand, cell: Cell = HERE) -> Refused:
    """Sends until it is refused."""
    for number in range(10_000):
        try:
            await stand.history.append(draft(f"spent {number}", cell=cell))
        except Refused as refused:
            return refused
    raise AssertionError("never refused")


# ---- Allowances --------------------------------------------------------------------------------


async def test_three_messages_come_at_once_and_the_fourth_is_told_when(
    stands: Stands, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with stands() as stand:
        for number in range(3):
            await said(stand, f"text {number}")
        with pytest.raises(Refused) as refused:
            await stand.history.append(draft("text 3"))
        assert refused.value.code == "too-fast"
        assert refused.value.retry_after is not None
        assert 0 < refused.value.retry_after <= 6
        assert texts(await all_of(stand)) == ["text 0", "text 1", "text 2"]
        assert (await said(stand, "mine", who="bob")).text == "mine"
        assert (await said(stand, "a fresh burst", cell=THERE)).tile == OUT_TILE


def again(text: str, turn: int, who: str = "alice", origin: str = "") -> Draft:
    """The same text under another ref each time."""
    return replace(draft(text, who, ref=f"ref-{turn}-by-{who}"), origin=origin)


@pytest.mark.parametrize("spelt", ["Hello there", " hello  THERE ", "HelloThere"])
async def test_a_text_is_not_kept_twice_within_30_s_however_it_is_spelt(
    stands: Stands, settings: Settings, spelt: str
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with stands() as stand:
        await stand.history.append(again("Hello there", 1))
        with pytest.raises(Refused, match="repeated") as refused:
            await stand.history.append(again(spelt, 2))
        assert refused.value.rule == "chat.repeat"
        assert 25 <= (refused.value.retry_after or 0) <= 30
        assert (await stand.history.append(again(spelt, 1, "bob"))).fresh
        assert (await stand.history.append(again("Hello, Bob", 3))).fresh
        assert len(texts(await all_of(stand))) == 3


async def test_what_was_refused_as_a_repeat_takes_nothing_of_the_allowance(
    stands: Stands, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with stands() as stand:
        await stand.history.append(again("Hello there", 1))
        for turn in range(2, 10):
            with pytest.raises(Refused, match="repeated"):
                await stand.history.append(again("Hello there", turn))
        for turn in (10, 11):
            assert (await stand.history.append(again(f"Something else {turn}", turn))).fresh


async def test_a_text_may_be_said_again_after_30_s_to_the_millisecond(settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with memory_stand() as stand:
        await stand.history.append(again("Hello there", 1))
        await stand.pass_ms(29_999)
        with pytest.raises(Refused, match="repeated"):
            await stand.history.append(again("Hello there", 2))
        await stand.pass_ms(1)
        assert (await stand.history.append(again("Hello there", 3))).fresh


async def test_a_ref_is_known_in_the_tiles_that_are_asked_and_to_its_person(stands: Stands) -> None:
    async with stands() as stand:
        first = await stand.history.append(again("Hello there", 1))
        tiles = [OUT_TILE, HOME_TILE]
        assert await stand.history.known("alice", "ref-1-by-alice", tiles) == first.at
        assert await stand.history.known("alice", "ref-1-by-alice", [OUT_TILE]) is None
        assert await stand.history.known("bob", "ref-1-by-alice", tiles) is None
        assert await stand.history.known("alice", "ref-1-by-alice", []) is None


async def test_a_known_ref_is_answered_and_is_no_repeat(stands: Stands, settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with stands() as stand:
        first = await stand.history.append(again("Hello there", 1))
        answer = await stand.history.append(again("Hello there", 1))
        assert (answer.at, answer.fresh) == (first.at, False)


async def test_the_same_text_from_many_sessions_of_one_network_is_refused(
    stands: Stands, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with stands() as stand:
        for who in ("alice", "bob", "carol"):
            await stand.history.append(again("Cheap watches, come and look", 1, who, "net"))
        with pytest.raises(Refused, match="copied") as refused:
            await stand.history.append(again("cheap WATCHES, come and look", 1, "dora", "net"))
        assert refused.value.rule == "chat.copies"
        assert (await stand.history.append(again("Hello", 2, "dora", "net"))).fresh
        elsewhere = again("Cheap watches, come and look", 1, "eve", "another")
        assert (await stand.history.append(elsewhere)).fresh
        of_this_machine = again("Cheap watches, come and look", 1, "frank")
        assert (await stand.history.append(of_this_machine)).fresh


async def test_what_is_short_may_come_from_everybody(stands: Stands, settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with stands() as stand:
        for who in ("alice", "bob", "carol", "dora", "eve", "frank"):
            assert (await stand.history.append(again("Hello!", 1, who, "net"))).fresh


async def test_a_rule_that_is_off_counts_nothing(stands: Stands, settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1
    settings.RATE_LIMITS_OFF = ["chat.send", "chat.repeat", "chat.copies"]
    async with stands() as stand:
        for turn in range(10):
            sent = again("Cheap watches, come and look", turn, origin="net")
            assert (await stand.history.append(sent)).fresh


async def test_whoever_is_new_speaks_by_the_rule_for_them(
    stands: Stands, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with stands() as stand:
        for turn in range(2):
            assert (
                await stand.history.append(replace(draft(f"text {turn}"), rule="chat.new"))
            ).fresh
        with pytest.raises(Refused, match="too-fast") as refused:
            await stand.history.append(replace(draft("text 2"), rule="chat.new"))
        assert refused.value.rule == "chat.new"
        assert 5 <= (refused.value.retry_after or 0) <= 10


async def test_ten_messages_a_minute_to_the_millisecond(settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with memory_stand() as stand:
        assert (await spend(stand)).retry_after == 6
        await stand.pass_ms(5_999)
        with pytest.raises(Refused) as refused:
            await stand.history.append(draft("early"))
        assert refused.value.retry_after == 1
        await stand.pass_ms(1)
        assert (await stand.history.append(draft("in time"))).fresh
        for number in range(10):
            assert (await spend(stand)).retry_after == 6
            await stand.pass_ms(6_000)
            assert (await stand.history.append(draft(f"even {number}"))).fresh
        await stand.pass_ms(60_000)
        for number in range(3):
            assert (await stand.history.append(draft(f"rested {number}"))).fresh
        with pytest.raises(Refused, match="too-fast"):
            await stand.history.append(draft("rested 3"))


async def test_what_a_refusal_says_is_true(stands: Stands, settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 10  # 100 a minute, 30 at once
    async with stands() as stand:
        for _ in range(2):
            refused = await spend(stand)
            assert refused.retry_after == 1
            await stand.pass_ms(refused.retry_after * 1000)
            assert (await said(stand, f"after {await stand.history.now_ms()}")).text


async def test_the_scale_multiplies_the_burst_and_the_rate(
    stands: Stands, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 10
    rule = RULES["chat.send"]
    assert (rule.interval_ms, rule.tolerance_ms) == (600, 600 * 29)
    async with stands() as stand:
        await spend(stand)
        sent = await all_of(stand)
        meanwhile = sent[-1].at.ms - sent[0].at.ms
        assert 30 <= len(sent) <= 30 + meanwhile // 600


# ---- Taking back -------------------------------------------------------------------------------


async def test_a_removal_stands_in_the_history_instead_of_the_message(stands: Stands) -> None:
    async with stands() as stand:
        one, two = await said(stand, "one"), await said(stand, "two")
        found = await stand.history.remove([OUT_TILE, HOME_TILE], one.id, "alice")
        assert found is not None
        retraction, previous = found
        assert retraction == Retraction(retraction.at, one.place, one.person_id, one.id)
        assert retraction.at > previous == two.at
        assert await all_of(stand) == [two, retraction]
        assert (await stand.history.after({HOME_TILE: two.at})).entries[HOME_TILE] == [retraction]
        assert (await stand.history.append(draft("three"))).previous == retraction.at
        assert "'one'" not in await stand.everything()


async def test_the_place_before_a_removal_may_be_that_of_the_message_itself(
    stands: Stands,
) -> None:
    async with stands() as stand:
        one = await said(stand, "one")
        found = await stand.history.remove([HOME_TILE], one.id, "alice")
        assert found is not None
        assert found[1] == one.at
        assert (await stand.history.append(draft("two"))).previous == found[0].at


async def test_only_your_own_message_and_only_once(stands: Stands) -> None:
    async with stands() as stand:
        one, two = await said(stand, "one"), await said(stand, "two", who="bob")
        before = await all_of(stand)
        for message_id, who in (
            (one.id, "bob"),
            (two.id, "alice"),
            (f"{one.at}.00000000", "alice"),
            (f"{StreamId(one.at.ms - 1, 0)}.{one.id[-8:]}", "alice"),
            (str(one.at), "alice"),
            ("", "alice"),
            ("no id", "alice"),
        ):
            assert await stand.history.remove([HOME_TILE], message_id, who) is None
        assert await stand.history.remove([OUT_TILE], one.id, "alice") is None
        assert await stand.history.remove([], one.id, "alice") is None
        assert await all_of(stand) == before
        assert await stand.history.remove([HOME_TILE], one.id, "alice")
        assert await stand.history.remove([HOME_TILE], one.id, "alice") is None
        (retraction,) = [entry for entry in await all_of(stand) if isinstance(entry, Retraction)]
        for message_id in (one.id, public_id(retraction.at, "alice", one.ref)):
            assert await stand.history.remove([HOME_TILE], message_id, "alice") is None


async def test_a_message_taken_back_ten_times_at_once_is_taken_back_once(stands: Stands) -> None:
    async with stands() as stand:
        one = await said(stand, "one")
        tries = (stand.history.remove([HOME_TILE], one.id, "alice") for _ in range(10))
        answers = await asyncio.gather(*tries)
        assert sum(answer is not None for answer in answers) == 1
        (retraction,) = await all_of(stand)
        assert isinstance(retraction, Retraction)


async def test_sending_again_what_was_taken_back_does_not_bring_it_back(stands: Stands) -> None:
    async with stands() as stand:
        one = await said(stand, "one")
        await stand.history.remove([HOME_TILE], one.id, "alice")
        again = await stand.history.append(draft("one"))
        assert (again.at, again.fresh) == (one.at, False)
        assert texts(await all_of(stand)) == []


async def test_what_has_lived_its_time_cannot_be_taken_back(
    stands: Stands, a_second_long: int
) -> None:
    async with stands() as stand:
        one = await said(stand, "one")
        await stand.pass_ms(a_second_long)
        assert await stand.history.remove([HOME_TILE], one.id, "alice") is None
        assert await all_of(stand) == []


# ---- Reading backwards -------------------------------------------------------------------------


async def test_a_page_is_the_newest_below_a_place_oldest_first(stands: Stands) -> None:
    async with stands() as stand:
        sent = [await said(stand, f"text {number}") for number in range(10)]
        out = [await said(stand, f"out {number}", cell=THERE) for number in range(3)]

        async def page(below: dict[Tile, StreamId | None], count: int) -> dict[Tile, list[Entry]]:
            found = (await stand.history.page(below, {}, count)).entries
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


async def test_a_page_holds_nothing_said_before_the_bound_of_its_tile(stands: Stands) -> None:
    async with stands() as stand:
        sent = []
        for number in range(6):
            sent.append(await said(stand, f"text {number}"))
            await stand.pass_ms(2)
        out = await said(stand, "out", cell=THERE)
        below: dict[Tile, StreamId | None] = {HOME_TILE: None, OUT_TILE: None}

        async def since(bounds: dict[Tile, int], count: int = 20) -> list[Entry]:
            found = (await stand.history.page(below, bounds, count)).entries
            assert [*found[OUT_TILE]] == [out]
            return [*found[HOME_TILE]]

        assert await since({HOME_TILE: sent[2].at.ms}) == sent[2:]
        assert await since({HOME_TILE: sent[2].at.ms + 1}) == sent[3:]
        assert await since({HOME_TILE: sent[2].at.ms}, count=2) == sent[4:]
        assert await since({HOME_TILE: out.at.ms + 1}) == []
        assert await since({HOME_TILE: 0}) == await since({}) == sent
        below[HOME_TILE] = sent[4].at
        assert await since({HOME_TILE: sent[2].at.ms}) == sent[2:4]


async def test_pages_put_together_are_the_whole_tile(stands: Stands) -> None:
    async with stands() as stand:
        sent = [await said(stand, f"text {number}") for number in range(50)]
        pages: list[Entry] = []
        below: StreamId | None = None
        while entries := (await stand.history.page({HOME_TILE: below}, {}, 7)).entries[HOME_TILE]:
            pages[:0] = entries
            below = entries[0].at
        assert pages == sent


# ---- Reading on --------------------------------------------------------------------------------


async def test_after_is_everything_behind_the_last_place_seen_in_each_tile(stands: Stands) -> None:
    async with stands() as stand:
        before = await stand.history.now_ms()
        sent = [await said(stand, f"text {number}") for number in range(5)]
        out = await said(stand, "out", cell=THERE)
        latest = await stand.history.now_ms()
        reading = await stand.history.after(
            {HOME_TILE: sent[2].at, OUT_TILE: just_before(before), AWAY_TILE: BEGINNING}
        )
        assert reading.entries == {HOME_TILE: sent[3:], OUT_TILE: [out], AWAY_TILE: []}
        assert latest <= reading.now_ms <= await stand.history.now_ms()
        assert (await stand.history.after({HOME_TILE: sent[4].at})).entries == {HOME_TILE: []}
        assert (await stand.history.after({})).entries == {}


async def test_as_many_entries_as_may_come_at_once_mean_that_there_may_be_more(
    stands: Stands,
) -> None:
    async with stands() as stand:
        sent = [draft(f"text {number}") for number in range(AFTER_COUNT + 5)]
        await appended(stand, sent)
        assert len(await all_of(stand)) == len(sent)
        first = (await stand.history.after({HOME_TILE: BEGINNING})).entries[HOME_TILE]
        assert len(first) == AFTER_COUNT
        rest = (await stand.history.after({HOME_TILE: first[-1].at})).entries[HOME_TILE]
        assert [*first, *rest] == await all_of(stand)


async def test_who_reads_on_while_others_write_misses_nothing_and_sees_nothing_twice(
    stands: Stands,
) -> None:
    async with stands() as stand:
        sent = [draft(f"text {number}", who=f"person {number % 5}") for number in range(AT_ONCE)]
        writing = [asyncio.create_task(stand.history.append(each)) for each in sent]
        seen: list[Entry] = []
        while len(seen) < len(sent):
            last = seen[-1].at if seen else BEGINNING
            seen += (await stand.history.after({HOME_TILE: last})).entries[HOME_TILE]
            await asyncio.sleep(0)
        await asyncio.gather(*writing)
        assert seen == await all_of(stand)


# ---- Half an hour ------------------------------------------------------------------------------


async def test_a_message_is_read_until_it_has_lived_its_time_and_not_a_millisecond_longer(
    stands: Stands, a_second_long: int
) -> None:
    async with stands() as stand:
        one = await said(stand, "one")
        alive = True
        while alive:
            page = await stand.history.page({HOME_TILE: None}, {}, 10)
            after = await stand.history.after({HOME_TILE: BEGINNING})
            for reading in (page, after):
                alive = reading.now_ms - one.at.ms < a_second_long
                assert reading.entries[HOME_TILE] == ([one] if alive else [])
            if isinstance(stand, MemoryStand):
                await stand.pass_ms(1)


async def test_a_memory_message_lives_half_an_hour() -> None:
    async with memory_stand() as stand:
        one = await said(stand, "one")
        await stand.pass_ms(HALF_HOUR_MS - 1)
        assert await all_of(stand) == [one]
        assert not (await stand.history.append(draft("one"))).fresh
        two = await said(stand, "two")
        await stand.pass_ms(1)
        assert await all_of(stand) == [two]
        assert (await stand.history.append(draft("one"))).fresh


async def test_a_ref_is_known_as_long_as_its_message_lives(
    stands: Stands, a_second_long: int
) -> None:
    async with stands() as stand:
        one = await said(stand, "one")
        again = Appended(one.at, BEGINNING, fresh=False)
        while not again.fresh:
            earliest = await stand.history.now_ms()
            again = await stand.history.append(draft("one"))
            assert again.fresh or earliest - one.at.ms < a_second_long
            if isinstance(stand, MemoryStand):
                await stand.pass_ms(1)
        assert again.at.ms - one.at.ms >= a_second_long
        assert texts(await all_of(stand)) == ["one"]
        assert not (await stand.history.append(draft("one"))).fresh


async def test_a_removal_lives_as_long_as_a_message(stands: Stands, a_second_long: int) -> None:
    async with stands() as stand:
        one = await said(stand, "one")
        await stand.pass_ms(2)
        found = await stand.history.remove([HOME_TILE], one.id, "alice")
        assert found is not None
        alive = True
        while alive:
            reading = await stand.history.page({HOME_TILE: None}, {}, 10)
            alive = reading.now_ms - found[0].at.ms < a_second_long
            assert reading.entries[HOME_TILE] == ([found[0]] if alive else [])
            if isinstance(stand, MemoryStand):
                await stand.pass_ms(1)


async def test_a_busy_tile_does_not_keep_what_is_old(stands: Stands, a_second_long: int) -> None:
    async with stands() as stand:
        for number in range(20):
            await said(stand, f"old text {number}")
        await said(stand, "taken back")
        gone = (await all_of(stand))[-1]
        assert isinstance(gone, Message)
        assert await stand.history.remove([HOME_TILE], gone.id, "alice")
        await stand.pass_ms(a_second_long)
        await said(stand, "new")
        await said(stand, "newer")
        held = await stand.everything()
        assert "newer" in held
        assert "old text" not in held
        assert "taken back" not in held
        assert texts(await all_of(stand)) == ["new", "newer"]


async def test_a_quiet_tile_forgets_too(stands: Stands, a_second_long: int) -> None:
    async with stands() as stand:
        for cell in CELLS[:3]:
            for who in ("alice", "bob"):
                await said(stand, f"old text of {who}", who=who, cell=cell)
        one = await said(stand, "old text taken back")
        await stand.history.remove([HOME_TILE], one.id, "alice")
        await stand.pass_ms(a_second_long)
        new = await said(stand, "new", who="charlie", cell=THERE)
        await stand.history.trim()
        held = await stand.everything()
        for word in ("old text", "ref-of-old", "Alice", "Bob", HERE, one.id):
            assert word not in held
        assert await all_of(stand, OUT_TILE) == [new]
        assert not (await stand.history.append(draft("new", who="charlie", cell=THERE))).fresh


async def test_trimming_takes_nothing_that_lives(stands: Stands) -> None:
    async with stands() as stand:
        sent = [await said(stand, f"text {number}") for number in range(5)]
        await stand.history.remove([HOME_TILE], sent[0].id, "alice")
        before = await stand.everything()
        await stand.history.trim()
        assert texts(await all_of(stand)) == [f"text {number}" for number in range(1, 5)]
        if isinstance(stand, RedisStand):
            assert stream_key(HOME_TILE) in before
            assert refs_key(HOME_TILE) in await stand.everything()
        for number in range(5):
            assert not (await stand.history.append(draft(f"text {number}"))).fresh


async def test_a_tile_is_trimmed_again_and_again(stands: Stands, a_second_long: int) -> None:
    async with stands() as stand:
        for round_ in range(2):
            await said(stand, f"text {round_}")
            await stand.pass_ms(a_second_long // 2)
            await said(stand, f"later text {round_}")
            await stand.pass_ms(a_second_long // 2)
            await stand.history.trim()
            held = await stand.everything()
            assert f"'text {round_}'" not in held
            assert f"'later text {round_}'" in held
            await stand.pass_ms(a_second_long // 2)
            await stand.history.trim()
            assert "text" not in (await stand.everything()).replace("'text'", "")


async def test_a_tile_that_was_trimmed_empty_begins_again(
    stands: Stands, a_second_long: int
) -> None:
    async with stands() as stand:
        one = await said(stand, "one")
        await stand.pass_ms(a_second_long)
        await stand.history.trim()
        two = await stand.history.append(draft("two"))
        assert two.previous <= one.at < two.at
        assert texts((await stand.history.after({HOME_TILE: one.at})).entries[HOME_TILE]) == ["two"]


async def test_one_trim_clears_many_tiles_and_long_ones(redis_url: str) -> None:
    async with redis_stand(redis_url) as stand:
        tiles = [tile_of(cell_at(10.0, step / 50)) for step in range(TRIM_TILES + 5)]
        assert len({*tiles}) == len(tiles)
        old = await stand.history.now_ms() - HALF_HOUR_MS - 1000
        for tile in tiles:
            await stand.client.xadd(stream_key(tile), {"person": "a", "ref": "r"}, id=f"{old}-0")
            await stand.client.zadd("history:due", {tile: old + HALF_HOUR_MS})
        await stand.keep_old(2 * TRIM_ENTRIES + 10)
        await said(stand, "new")
        await stand.history.trim()
        held = await stand.everything()
        assert "old text" not in held
        assert "old-ref" not in held
        assert [await stand.client.xlen(stream_key(tile)) for tile in tiles] == [0] * len(tiles)
        assert await stand.client.zrange("history:due", 0, -1) == [HOME_TILE]
        assert texts(await all_of(stand)) == ["new"]


async def test_what_nobody_has_trimmed_yet_hides_nothing(redis_url: str) -> None:
    async with redis_stand(redis_url) as stand:
        old = await stand.keep_old(2 * AFTER_COUNT + 100)
        assert await all_of(stand) == []
        await said(stand, "new", cell=THERE)
        new = await said(stand, "new")
        for last in (BEGINNING, old[50]):
            reading = await stand.history.after({HOME_TILE: last, OUT_TILE: BEGINNING})
            assert reading.entries[HOME_TILE] == [new]
            assert texts(reading.entries[OUT_TILE]) == ["new"]
        assert await all_of(stand) == [new]


async def test_in_redis_a_tile_that_nobody_trims_is_gone_a_minute_after_its_last_message(
    redis_url: str,
) -> None:
    async with redis_stand(redis_url) as stand:
        one = await said(stand, "one")
        await expiring(stand)
        await stand.history.remove([HOME_TILE], one.id, "alice")
        await expiring(stand)


async def expiring(stand: RedisStand) -> None:
    keys = [key async for key in stand.client.scan_iter() if key != "history:due"]
    assert {stream_key(HOME_TILE), refs_key(HOME_TILE)} <= {*keys}
    for key in keys:
        left_ms = await stand.client.pttl(key)
        assert left_ms != -1
        assert left_ms <= HALF_HOUR_MS + 60_000
