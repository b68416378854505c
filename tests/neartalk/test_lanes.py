"""What one network may take of a process: measured, in turns, and nobody else waits for it."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from neartalk.limits import RULES, Lanes, Rules
from neartalk.limits.lane import (
    CALLS_MAX,
    DEBT_MAX_S,
    OF_SESSION,
    RULE,
    RUNNING_MAX,
    SHARE_MAX,
    WAIT_MAX_S,
    Lane,
)
from neartalk.limits.measured import Measured
from tests.support.processes import LoopClock, turns
from tests.support.waiting import deadline, within

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

SHARE = RULES[RULE].share
BURST_S = RULES[RULE].burst / 1000


def lane_of(time: LoopClock) -> Lane:
    return Lane(Rules(), lambda: time.now)


async def test_work_within_the_burst_waits_for_nothing_and_past_it_goes_by_the_share() -> None:
    time = LoopClock()
    lane = lane_of(time)
    lane.charge(BURST_S)
    assert lane.wait_s() == 0
    lane.charge(1)
    assert lane.wait_s() == pytest.approx(1 / SHARE)
    await time.pass_s(1 / SHARE)
    assert lane.wait_s() == pytest.approx(0, abs=1e-6)


async def test_each_session_brings_a_share_and_all_of_them_leave_half_a_core() -> None:
    lane = lane_of(LoopClock())
    for turn in range(100):
        lane.add_session(f"session-{turn % 25}")
    lane.charge(BURST_S + 1)
    assert lane.wait_s() == pytest.approx(1 / (SHARE + 25 * RULES[OF_SESSION].share))
    for turn in range(2000):
        lane.add_session(f"other-{turn}")
    assert lane.share_of(RULES[RULE]) == SHARE_MAX


async def test_a_session_that_has_closed_all_of_its_sockets_brings_nothing() -> None:
    lane = lane_of(LoopClock())
    for _ in range(2):
        lane.add_session("alice")
    lane.remove_session("alice")
    assert lane.share_of(RULES[RULE]) > SHARE
    lane.remove_session("alice")
    assert lane.share_of(RULES[RULE]) == SHARE
    assert not lane.sessions


async def test_a_rule_that_is_off_counts_nothing(settings: Settings) -> None:
    settings.RATE_LIMITS_OFF = [RULE]
    lane = lane_of(LoopClock())
    lane.charge(1000)
    assert lane.wait_s() == 0
    assert not lane.full


async def test_turns_come_in_order_and_one_is_charged_before_the_next() -> None:
    time, done = LoopClock(), []
    lane = lane_of(time)
    lane.charge(BURST_S + 1)

    async def work(name: int) -> None:
        await lane.turn()
        done.append(name)
        lane.charge(1)

    tasks = [asyncio.create_task(work(name)) for name in range(3)]
    await turns()
    assert done == []
    for turn in range(3):
        await time.pass_s(1 / SHARE + 0.01)
        assert done == [*range(turn + 1)]
    await asyncio.gather(*tasks)


async def test_whoever_comes_while_others_wait_goes_behind_them_though_there_is_allowance() -> None:
    time, done = LoopClock(), []
    lane = lane_of(time)
    lane.charge(BURST_S + 1)

    async def work(name: str) -> None:
        await lane.turn()
        done.append(name)

    first = asyncio.create_task(work("first"))
    await turns()
    time.now += 1 / SHARE + 1  # and nobody has had a turn of the loop yet
    assert lane.wait_s() == 0
    lane.call(lambda: done.append("second"))
    third = asyncio.create_task(work("third"))
    assert done == []
    for _ in range(3):
        await time.pass_s(0.01)
    await asyncio.gather(first, third)
    assert done == ["first", "second", "third"]


async def test_a_turn_waits_for_what_was_charged_while_it_was_waited_for() -> None:
    time = LoopClock()
    lane = lane_of(time)
    lane.charge(BURST_S + 1)
    task = asyncio.create_task(lane.turn())
    await turns()
    lane.charge(1)
    await time.pass_s(1 / SHARE + 0.01)
    assert not task.done()
    await time.pass_s(1 / SHARE + 0.01)
    await within(task, "the turn")


async def test_a_call_has_its_turn_before_its_first_step() -> None:
    time, steps = LoopClock(), []
    lane = lane_of(time)
    lane.charge(BURST_S + 1)

    async def call() -> None:
        steps.append(time.now)

    task = asyncio.create_task(lane.run(call()))
    await turns()
    assert (steps, lane.calls) == ([], 1)
    await time.pass_s(1 / SHARE + 0.01)
    await within(task, "the call")
    assert steps == [time.now]


@pytest.mark.parametrize("how", ["run", "measured", "work"])
async def test_each_way_of_working_is_charged(how: str) -> None:
    time = LoopClock()
    lane = lane_of(time)

    async def call() -> None:
        await asyncio.sleep(0)

    if how == "work":
        with lane.work():
            await asyncio.sleep(0)
    else:
        await getattr(lane, how)(call())
    assert lane.spent_until_s > time.now


async def test_who_gives_up_waiting_takes_nobodys_turn() -> None:
    time = LoopClock()
    lane = lane_of(time)
    lane.charge(BURST_S + 1)
    first, second = (asyncio.create_task(lane.turn()) for _ in range(2))
    await turns()
    first.cancel()
    await time.pass_s(1 / SHARE + 0.01)
    await time.pass_s(0.01)
    await within(second, "the turn of the one who waits on")
    assert first.cancelled()


async def test_one_turn_of_the_loop_holds_one_step_of_a_networks_calls() -> None:
    lane, steps, others = lane_of(LoopClock()), [], 0

    async def call(name: int) -> None:
        for _ in range(3):
            steps.append((others, name))
            await asyncio.sleep(0)

    async def beside() -> None:
        nonlocal others
        async with deadline("all steps of the calls"):
            while len(steps) < 12:
                others += 1
                await asyncio.sleep(0)

    await asyncio.gather(beside(), *(lane.run(call(name)) for name in range(4)))
    assert len(steps) == 12
    assert len({turn for turn, _ in steps}) == 12


async def test_at_most_so_many_calls_of_a_network_run_beside_each_other() -> None:
    lane, running, most, go = lane_of(LoopClock()), 0, 0, asyncio.Event()

    async def call() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await within(go.wait(), "the test lets the calls end")
        running -= 1

    tasks = [asyncio.create_task(lane.run(call())) for _ in range(3 * RUNNING_MAX)]
    await turns()
    go.set()
    await asyncio.gather(*tasks)
    assert most == RUNNING_MAX
    assert lane.calls == 0


async def test_a_network_with_too_much_waiting_is_refused_and_told_when() -> None:
    time = LoopClock()
    lane = lane_of(time)
    lane.charge(BURST_S + (WAIT_MAX_S + 1) * SHARE)
    assert lane.full
    refused = lane.refusal()
    assert (refused.code, refused.rule) == ("too-many-calls", RULE)
    assert WAIT_MAX_S < (refused.retry_after or 0) <= WAIT_MAX_S + 3
    await time.pass_s(2)
    assert not lane.full
    lane.calls = CALLS_MAX
    assert lane.full


async def test_a_machine_that_stood_still_shuts_nobody_out_for_long() -> None:
    """A virtual machine that is moved may stop for a minute in the middle of somebody's step."""
    time = LoopClock()
    lane = lane_of(time)
    for _ in range(3):
        lane.charge(60)
    assert lane.wait_s() == pytest.approx(DEBT_MAX_S)
    await time.pass_s(DEBT_MAX_S - WAIT_MAX_S + 0.1)
    assert not lane.full


