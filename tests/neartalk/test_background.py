"""Background work: a failure is logged and ends no other task."""

import gc
import logging

import pytest

from neartalk.background import Background
from neartalk.codes import Refused
from tests.support.processes import LoopClock, turns
from tests.support.waiting import forever


async def fail() -> None:
    raise ValueError("broken")


async def test_a_task_that_fails_is_logged_and_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    background = Background()
    background.later(fail())
    await turns()
    assert not background.tasks
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert (caplog.messages, caplog.records[0].work) == (["work failed"], "fail")  # type: ignore[attr-defined]


async def test_work_that_is_cancelled_before_it_begins_ends_without_a_complaint() -> None:
    background = Background()
    background.later(fail())
    await background.end()
    assert not background.tasks
    gc.collect()


async def test_a_store_that_is_away_is_a_warning_without_a_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def ask() -> None:
        raise Refused("store-unavailable")

    background = Background()
    background.later(ask())
    await turns()
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert (record.work, record.code) == ("ask", "store-unavailable")  # type: ignore[attr-defined]


async def test_a_round_goes_on_whatever_happens_in_it_until_the_end() -> None:
    background, time, counted = Background(), LoopClock(), 0

    async def act() -> None:
        nonlocal counted
        counted += 1
        raise (ValueError, Refused)[counted % 2]("try-later")

    background.every(2, act)
    await turns()
    assert counted == 0
    for due in range(1, 5):
        await time.pass_s(2.01)
        assert counted == due
    await background.end()
    await time.pass_s(2.01)
    assert counted == 4


async def test_the_end_waits_for_what_it_ended() -> None:
    ended = []

    async def wait() -> None:
        try:
            await forever()
        finally:
            ended.append("task")

    background = Background()
    background.later(wait())
    background.always(wait())
    await turns()
    await background.end()
    assert ended == ["task", "task"]
