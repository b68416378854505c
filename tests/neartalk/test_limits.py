"""How often something may be done: GCRA in Python, its Lua twin, and the rules themselves."""

import random
from bisect import bisect_right
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from chat.history.redis import RedisHistory
from chat.history.stream import allowance_key, refs_key, stream_key, turn_key
from chat.history.turns import KEPT_MS, LATE_MAX_MS
from neartalk.limits import QUEUE_MAX_MS, RULES, Act, Rule, queue, seconds, spend
from neartalk.models import RateLimit
from neartalk.redis.client import connect

NOW = 1_700_000_000_000
INTERVALS = st.integers(1, 10_000)
BURSTS = st.integers(1, 20)
ALLOWANCES = st.integers(1, 100)
PAUSES = st.lists(st.one_of(st.just(0), st.integers(0, 50), st.integers(0, 20_000)), max_size=200)
TILE, DRAWS = "u33dbb", 500


def accepted(times: list[int], interval_ms: int, burst: int) -> list[int]:
    """Which of the acts tried at these times are allowed."""
    tat, allowed = 0, []
    for now in times:
        tat, wait = spend(tat, now, interval_ms, interval_ms * (burst - 1))
        if not wait:
            allowed.append(now)
    return allowed


def times_of(pauses: list[int]) -> list[int]:
    times = [NOW]
    for pause in pauses:
        times.append(times[-1] + pause)
    return times


# ---- The arithmetic ----------------------------------------------------------------------------


@examples(deadline=None)
@given(INTERVALS, BURSTS)
def test_exactly_a_burst_comes_at_once(interval_ms: int, burst: int) -> None:
    assert accepted([NOW] * (burst + 5), interval_ms, burst) == [NOW] * burst


@examples(deadline=None)
@given(INTERVALS, BURSTS)
def test_after_a_burst_acts_come_at_the_even_rate(interval_ms: int, burst: int) -> None:
    each_ms = [NOW] * burst + [NOW + ms for ms in range(1, 3 * min(interval_ms, 300) + 1)]
    interval_ms = min(interval_ms, 300)
    late = accepted(each_ms, interval_ms, burst)[burst:]
    assert late == [NOW + interval_ms, NOW + 2 * interval_ms, NOW + 3 * interval_ms]


@examples(deadline=None)
@given(INTERVALS, BURSTS, PAUSES)
def test_who_keeps_to_the_even_rate_is_never_refused(
    interval_ms: int, burst: int, pauses: list[int]
) -> None:
    times = times_of([interval_ms + pause for pause in pauses])
    assert accepted(times, interval_ms, burst) == times


@examples(deadline=None)
@given(ALLOWANCES, BURSTS, PAUSES)
def test_no_window_of_a_period_holds_more_than_allowance_and_burst(
    allowance: int, burst: int, pauses: list[int]
) -> None:
    rule = Rule(allowance, 60, burst)
    allowed = accepted(times_of(pauses), rule.interval_ms, burst)
    for index, first in enumerate(allowed):
        assert bisect_right(allowed, first + 60_000) - index <= allowance + burst


@examples(deadline=None)
@given(INTERVALS, BURSTS, PAUSES)
def test_the_wait_is_exact(interval_ms: int, burst: int, pauses: list[int]) -> None:
    tat, tolerance_ms = 0, interval_ms * (burst - 1)
    for now in times_of(pauses):
        kept = tat
        tat, wait = spend(tat, now, interval_ms, tolerance_ms)
        if wait:
            assert tat == kept
            assert spend(tat, now + wait - 1, interval_ms, tolerance_ms) == (tat, 1)
            assert spend(tat, now + wait, interval_ms, tolerance_ms)[1] == 0
            assert spend(tat, now + seconds(wait) * 1000, interval_ms, tolerance_ms)[1] == 0


@examples(deadline=None)
@given(st.integers(1, 10**7))
def test_a_wait_is_told_in_whole_seconds_that_are_enough_and_not_one_too_many(wait: int) -> None:
    assert 0 <= seconds(wait) * 1000 - wait < 1000


