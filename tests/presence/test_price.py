"""What a session costs: free for the first of an address, work after them, nobody left outside."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from neartalk import limits
from neartalk.codes import Refused
from neartalk.limits import (
    RULES,
    TILE_RULES,
    MemoryDistinctCounts,
    MemorySlidingCounts,
    Origin,
    Paid,
    Rule,
)
from neartalk.models import Reason, Sanction
from neartalk.parts import Platform
from presence.geo import tile_of
from presence.price import STEPS, allow_session, price_of
from presence.suspicion import (
    STAY_MS,
    added_ms,
    count_blame,
    count_look,
    count_stay,
    count_unplaced,
    tiles_left,
)
from tests.presence.platforms import platform_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    Make = Callable[[], AbstractAsyncContextManager[Platform]]

pytestmark = pytest.mark.usefixtures("patient")

CAFE = {"address": "cafe"}
# As they come, before `few` makes them small.
DEFAULTS = dict(RULES)
NOW_MS = 1_800_000_000_000
HOUR_S = 3600
FREE, FEW, MORE, MOST = 3, 2, 2, 2


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few of each step; nothing comes back while a test runs."""
    for name, count in zip(("session.address", *STEPS), (FREE, FEW, MORE, MOST), strict=True):
        price_ms = RULES[name].price_ms
        monkeypatch.setitem(RULES, name, Rule(count, HOUR_S, count, price_ms=price_ms))


@pytest.fixture(params=["memory", "redis", "cluster"])
def make(request: pytest.FixtureRequest) -> Make:
    """What a process stands on, with its stores in memory, in Redis or in a cluster."""
    kept = request.param != "memory"
    url = request.getfixturevalue(f"{request.param}_url") if kept else ""
    return lambda: platform_at(url)


async def code_of(platform: Platform, paid: Paid | None = None) -> str:
    """The code that a session of the café is refused with, `""` where it is let in."""
    try:
        await allow_session(platform, CAFE, paid)
    except Refused as refused:
        return refused.code
    return ""


async def price_ms(platform: Platform) -> int:
    return (await price_of(platform, CAFE)).price_ms


# ---- The steps -----------------------------------------------------------------------------------


async def test_the_first_are_free_those_after_them_pay_more_and_more_and_then_nobody_comes(
    make: Make,
) -> None:
    async with make() as platform:
        for _ in range(FREE):
            assert await price_ms(platform) == 0
            assert await code_of(platform) == ""
        turn = 0
        for count, name in zip((FEW, MORE, MOST), STEPS, strict=True):
            for _ in range(count):
                turn += 1
                assert await code_of(platform) == "work-needed"
                price = await price_ms(platform)
                assert price == RULES[name].price_ms
                assert await code_of(platform, Paid(price - 1, f"less{turn}")) == "work-needed"
                assert await code_of(platform, Paid(price, f"paid{turn}")) == ""
        assert await code_of(platform) == "too-many-sessions"
        with pytest.raises(Refused) as over:
            await allow_session(platform, CAFE, Paid(60_000, "late"))
        assert over.value.code == "too-many-sessions"
        assert over.value.retry_after
        await allow_session(platform, {"address": "elsewhere"})


async def test_a_solution_counts_once_however_many_send_it_at_once(make: Make) -> None:
    async with make() as platform:
        for _ in range(FREE):
            await allow_session(platform, CAFE)
        paid = Paid(1000, "once")
        found = await asyncio.gather(*(code_of(platform, paid) for _ in range(20)))
        assert sorted(found) == ["", *["work-spent"] * 19]


async def test_what_is_solved_at_a_low_price_lets_in_no_more_than_that_price_is_for(
    make: Make,
) -> None:
    """However many challenges somebody has fetched before."""
    async with make() as platform:
        for _ in range(FREE):
            await allow_session(platform, CAFE)
        paid = [Paid(1000, f"cheap{turn}") for turn in range(20)]
        found = await asyncio.gather(*(code_of(platform, one) for one in paid))
        assert found.count("") == FEW
        assert found.count("work-needed") == 20 - FEW


