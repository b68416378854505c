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
    Stands,
    all_of,
    append_text,
    draft,
    memory_stand,
    spend,
    texts,
)

pytestmark = pytest.mark.usefixtures("patient", "unlimited")


async def test_three_messages_come_at_once_and_the_fourth_is_told_when(
    stands: Stands, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with stands() as stand:
        for number in range(3):
            await append_text(stand, f"text {number}")
        with pytest.raises(Refused) as refused:
            await stand.history.append(draft("text 3"))
        assert refused.value.code == "too-fast"
        assert refused.value.retry_after is not None
        assert 0 < refused.value.retry_after <= 6
        assert texts(await all_of(stand)) == ["text 0", "text 1", "text 2"]
        assert (await append_text(stand, "mine", who="bob")).text == "mine"
        assert (await append_text(stand, "a fresh burst", cell=THERE)).tile == OUT_TILE


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
            assert (await append_text(stand, f"after {await stand.history.now_ms()}")).text


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