@examples(deadline=None)
@given(INTERVALS, BURSTS, st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_an_interval(
    interval_ms: int, burst: int, ahead_ms: int, back_ms: int
) -> None:
    tolerance_ms = interval_ms * (burst - 1)
    tat, now = 0, NOW + ahead_ms
    for _ in range(burst):
        tat, wait = spend(tat, now, interval_ms, tolerance_ms)
        assert not wait
    now -= back_ms
    kept = tat
    tat, wait = spend(tat, now, interval_ms, tolerance_ms)
    assert wait == (0 if back_ms else interval_ms)
    if back_ms:
        assert tat == now + interval_ms * burst < kept
    assert spend(tat, now, interval_ms, tolerance_ms)[1] == interval_ms


def test_a_rule_that_is_eased_holds_at_once_and_gives_no_new_burst() -> None:
    tat, _ = spend(0, NOW, 3_600_000, 0)
    tat, wait = spend(tat, NOW, 6_000, 12_000)
    assert (tat, wait) == (NOW + 18_000, 0)


def test_a_clock_that_was_set_back_allows_nothing_that_was_never_allowed() -> None:
    first = spend(0, NOW, 100_000, -98_000)[1]
    assert first == spend(NOW + 10**9, NOW, 100_000, -98_000)[1] == 98_000


def test_a_long_rest_is_worth_no_more_than_a_burst() -> None:
    later = NOW + 10**9
    assert accepted([NOW, *[later] * 10], 6000, 3) == [NOW, later, later, later]


# ---- The rules ---------------------------------------------------------------------------------


def test_a_person_may_send_ten_messages_a_minute_three_of_them_at_once() -> None:
    rule = RULES["chat.send"]
    assert (rule.allowance, rule.period_s, rule.burst) == (10, 60, 3)
    assert (rule.interval_ms, rule.tolerance_ms) == (6_000, 12_000)


@pytest.mark.parametrize(
    ("scale", "interval_ms", "burst"),
    [
        (0.1, 60_000, 1),
        (0.5, 12_000, 2),
        (1, 6_000, 3),
        (10, 600, 30),
        (1e3, 6, 3_000),
        (1e9, 1, 3_000_000_000),
    ],
)
def test_the_scale_multiplies_rate_and_burst(
    scale: float, interval_ms: int, burst: int, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = scale
    rule = RULES["chat.send"]
    assert rule.interval_ms == interval_ms
    assert rule.tolerance_ms == interval_ms * (burst - 1)


@examples(deadline=None)
@given(ALLOWANCES, BURSTS)
def test_every_rule_lets_at_least_one_act_pass(allowance: int, burst: int) -> None:
    rule = Rule(allowance, 60, burst)
    assert rule.interval_ms >= 1
    assert rule.tolerance_ms >= 0
    assert spend(0, NOW, rule.interval_ms, rule.tolerance_ms) == (NOW + rule.interval_ms, 0)


def test_a_rule_of_work_lets_do_its_part_of_a_core(settings: Settings) -> None:
    rule = Rule(15_000, 60, burst=500)
    assert rule.share == 0.25
    settings.RATE_LIMITS_SCALE = 2
    assert rule.share == 0.5


def test_what_was_done_while_a_rule_was_off_is_not_held_against_anybody() -> None:
    off, tat = Rule(10, 60, burst=3, on=False), 0
    for _ in range(1000):
        tat, wait = spend(tat, NOW, off.interval_ms, off.tolerance_ms)
        assert wait == 0
    on = Rule(10, 60, burst=3)
    for _ in range(on.burst):
        tat, wait = spend(tat, NOW, on.interval_ms, on.tolerance_ms)
        assert wait == 0


# ---- The twin in Lua ---------------------------------------------------------------------------


async def test_the_twin_in_lua_decides_as_python_does(redis_url: str) -> None:
    """Redis has its own clock: what time it was is taken from each answer, and then everything
    else of the answer, and what is stored after it, must be what Python says for that time."""
    client, rng, waits = connect(redis_url), random.Random(1), 0
    key = allowance_key(TILE, Act("chat.send", "alice"))
    ahead_key = f"{key}:ahead"
    append = RedisHistory(client).scripts["append"]

    async def draw(number: int, interval_ms: int, tolerance_ms: int) -> Any:
        ref, fields = f"alice:{number}", ["person", "alice", "text", "x", "ref", str(number)]
        turns = QUEUE_MAX_MS, LATE_MAX_MS, KEPT_MS
        keys = [stream_key(TILE), refs_key(TILE), turn_key(TILE, ref), key, ahead_key]
        arguments = [ref, 1_800_000, *turns, interval_ms, tolerance_ms, *fields]
        return await client.run(append, keys, arguments)

    async def now_ms() -> int:
        second, micros = await client.time()
        return int(second) * 1000 + int(micros) // 1000

    try:
        tat, latest = 0, await now_ms()
        for number in range(DRAWS):
            interval_ms = rng.choice((1, 2, 5, 20, rng.randint(1, 2_000)))
            tolerance_ms = interval_ms * rng.randint(0, 5)
            if rng.random() < 0.5:
                last_of_burst_ms = tolerance_ms + rng.randint(0, interval_ms)
                # The last one is further ahead than a whole burst.
                ahead_ms = rng.randint(-1_000, 1_000), last_of_burst_ms, 3_000 + 6 * interval_ms
                tat = latest + rng.choice(ahead_ms)
                await client.set(key, tat)
            ahead = 0
            if rng.random() < 0.5:
                ahead = latest + rng.choice((rng.randint(1, 20_000), QUEUE_MAX_MS, 10**7))
                await client.set(ahead_key, ahead)
            else:
                await client.delete(ahead_key)
            earliest = await now_ms()
            said, *values = await draw(number, interval_ms, tolerance_ms)
            value = values[1 if said == "wait" else 0]
            stored = int(await client.get(key) or 0)
            latest = await now_ms()
            if said == "wait":
                costs = interval_ms, tolerance_ms
                stored_ahead = int(await client.get(ahead_key) or 0)
                decided = set()
                for now in range(earliest, latest + 1):
                    queued, wait = queue(ahead, tat, now, *costs)
                    decided.add((max(wait, spend(tat, now, *costs)[1]), queued))
                # What is short expires before it is read.
                assert (value, stored_ahead) in decided | {(wait, 0) for wait, _ in decided}
            else:
                now = int(value.partition("-")[0])
                assert earliest <= now <= latest
                tat, wait = spend(tat, now, interval_ms, tolerance_ms)
                assert not wait
            assert stored == tat or (stored == 0 and tat <= latest)  # it expires when it is over
            waits += said == "wait"
        assert DRAWS / 10 < waits < DRAWS * 9 / 10
    finally:
        await client.aclose()


def test_whoever_is_refused_however_often_is_told_no_sooner_turn_than_before() -> None:
    ahead_ms, waits, costs = 0, list[int](), (6_000, 30_000)
    tat_ms = NOW + 36_000
    for _ in range(300):
        ahead_ms, wait_ms = queue(ahead_ms, tat_ms, NOW, *costs)
        waits.append(wait_ms)
    assert waits == sorted(waits)
    assert waits[-1] == QUEUE_MAX_MS
    # Those of a clock that was set back count for none.
    assert queue(ahead_ms, tat_ms, NOW - 3_600_000, *costs)[1] <= 6_000


# ---- Many behind one address -------------------------------------------------------------------


def test_thirty_guests_of_one_address_come_at_once_without_a_price() -> None:
    """Of a network within which that address lies, no fewer."""
    names = ("session.address", "session.64", "session.56", "session.48")
    bursts = [RULES[name].burst for name in names]
    assert bursts == sorted(bursts)
    assert bursts[0] == 30
    steps = [RULES[f"session.price{step}"] for step in (1, 2, 3)]
    assert [(one.burst, one.price_ms) for one in steps] == [
        (100, 1000),
        (370, 3000),
        (1500, 10_000),
    ]
    assert bursts[0] + sum(one.burst for one in steps) == 2000


@pytest.mark.django_db
def test_rules_that_nobody_has_set_follow_new_defaults_and_others_stay() -> None:
    migration = import_module("neartalk.migrations.0007_session_prices")
    for name in migration.CHANGED:
        row = RateLimit.objects.get(name=name)
        assert (row.allowance, row.burst) == (RULES[name].allowance, RULES[name].burst)
    migration.refuse(apps, None)
    assert RateLimit.objects.get(name="session.address").burst == 60
    assert not RateLimit.objects.filter(name="session.price1").exists()
    RateLimit.objects.create(name="socket.address", allowance=1, burst=1)
    RateLimit.objects.filter(name="session.64").update(allowance=11)
    RateLimit.objects.filter(name="session.banned").update(price_ms=0)
    migration.ask_for_work(apps, None)
    assert RateLimit.objects.get(name="session.address").burst == RULES["session.address"].burst
    assert RateLimit.objects.get(name="session.64").allowance == 11
    assert not RateLimit.objects.filter(name="socket.address").exists()
    assert RateLimit.objects.get(name="session.banned").price_ms == 8000


@pytest.mark.django_db
def test_the_rule_of_districts_is_gone_and_those_of_tiles_stand_in_its_place() -> None:
    migration = import_module("neartalk.migrations.0008_session_tiles")
    RateLimit.objects.create(name="session.districts", allowance=9, burst=9)
    migration.forget_districts(apps, None)
    names = {*RateLimit.objects.values_list("name", flat=True)}
    assert names == {*RULES}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "price_ms", "right"),
    [
        ("session.price1", 0, True),
        ("session.price1", 30_000, True),
        ("session.price1", 30_001, False),
        ("session.tiles2", 150_000, True),
        ("session.tiles2", 150_001, False),
        ("chat.send", 0, True),
        ("chat.send", 1, False),
    ],
)
def test_a_price_stands_only_where_somebody_pays_it(name: str, price_ms: int, right: bool) -> None:
    row = RateLimit.objects.get(name=name)
    row.price_ms = price_ms
    if right:
        row.full_clean()
    else:
        with pytest.raises(ValidationError):
            row.full_clean()


@pytest.mark.django_db
def test_whoever_is_new_may_say_five_lines_where_nobody_has_set_the_rule() -> None:
    migration = import_module("neartalk.migrations.0006_newcomers")
    row = RateLimit.objects.filter(name="chat.new")
    assert RULES["chat.new"].burst == row.get().burst == 5
    migration.tighten(apps, None)
    assert row.get().burst == 2
    migration.loosen(apps, None)
    assert row.get().burst == 5
    row.update(burst=2, allowance=3)
    migration.loosen(apps, None)
    assert row.get().burst == 2