async def test_the_widest_network_and_the_narrowest_are_both_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, count in (("session.64", 2), ("session.56", 9), ("session.48", 4)):
        monkeypatch.setitem(RULES, name, Rule(count, HOUR_S, count))
    platform = Platform.build()
    one = {"64": "a", "56": "ab", "48": "abc"}
    other = {"64": "b", "56": "ab", "48": "abc"}
    for _ in range(2):
        await allow_session(platform, one)
        await allow_session(platform, other)
    for origin in (one, other, {"64": "c", "56": "c", "48": "abc"}):
        assert (await price_of(platform, origin)).price_ms == 1000
    assert (await price_of(platform, {"64": "d", "56": "d", "48": "d"})).price_ms == 0


async def test_this_machine_itself_pays_nothing() -> None:
    platform = Platform.build()
    for _ in range(2 * FREE):
        await allow_session(platform, {})


@pytest.mark.parametrize("name", ["session.address", STEPS[0]])
async def test_a_rule_that_is_off_asks_for_nothing(name: str, settings: Any) -> None:
    settings.RATE_LIMITS_OFF = [name]
    platform = Platform.build()
    for turn in range(2 * FREE + FEW):
        await allow_session(platform, CAFE, Paid(0, str(turn)) if turn >= FREE else None)
    assert await price_ms(platform) == 0


async def test_prices_are_as_the_operator_has_set_them() -> None:
    platform = Platform.build()
    platform.rules.stored = {
        "session.address": Rule(1, HOUR_S, 1),
        STEPS[0]: Rule(1, HOUR_S, 1, price_ms=2500),
    }
    await allow_session(platform, CAFE)
    assert await price_ms(platform) == 2500


async def test_it_goes_by_the_last_hour_exactly_and_not_by_what_came_back_bit_by_bit() -> None:
    now_ms = NOW_MS
    platform = Platform.build()
    object.__setattr__(platform, "counts", MemorySlidingCounts(lambda: now_ms))
    for _ in range(FREE):
        await allow_session(platform, CAFE)
        now_ms += 1_000_000
    assert await price_ms(platform) == 1000
    now_ms += 599_999
    assert await price_ms(platform) == 1000
    now_ms += 1
    assert await price_ms(platform) == 0
    await allow_session(platform, CAFE)
    assert await price_ms(platform) == 1000


async def test_who_is_refused_is_told_when_the_oldest_is_an_hour_ago() -> None:
    now_ms = NOW_MS
    platform = Platform.build()
    object.__setattr__(platform, "counts", MemorySlidingCounts(lambda: now_ms))
    for turn in range(FREE + FEW + MORE + MOST):
        await allow_session(platform, CAFE, Paid(30_000, str(turn)))
        now_ms += 60_000
    with pytest.raises(Refused) as over:
        await price_of(platform, CAFE)
    assert over.value.retry_after == HOUR_S - 60 * (FREE + FEW + MORE + MOST)


async def test_what_came_before_a_clock_was_set_back_counts_no_more() -> None:
    now_ms = NOW_MS
    platform = Platform.build()
    object.__setattr__(platform, "counts", MemorySlidingCounts(lambda: now_ms))
    for turn in range(FREE + FEW + MORE + MOST):
        await allow_session(platform, CAFE, Paid(30_000, str(turn)))
    now_ms -= 30_000
    assert await code_of(platform) == "too-many-sessions"
    now_ms -= 86_400_000
    assert await code_of(platform) == ""


# ---- What makes it dearer ------------------------------------------------------------------------


SOME_MS, MANY_MS = (RULES[rule].price_ms for rule in TILE_RULES)
# Tiles beside each other, by a cell in each.
TILES = [f"u33d{row}{column}0" for row in "bcdefghjkm" for column in "0123456789"]
_visitors = itertools.count()


async def spend_free(platform: Platform) -> None:
    for _ in range(FREE):
        await allow_session(platform, CAFE)


async def visit(platform: Platform, cell: str, origin: Origin = CAFE, begun: str = "cafe") -> None:
    """A new session takes its first place."""
    session = f"visitor-{next(_visitors)}"
    await count_unplaced(platform, {"address": begun} if begun else {}, session)
    await count_look(platform, origin, begun, session, cell)


async def test_where_all_stand_in_one_place_it_is_a_cafe_and_in_ten_within_minutes_a_hunter(
    make: Make,
) -> None:
    async with make() as platform:
        await spend_free(platform)
        for turn in range(60):
            await visit(platform, f"u33db0{'0123456789bcdefgh'[turn % 17]}")
        found = [await price_ms(platform)]
        for cell in TILES[1:11]:
            await visit(platform, cell)
            await visit(platform, cell)
            found.append(await price_ms(platform))
        # Four tiles meet at one spot.
        assert found == [1000] * 4 + [1000 + SOME_MS] * 6 + [1000 + MANY_MS]