async def test_a_call_is_charged_for_its_steps_and_not_for_what_it_waits_for() -> None:
    charged: list[float] = []
    go = asyncio.Event()

    async def call() -> str:
        await within(go.wait(), "the test lets the call end")
        raise ValueError("an answer")

    async def caught() -> str:
        try:
            return await call()
        except ValueError as why:
            return str(why)

    async def measured() -> str:
        return await Measured(caught(), charged.append)

    task = asyncio.create_task(measured())
    await turns()
    assert len(charged) == 1
    go.set()
    assert await task == "an answer"
    assert len(charged) == 2


async def test_a_call_that_is_cancelled_ends_as_it_would_by_itself() -> None:
    ended = []

    async def call() -> None:
        try:
            await within(asyncio.Event().wait(), "the test cancels it")
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    lane = lane_of(LoopClock())
    task = asyncio.create_task(lane.run(call()))
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]
    assert lane.calls == 0


def test_a_network_is_one_lane_and_this_machine_has_none_that_counts() -> None:
    lanes = Lanes(Rules())
    cafe = lanes.of(ip_address("203.0.113.9"))
    assert lanes.of(ip_address("203.0.113.9")) is cafe
    assert lanes.of(ip_address("203.0.113.10")) is not cafe
    site = lanes.of(ip_address("2a00:1450:4001::1"))
    assert lanes.of(ip_address("2a00:1450:4001:ffff::1")) is site
    assert lanes.of(ip_address("2a00:1450:4002::1")) is not site
    own = lanes.of_scope({"headers": [], "client": ("127.0.0.1", 5)})
    own.charge(1000)
    assert (own.wait_s(), own.full) == (0, False)


async def test_lanes_of_the_idle_are_forgotten_and_those_that_owe_or_are_held_are_not() -> None:
    time = LoopClock()
    lanes = Lanes(Rules(), lambda: time.now)
    lanes.sweep_at = 3
    held, owes = lanes.of(ip_address("203.0.113.1")), ip_address("203.0.113.2")
    lanes.of(owes).charge(10)
    for last in range(3, 60):
        await time.pass_s(0.001)
        lanes.of(ip_address(f"203.0.113.{last}")).charge(0)
    assert len(lanes.recent) < 60
    assert lanes.of(owes).wait_s() > 0
    assert lanes.of(ip_address("203.0.113.1")) is held
