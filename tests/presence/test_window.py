"""How long messages wait for one another: longer when the event loop is late."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from chat.history import MemoryHistory
from presence.delivery.window import WINDOW_MAX_S, WINDOW_S, Window
from presence.registry import MemoryRegistry
from tests.support.processes import HERE, LoopClock, PageSocket, Process, person, running


@pytest.mark.parametrize("late_s", [0.0, 0.001, 0.005])
def test_there_is_room_while_the_loop_is_in_time(late_s: float) -> None:
    window = Window()
    window.ended(late_s)
    assert window.length_s == WINDOW_S


def test_a_clock_that_runs_ahead_makes_no_window_shorter() -> None:
    window = Window()
    window.ended(-1.0)
    assert window.length_s == WINDOW_S


@pytest.mark.parametrize(("late_s", "length_s"), [(0.01, 0.05), (0.02, 0.09), (0.03, 0.13)])
def test_a_late_loop_makes_it_longer(late_s: float, length_s: float) -> None:
    window = Window()
    window.ended(late_s)
    assert window.length_s == pytest.approx(length_s)


def test_nothing_waits_for_more_than_the_longest_window() -> None:
    window = Window()
    window.ended(60.0)
    assert window.length_s == WINDOW_MAX_S


def test_it_comes_back_by_half_each_time() -> None:
    window = Window()
    window.ended(0.04)
    lengths = []
    for _ in range(3):
        window.ended(0.0)
        lengths.append(window.length_s)
    assert lengths == pytest.approx([0.09, 0.05, 0.03])


@asynccontextmanager
async def alice_and_bob() -> AsyncIterator[tuple[Callable[..., Awaitable[None]], PageSocket]]:
    """Two in one place: what sends texts of Alice, and the socket of Bob."""
    registry = MemoryRegistry()
    process = Process(registry, MemoryHistory())
    async with running(process):
        alice = await process.join(await person(registry, "Alice", HERE))
        bob = await process.join(await person(registry, "Bob", HERE))

        async def send(*texts: str) -> None:
            for text in texts:
                await process.send_text(alice, text)

        yield send, bob


async def test_messages_wait_longer_after_a_late_end_and_none_before_it() -> None:
    async with alice_and_bob() as (send, bob):
        time = LoopClock()
        await send("1", "2")
        assert bob.page.texts == ["1"]
        await time.pass_s(WINDOW_S + 0.02)
        assert bob.page.texts == ["1", "2"]
        await send("3")
        await time.pass_s(WINDOW_S + 0.059)
        assert bob.page.texts == ["1", "2"]
        await time.pass_s(0.002)
        assert bob.page.texts == ["1", "2", "3"]


async def test_the_first_message_leaves_at_once_however_late_the_loop_was() -> None:
    async with alice_and_bob() as (send, bob):
        time = LoopClock()
        await send("1")
        await time.pass_s(1.0)
        await send("2")
        assert bob.page.texts == ["1", "2"]
        assert asyncio.get_running_loop().time() == time.now