async def test_of_500_who_come_to_one_square_nobody_pays_more_than_three_seconds() -> None:
    """Where the corners of four tiles meet, all within ten minutes, before anybody has stayed."""
    platform = Platform.build()
    platform.rules.stored = DEFAULTS
    paid: Counter[int] = Counter()
    for turn in range(500):
        price = await price_ms(platform)
        paid[price] += 1
        await allow_session(platform, CAFE, Paid(price, str(turn)) if price else None)
        await visit(platform, TILES[turn % 4])
    assert paid == {0: 30, 1000: 100, 3000: 370}


async def test_a_hunter_pays_a_minute_for_each_session_in_the_mean(make: Make) -> None:
    """Of a hunt as long as those of bench/HUNT.md: a new session for each of 77 places."""
    async with make() as platform:
        platform.rules.stored = DEFAULTS
        paid_ms = 0
        for turn in range(77):
            price = await price_ms(platform)
            await allow_session(platform, CAFE, Paid(price, str(turn)) if price else None)
            await visit(platform, TILES[turn])
            paid_ms += price
        assert paid_ms / 77 >= 60_000


async def test_whoever_begins_here_and_stands_there_counts_for_both_networks() -> None:
    platform = Platform.build()
    await spend_free(platform)
    for cell in TILES[:11]:
        await visit(platform, cell, {"address": "other"})
    assert await price_ms(platform) == 1000 + MANY_MS
    assert await added_ms(platform, {"address": "other"}) == MANY_MS
    assert await added_ms(platform, {"address": "elsewhere"}) == 0


async def test_tiles_of_ten_minutes_ago_are_forgotten() -> None:
    now_ms = NOW_MS
    platform = Platform.build()
    object.__setattr__(platform, "distinct", MemoryDistinctCounts(lambda: now_ms))
    await spend_free(platform)
    for cell in TILES[:11]:
        await visit(platform, cell)
    now_ms += RULES["session.tiles2"].period_s * 1000 - 1
    assert await price_ms(platform) == 1000 + MANY_MS
    now_ms += 1
    assert await price_ms(platform) == 1000


@pytest.mark.parametrize("an_hour", [90, 300, 1200])
async def test_visitors_of_a_phone_company_all_over_a_city_are_no_hunters_since_most_of_them_stay(
    an_hour: int,
) -> None:
    """Two hours; more where more live, in a hundred tiles; two of five are gone at once."""
    now_ms, chance = NOW_MS, random.Random(16)
    platform = Platform.build()
    object.__setattr__(platform, "distinct", MemoryDistinctCounts(lambda: now_ms))
    weights = [1 / (1 + turn) ** 0.7 for turn in range(len(TILES))]
    stay: list[tuple[int, str]] = []
    added = Counter[int]()
    for _ in range(2 * an_hour):
        now_ms += int(chance.expovariate(an_hour / 3_600_000))
        for due in [one for one in stay if one[0] <= now_ms]:
            stay.remove(due)
            await count_stay(platform, ["cafe", ""], due[1])
        (cell,) = chance.choices(TILES, weights)
        await visit(platform, cell)
        if chance.random() < 0.6:
            stay.append((now_ms + STAY_MS + 10_000, cell))
        added[await added_ms(platform, CAFE)] += 1
    # As many come at the beginning as hunters do, before anybody has stayed.
    assert added[MANY_MS] < 0.05 * added.total()
    assert added[0] > 0.7 * added.total()


async def test_visitors_of_a_train_come_in_ever_other_tiles_and_stay() -> None:
    """One in twenty seconds, each in a tile of their own; two of five are gone at once."""
    now_ms = NOW_MS
    platform = Platform.build()
    object.__setattr__(platform, "distinct", MemoryDistinctCounts(lambda: now_ms))
    for turn, cell in enumerate(TILES):
        now_ms += 20_000
        await visit(platform, cell)
        if turn >= 7 and turn % 5 not in {1, 3}:
            await count_stay(platform, ["cafe"], TILES[turn - 7])
        assert await added_ms(platform, CAFE) <= SOME_MS


async def test_a_stay_counts_once_however_often_it_is_noticed(make: Make) -> None:
    async with make() as platform:
        for cell in TILES[:13]:
            await visit(platform, cell)
        for _ in range(5):
            await count_stay(platform, ["cafe"], TILES[0])
        assert await tiles_left(platform, "cafe", 600_000) == 11


