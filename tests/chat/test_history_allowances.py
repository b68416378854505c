"""The history takes the allowances of a message in the step in which it keeps it."""

from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from chat.messages import (
    Draft,
)
from neartalk.codes import Refused
from neartalk.limits import RULES
from tests.chat.history_harness import (
    HOME_TILE,
    OUT_TILE,
    THERE,
    MakeHarness,
    all_of,
    append_text,
    draft,
    memory_harness,
    spend,
    texts,
)

pytestmark = pytest.mark.usefixtures("patient", "unlimited")


async def test_three_messages_come_at_once_and_the_fourth_is_told_when(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with make_harness() as harness:
        for number in range(3):
            await append_text(harness, f"text {number}")
        with pytest.raises(Refused) as refused:
            await harness.history.append(draft("text 3"))
        assert refused.value.code == "too-fast"
        assert refused.value.retry_after is not None
        assert 0 < refused.value.retry_after <= 6
        assert texts(await all_of(harness)) == ["text 0", "text 1", "text 2"]
        assert (await append_text(harness, "mine", who="bob")).text == "mine"
        assert (await append_text(harness, "a fresh burst", cell=THERE)).tile == OUT_TILE


def again(text: str, turn: int, who: str = "alice", origin: str = "") -> Draft:
    """The same text under another ref each time."""
    return replace(draft(text, who, ref=f"ref-{turn}-by-{who}"), origin=origin)


@pytest.mark.parametrize("spelt", ["Hello there", " hello  THERE ", "HelloThere"])
async def test_a_text_is_not_kept_twice_within_30_s_however_it_is_spelt(
    make_harness: MakeHarness, settings: Settings, spelt: str
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with make_harness() as harness:
        await harness.history.append(again("Hello there", 1))
        with pytest.raises(Refused, match="repeated") as refused:
            await harness.history.append(again(spelt, 2))
        assert refused.value.rule == "chat.repeat"
        assert 25 <= (refused.value.retry_after or 0) <= 30
        assert (await harness.history.append(again(spelt, 1, "bob"))).fresh
        assert (await harness.history.append(again("Hello, Bob", 3))).fresh
        assert len(texts(await all_of(harness))) == 3


async def test_what_was_refused_as_a_repeat_takes_nothing_of_the_allowance(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with make_harness() as harness:
        await harness.history.append(again("Hello there", 1))
        for turn in range(2, 10):
            with pytest.raises(Refused, match="repeated"):
                await harness.history.append(again("Hello there", turn))
        for turn in (10, 11):
            assert (await harness.history.append(again(f"Something else {turn}", turn))).fresh


async def test_a_text_may_be_said_again_after_30_s_to_the_millisecond(settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with memory_harness() as harness:
        await harness.history.append(again("Hello there", 1))
        await harness.pass_ms(29_999)
        with pytest.raises(Refused, match="repeated"):
            await harness.history.append(again("Hello there", 2))
        await harness.pass_ms(1)
        assert (await harness.history.append(again("Hello there", 3))).fresh


async def test_a_ref_is_known_in_the_tiles_that_are_asked_and_to_its_person(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        first = await harness.history.append(again("Hello there", 1))
        tiles = [OUT_TILE, HOME_TILE]
        assert await harness.history.known("alice", "ref-1-by-alice", tiles) == first.at
        assert await harness.history.known("alice", "ref-1-by-alice", [OUT_TILE]) is None
        assert await harness.history.known("bob", "ref-1-by-alice", tiles) is None
        assert await harness.history.known("alice", "ref-1-by-alice", []) is None


async def test_a_known_ref_is_answered_and_is_no_repeat(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with make_harness() as harness:
        first = await harness.history.append(again("Hello there", 1))
        answer = await harness.history.append(again("Hello there", 1))
        assert (answer.at, answer.fresh) == (first.at, False)


async def test_the_same_text_from_many_sessions_of_one_network_is_refused(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with make_harness() as harness:
        for who in ("alice", "bob", "carol"):
            await harness.history.append(again("Cheap watches, come and look", 1, who, "net"))
        with pytest.raises(Refused, match="copied") as refused:
            await harness.history.append(
                again("сheap W\u200dATCHES, come and l00k", 1, "dora", "net")
            )
        assert refused.value.rule == "chat.copies"
        assert (await harness.history.append(again("Hello", 2, "dora", "net"))).fresh
        elsewhere = again("Cheap watches, come and look", 1, "eve", "another")
        assert (await harness.history.append(elsewhere)).fresh
        of_this_machine = again("Cheap watches, come and look", 1, "frank")
        assert (await harness.history.append(of_this_machine)).fresh


async def test_what_is_short_may_come_from_everybody(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with make_harness() as harness:
        for who in ("alice", "bob", "carol", "dora", "eve", "frank"):
            for number, text in enumerate(("Hello!", "+1", "See you at the café")):
                assert (await harness.history.append(again(text, number, who, "net"))).fresh


async def test_a_rule_that_is_off_counts_nothing(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    settings.RATE_LIMITS_OFF = ["chat.send", "chat.repeat", "chat.copies"]
    async with make_harness() as harness:
        for turn in range(10):
            sent = again("Cheap watches, come and look", turn, origin="net")
            assert (await harness.history.append(sent)).fresh


async def test_whoever_is_new_speaks_by_the_rule_for_them(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with make_harness() as harness:
        for turn in range(5):
            assert (
                await harness.history.append(replace(draft(f"text {turn}"), rule="chat.new"))
            ).fresh
        with pytest.raises(Refused, match="too-fast") as refused:
            await harness.history.append(replace(draft("text 5"), rule="chat.new"))
        assert refused.value.rule == "chat.new"
        assert 5 <= (refused.value.retry_after or 0) <= 10


async def test_ten_messages_a_minute_to_the_millisecond(settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with memory_harness() as harness:
        assert (await spend(harness)).retry_after == 6
        await harness.pass_ms(5_999)
        with pytest.raises(Refused) as refused:
            await harness.history.append(draft("spent 3"))
        assert refused.value.retry_after == 1
        await harness.pass_ms(1)
        assert (await harness.history.append(draft("in time"))).fresh
        for number in range(10):
            assert (await spend(harness)).retry_after == 6
            await harness.pass_ms(6_000)
            assert (await harness.history.append(draft(f"even {number}"))).fresh
        await harness.pass_ms(60_000)
        for number in range(3):
            assert (await harness.history.append(draft(f"rested {number}"))).fresh
        with pytest.raises(Refused, match="too-fast"):
            await harness.history.append(draft("rested 3"))


async def test_what_a_refusal_says_is_true(make_harness: MakeHarness, settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 10  # 100 a minute, 30 at once
    async with make_harness() as harness:
        for _ in range(2):
            refused = await spend(harness)
            assert refused.retry_after == 1
            await harness.pass_ms(refused.retry_after * 1000)
            assert (await append_text(harness, f"after {await harness.history.now_ms()}")).text


async def test_the_scale_multiplies_the_burst_and_the_rate(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 10
    rule = RULES["chat.send"]
    assert (rule.interval_ms, rule.tolerance_ms) == (600, 600 * 29)
    async with make_harness() as harness:
        await spend(harness)
        sent = await all_of(harness)
        meanwhile = sent[-1].at.ms - sent[0].at.ms
        assert 30 <= len(sent) <= 30 + meanwhile // 600
