"""A Redis whose clock is set: processes go on by the time that passed for themselves."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from chat.history import MemoryHistory, life_ms
from chat.history.redis import RedisHistory
from chat.messages import BEGINNING, Draft, Message, public_id
from neartalk.clock import Clock
from neartalk.limits import Rules
from neartalk.limits.memory import MemoryAllowances
from neartalk.redis.client import SHARED_MS
from neartalk.redis.node_clock import SET_MS, SURE_MS, NodeClock
from presence.geo import Cell, cell_at, tile_of
from presence.registry import MemoryRegistry, RedisRegistry
from presence.values import Place
from tests.support.clocks import START_MS, ManualClock
from tests.support.set_clock import SetClock
from voice.callers.memory import MemoryCallers

ROOT = Path(__file__).parents[2]
MINUTE_S, TEN_MINUTES_S = 60, 600
MEANWHILE_S = 30  # Redis has a clock of its own too: more than a test may take
HERE, THERE, ELSEWHERE = (cell_at(52.52, 13.4 + step / 50) for step in range(3))


class Shop:
    """Two processes with a Redis of which a test sets the clock, and lets time pass."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.own = ManualClock()
        self.clients: list[SetClock] = []
        self.set_s = 0

    async def process(self) -> tuple[SetClock, RedisHistory, RedisRegistry]:
        client = SetClock(self.url, self.own)
        client.set_s = self.set_s
        self.clients.append(client)
        registry = RedisRegistry(client)
        await registry.renew(f"{len(self.clients):x}")
        return client, RedisHistory(client), registry

    def set_clock(self, seconds: int) -> None:
        self.set_s += seconds
        for client in self.clients:
            client.set_s = self.set_s

    def pass_s(self, seconds: int) -> None:
        self.own.now_ms += seconds * 1000
        self.set_clock(seconds)


@asynccontextmanager
async def shop(url: str) -> AsyncIterator[Shop]:
    async with AsyncExitStack() as stack:
        found = Shop(url)
        yield found
        for client in found.clients:
            stack.push_async_callback(client.aclose)


def draft(text: str, cell: Cell) -> Draft:
    return Draft("alice", "Alice", Place(cell, 500), text, f"ref-of-{text}")


async def texts(history: RedisHistory) -> set[str]:
    """By each way of reading."""
    tiles = [tile_of(cell) for cell in (HERE, THERE, ELSEWHERE)]
    pages = await history.page(dict.fromkeys(tiles), {}, 100)
    after = await history.after(dict.fromkeys(tiles, BEGINNING))
    assert pages.entries == after.entries
    entries = [one for found in pages.entries.values() for one in found]
    return {one.text for one in entries if isinstance(one, Message)}


# ---- Redis -------------------------------------------------------------------------------------


@pytest.mark.parametrize("set_s", [-TEN_MINUTES_S, -3 * TEN_MINUTES_S, -90 * MINUTE_S])
async def test_a_message_lives_half_an_hour_though_the_clock_of_redis_was_set_back(
    redis_url: str, settings: Settings, set_s: int
) -> None:
    settings.RATE_LIMITS_SCALE = 1000
    async with shop(redis_url) as here:
        client, history, _ = await here.process()
        await history.append(draft("before", HERE))
        here.pass_s(10 * MINUTE_S)
        here.set_clock(set_s)
        # Nothing has been read since: the step that keeps it must know by itself.
        await history.append(draft("after", HERE))
        removed = await history.append(draft("elsewhere", THERE))
        assert await texts(history) == {"before", "after", "elsewhere"}
        here.pass_s(20 * MINUTE_S - MEANWHILE_S)
        assert await texts(history) == {"before", "after", "elsewhere"}
        here.pass_s(MEANWHILE_S + 1)
        assert await texts(history) == {"after", "elsewhere"}
        here.pass_s(10 * MINUTE_S - MEANWHILE_S)
        assert await texts(history) == {"after", "elsewhere"}
        assert not (await history.append(draft("elsewhere", THERE))).fresh
        assert removed.at.ms + life_ms() > await history.now_ms()
        here.pass_s(MEANWHILE_S)
        assert await texts(history) == set()
        await history.trim()
        held = [await client.type(key) async for key in client.scan_iter()]
        assert "stream" in held
        assert [
            await client.xlen(key)
            async for key in client.scan_iter()
            if await client.type(key) == "stream"
        ] == [0, 0]