async def test_sessions_that_are_kept_for_a_look_later_count_beyond_thirty(make: Make) -> None:
    async with make() as platform:
        sessions = [f"kept-{turn}" for turn in range(41)]
        found = []
        for session in sessions:
            await count_unplaced(platform, CAFE, session)
            found.append(await added_ms(platform, CAFE))
        assert found == [0] * 34 + [SOME_MS] * 6 + [MANY_MS]
        for session in sessions:
            await count_look(platform, CAFE, "cafe", session, TILES[0])
        assert await tiles_left(platform, "cafe", 600_000) == 1


async def test_nothing_is_counted_where_the_rules_of_tiles_are_off(settings: Any) -> None:
    settings.RATE_LIMITS_OFF = [*TILE_RULES]
    platform = Platform.build()
    for cell in TILES[:20]:
        await visit(platform, cell)
    assert await added_ms(platform, CAFE) == 0
    assert await tiles_left(platform, "cafe", 600_000) == 0


async def test_operators_see_which_networks_look_in_many_tiles() -> None:
    platform = Platform.build()
    for cell in TILES[:12]:
        await visit(platform, cell)
    counted: Counter[tuple[str, str]] = Counter()
    for hit, count in platform.records.hits.counts.items():
        counted[hit.rule, hit.subject] += count
    assert counted == {("session.tiles1", "cafe"): 8, ("session.tiles2", "cafe"): 2}


async def test_what_is_kept_of_tiles_says_nothing_of_where_anybody_is() -> None:
    """Neither a tile nor a cell stands in it, and digests of two networks cannot be compared."""
    platform = Platform.build()
    for network in ("cafe", "other"):
        await visit(platform, TILES[0], {"address": network}, network)
        await count_stay(platform, [network], TILES[0])
    kept = platform.distinct
    assert isinstance(kept, MemoryDistinctCounts)
    assert TILES[0] not in repr(vars(kept))
    assert tile_of(TILES[0]) not in repr(vars(kept))
    members = [one for members in kept.added_ms.values() for one in members]
    assert len(members) == len({*members}) == 2


async def test_one_who_reports_again_and_again_is_one_and_three_who_report_make_it_dearer() -> None:
    platform = Platform.build()
    await spend_free(platform)
    for _ in range(9):
        await count_blame(platform, "cafe", "reporter-1")
    await count_blame(platform, "cafe", "")
    await count_blame(platform, "", "reporter-9")
    await count_blame(platform, "cafe", "reporter-2")
    assert await price_ms(platform) == 1000
    await count_blame(platform, "cafe", "reporter-3")
    assert await price_ms(platform) == 9000


def ban(platform: Platform, number: int) -> None:
    platform.sanctions.impose(
        Sanction.Kind.BAN, f"{number:016x}", timedelta(hours=1), Reason.SPAM, origin="cafe"
    )


async def test_where_somebody_is_banned_one_comes_and_those_after_pay_and_nobody_is_left_outside(
    make: Make,
) -> None:
    async with make() as platform:
        ban(platform, 1)
        assert await code_of(platform) == ""
        assert await code_of(platform) == "work-needed"
        assert await price_ms(platform) == RULES["session.banned"].price_ms
        for turn in range(FREE - 1):
            assert await code_of(platform, Paid(8000, f"paid{turn}")) == ""
        assert await code_of(platform) == "work-needed"


async def test_bans_of_three_people_make_it_dearer() -> None:
    platform = Platform.build()
    await spend_free(platform)
    for turn in (1, 1, 1, 2):
        ban(platform, turn)
    before_ms = await price_ms(platform)
    ban(platform, 3)
    assert await price_ms(platform) == before_ms + RULES["session.blamed"].price_ms


async def test_no_price_is_more_than_a_slow_phone_can_pay_in_time() -> None:
    platform = Platform.build()
    platform.rules.stored = {
        STEPS[0]: Rule(9, HOUR_S, 9, price_ms=limits.PRICE_MAX_MS),
        TILE_RULES[1]: Rule(10, 600, 10, price_ms=limits.TOTAL_MAX_MS),
    }
    await spend_free(platform)
    for cell in TILES[:11]:
        await visit(platform, cell)
    assert await price_ms(platform) == limits.TOTAL_MAX_MS
