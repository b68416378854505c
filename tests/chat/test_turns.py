"""Whoever sends many lines and comes back with each when it was told is refused each once, and is
never muted for it."""

from __future__ import annotations

import heapq
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chat.history import MemoryHistory
from chat.history.stream import turn_key
from chat.history.turns import ref_key
from neartalk.codes import Refused
from neartalk.limits import RULES, Rule
from tests.chat.consumer_client import ConsumerClient, arrived
from tests.chat.history_harness import MakeHarness, RedisHistoryHarness, draft, memory_harness
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_django.fixtures import Settings

    from chat.messages import Draft
    from tests.chat.history_harness import HistoryHarness

STRIKES = RULES["chat.refused"].burst
ONE_BY_ONE = Rule(allowance=10, period_s=60, burst=1)


@pytest.fixture(autouse=True)
def limited(settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1


class Obedient:
    """Sends each line when the last refusal of it said, on a clock of its own. `late_ms` is how
    long after that each of them is on its way; `refused` counts by ref."""

    def __init__(self, client: ConsumerClient, late_ms: Sequence[int] = (0,)) -> None:
        self.client = client
        self.late_ms = late_ms
        self.now_ms = client.process.hub.now_ms()
        self.refused: dict[str, int] = {}
        self.acked_ms: dict[str, int] = {}
        history: MemoryHistory = client.history.store
        history.clock = client.process.platform.allowances.clock = lambda: self.now_ms  # type: ignore[attr-defined]
        client.process.feed.sender.now_ms = lambda: self.now_ms

    async def send_all(self, lines: Sequence[str]) -> None:
        """Sends the lines at once, and each again until it is acked. Fails if one is muted."""
        start_ms = self.now_ms
        due = [(start_ms, turn) for turn in range(len(lines))]
        async with deadline("every line is acked"):
            while due:
                self.now_ms, turn = heapq.heappop(due)
                ref = f"ref-of-line-{turn}"
                await self.client.send(lines[turn], ref)
                answer = self.client.page.frames[-1]
                if answer["type"] != "error":
                    self.acked_ms[ref] = self.now_ms - start_ms
                    continue
                assert answer["code"] in {"too-fast", "repeated"}, answer
                self.refused[ref] = self.refused.get(ref, 0) + 1
                late_ms = self.late_ms[turn % len(self.late_ms)]
                heapq.heappush(due, (self.now_ms + answer["retry_after"] * 1000 + late_ms, turn))


def distinct(count: int) -> list[str]:
    return [f"line {turn} of many" for turn in range(count)]


@pytest.mark.parametrize("late_ms", [(0,), (40,), (900, 5, 300)])
@pytest.mark.parametrize("queued", [8, RULES["chat.new"].burst + STRIKES])
async def test_queued_lines_that_obey_are_refused_once_each_and_kept(
    queued: int, late_ms: Sequence[int]
) -> None:
    async with arrived() as client:
        obedient = Obedient(client, late_ms)
        await obedient.send_all(distinct(queued))
        assert len(obedient.acked_ms) == queued
        assert {*obedient.refused.values()} == {1}


async def test_so_are_those_of_somebody_who_has_been_here_for_longer() -> None:
    async with arrived() as client:
        obedient = Obedient(client)
        obedient.now_ms += 600_000
        await obedient.send_all(distinct(RULES["chat.send"].burst + STRIKES))
        assert {*obedient.refused.values()} == {1}
        # Ten a minute, as the rule says.
        assert max(obedient.acked_ms.values()) == STRIKES * 6_000


@pytest.mark.parametrize("late_ms", [(0,), (60, 10, 30)])
async def test_a_rule_without_a_burst_makes_no_difference(late_ms: Sequence[int]) -> None:
    async with arrived() as client:
        client.process.platform.rules.stored = {"chat.new": ONE_BY_ONE, "chat.send": ONE_BY_ONE}
        obedient = Obedient(client, late_ms)
        obedient.client.history.store.turns.rules = client.process.platform.rules
        await obedient.send_all(distinct(1 + STRIKES))
        assert {*obedient.refused.values()} == {1}


async def test_the_same_line_many_times_is_told_to_come_one_after_the_other() -> None:
    async with arrived() as client:
        obedient = Obedient(client)
        await obedient.send_all(["The same line"] * 8)
        assert sorted(obedient.acked_ms.values()) == [30_000 * turn for turn in range(8)]
        assert {*obedient.refused.values()} == {1}


async def test_whoever_was_told_to_wait_and_finds_the_place_taken_is_not_punished() -> None:
    """Another line of theirs came first, again and again."""
    async with arrived() as client:
        client.process.platform.rules.stored = {"chat.refused": Rule(1, 60, burst=2)}
        obedient = Obedient(client)
        obedient.now_ms += 600_000
        await obedient.send_all(distinct(RULES["chat.send"].burst))
        await client.send("This one waits", "the-one-that-waits")
        for turn in range(10):
            obedient.now_ms += client.page.frames[-1]["retry_after"] * 1000
            await client.send(f"Taken {turn}", f"ref-of-taker-{turn}")
            assert client.page.frames[-1]["type"] != "error"
            await client.send("This one waits", "the-one-that-waits")
            assert client.page.frames[-1]["code"] == "too-fast"


async def test_whoever_does_not_wait_is_told_the_same_time_and_muted_in_the_end() -> None:
    async with arrived() as client:
        obedient = Obedient(client)
        await obedient.send_all(distinct(RULES["chat.new"].burst))
        for turn in range(STRIKES):
            await client.send("Now!", "the-one-in-haste")
            assert client.page.frames[-1]["retry_after"] == 10 - turn // 2
            obedient.now_ms += 500
        await client.send("Now!", "the-one-in-haste")
        assert client.page.frames[-1]["code"] == "muted"


# ---- The history, in each of its forms -----------------------------------------------------------


async def retry_after(harness: object, text: str) -> int:
    with pytest.raises(Refused) as refused:
        await harness.history.append(draft(text))  # type: ignore[attr-defined]
    return refused.value.retry_after or 0


async def test_each_refused_line_is_told_to_come_after_those_before_it(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        began_ms = await harness.history.now_ms()
        for turn in range(3):
            await harness.history.append(draft(f"text {turn}"))
        waits = [await retry_after(harness, f"text {turn}") for turn in range(3, 7)]
        passed_s = -((began_ms - await harness.history.now_ms()) // 1000)
        for turn, wait in enumerate(waits, 1):
            assert 6 * turn - passed_s <= wait <= 6 * turn
        again = [await retry_after(harness, f"text {turn}") for turn in (6, 3)]
        passed_s = -((began_ms - await harness.history.now_ms()) // 1000)
        assert 24 - passed_s <= again[0] <= waits[3]
        assert 6 - passed_s <= again[1] <= waits[0]


async def test_a_line_that_is_refused_in_its_turn_is_known_to_have_waited(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        for turn in range(3):
            await harness.history.append(draft(f"text {turn}"))
        waiting = draft("one more")
        for in_turn in (False, False, True):
            if in_turn:
                await bring_turn(harness, waiting)
            with pytest.raises(Refused) as refused:
                await harness.history.append(waiting)
            assert refused.value.in_turn is in_turn


async def bring_turn(harness: HistoryHarness, waiting: Draft) -> None:
    """As if its turn had just come."""
    now_ms, history = await harness.history.now_ms(), harness.history
    if isinstance(history, MemoryHistory):
        history.turns.turns[ref_key(waiting)] = now_ms
    else:
        assert isinstance(harness, RedisHistoryHarness)
        ref = f"{waiting.person_id}:{waiting.ref}"
        await harness.client.set(turn_key(waiting.tile, ref), now_ms)


async def test_what_nobody_came_back_for_makes_nobody_wait_in_the_end() -> None:
    async with memory_harness() as harness:
        for turn in range(20):
            try:
                await harness.history.append(draft(f"text {turn}"))
            except Refused:
                continue
        await harness.pass_ms(6_000)
        assert (await harness.history.append(draft("another"))).fresh
        await harness.pass_ms(660_000)
        await harness.history.trim()
        turns = harness.history.turns
        assert (turns.tats, turns.ahead, turns.turns) == ({}, {}, {})
        for turn in range(3):
            await harness.history.append(
                replace(draft("later"), text=f"later {turn}", ref=f"later-{turn}")
            )
        assert await retry_after(harness, "one too many") == 6