async def test_a_process_that_comes_later_goes_by_the_time_of_those_who_were_there(
    redis_url: str, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1000
    async with shop(redis_url) as here:
        client, history, registry = await here.process()
        epoch = (await registry.status(())).epoch
        here.set_clock(-3 * TEN_MINUTES_S)
        await registry.renew("1")
        late, fresh, second = await here.process()
        assert late.clock.ahead_ms == client.clock.ahead_ms > 3 * TEN_MINUTES_S * 1000 - SET_MS
        kept = await fresh.append(draft("of a new process", ELSEWHERE))
        assert await texts(history) == await texts(fresh) == {"of a new process"}
        # To nobody it is another time, nor another epoch.
        for one in (registry, second):
            status = await one.status(())
            assert status.epoch == epoch
            assert status.processes == {"1", "2"}
        removed_id = public_id(kept.at, "alice", "ref-of-of a new process")
        assert await history.remove([tile_of(ELSEWHERE)], removed_id, "alice")
        # What was added is told again where Redis has lost it, and no more where it is put right.
        await client.flushall()
        await registry.renew("1")
        assert int(await client.get("neartalk:{0}:ahead")) == client.clock.ahead_ms
        # And it outlives those who know of it by an hour, longer than what was said by it.
        assert life_ms() < await client.pttl("neartalk:{0}:ahead") <= SHARED_MS
        here.set_clock(3 * TEN_MINUTES_S)
        await registry.renew("1")
        await second.renew("2")
        assert int(await client.get("neartalk:{0}:ahead")) == late.clock.ahead_ms < SET_MS


def test_no_script_asks_redis_for_the_time_but_by_what_stands_before_it() -> None:
    scripts = [path for path in ROOT.glob("*/**/lua/*.lua") if path.name != "now.lua"]
    assert scripts
    assert [path.name for path in scripts if "'TIME'" in path.read_text()] == []


# ---- The arithmetic ----------------------------------------------------------------------------


def test_an_answer_that_was_long_on_its_way_is_no_clock_that_was_set() -> None:
    own = ManualClock()
    clock = NodeClock(own)
    assert clock.observe(own.now_ms, START_MS + 700) == START_MS + 700
    asked_ms = own.now_ms
    own.now_ms += 60_000
    # Redis has answered at once, and this process was held up.
    assert clock.observe(asked_ms, START_MS + 700) == START_MS + 700
    assert clock.observe(asked_ms, START_MS + 60_700) == START_MS + 60_700
    assert clock.least_ms() == START_MS + 60_700
    assert (clock.ahead_ms, clock.changed) == (0, False)


def test_nothing_is_concluded_from_a_first_answer_that_says_little() -> None:
    own = ManualClock()
    clock = NodeClock(own)
    asked_ms = own.now_ms
    own.now_ms += SURE_MS + 1
    clock.observe(asked_ms, START_MS + TEN_MINUTES_S * 1000)
    assert clock.least_ms() == 0
    assert clock.observe(own.now_ms, START_MS) == START_MS


def test_clocks_of_a_different_pace_are_followed() -> None:
    own = ManualClock()
    clock = NodeClock(own)
    for step in range(100):
        assert clock.observe(own.now_ms, START_MS + 9_000 * step) == START_MS + 9_000 * step
        own.now_ms += 10_000
    assert clock.ahead_ms == 0


def test_a_clock_that_is_set_forward_is_followed() -> None:
    own = ManualClock()
    clock = NodeClock(own)
    clock.observe(own.now_ms, START_MS)
    assert clock.observe(own.now_ms, START_MS + 600_000) == START_MS + 600_000
    assert clock.observe(own.now_ms, START_MS + 120_000) == START_MS + 600_000
    assert clock.observe(own.now_ms, START_MS + 600_000) == START_MS + 600_000
    assert clock.ahead_ms == 0


# ---- Memory ------------------------------------------------------------------------------------


async def test_the_embedded_form_goes_by_a_clock_that_nobody_sets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stores = MemoryHistory(), MemoryRegistry(), MemoryCallers(), MemoryAllowances(Rules())
    clocks: list[Clock] = [store.clock for store in stores]
    before = [clock() for clock in clocks]
    set_back_ns = time.time_ns() - TEN_MINUTES_S * 1_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: set_back_ns)
    monkeypatch.setattr(time, "time", lambda: set_back_ns / 1e9)
    for clock, at in zip(clocks, before, strict=True):
        assert at <= clock() < at + TEN_MINUTES_S * 1000
