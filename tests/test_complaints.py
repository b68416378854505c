"""What fails every test: errors beside it, in a loop or in what a server printed."""

import asyncio
import gc
import logging

import pytest

from tests.conftest import loop_errors
from tests.support.complaints import LoopErrors, error_lines
from tests.support.waiting import within

PLAIN = '{"timestamp": "2026-11-28T10:55:26+0000", "level": "warning", "logger": "one"}\n'
CONSOLE = (
    "2026-11-28T10:55:23+0000 [error    ] work failed [one]\nbuiltins.ValueError\n  a.py:1 f\n"
)
JSON = '{"timestamp": "2026-11-28T10:55:26+0000", "level": "error", "logger": "asyncio"}\n'
RAISED = 'Traceback (most recent call last):\n  File "a.py", line 1\nValueError\n'


@pytest.mark.forgives("nobody asks")
async def test_an_exception_that_nobody_asks_for_reaches_the_next_look() -> None:
    async def fail() -> None:
        raise ValueError("nobody asks")

    task = asyncio.create_task(fail())
    await within(asyncio.sleep(0), "the task runs")
    del task
    gc.collect()
    assert any("nobody asks" in one for one in loop_errors.told)


@pytest.mark.parametrize("complaint", [CONSOLE, JSON, RAISED], ids=["console", "json", "raised"])
def test_an_error_in_what_a_server_prints_is_found_with_all_its_lines(complaint: str) -> None:
    assert error_lines(PLAIN + complaint + PLAIN) == [complaint.rstrip("\n")]
    assert error_lines(PLAIN) == []


@pytest.mark.parametrize(
    ("coroutine", "is_told"),
    [
        ("Page._on_route() running at /x/playwright/_impl/page.py:348", False),
        ("BrowserContext._on_route() running at /x/playwright/_impl/browser_context.py:9", False),
        ("Page._on_route() running at /x/tests/browser/pages.py:9", True),
        ("Feed.send() running at /x/chat/feed/feed.py:9", True),
    ],
)
def test_a_request_that_a_test_never_answers_is_no_complaint(coroutine: str, is_told: bool) -> None:
    errors = LoopErrors()
    words = (
        f"Task was destroyed but it is pending!\ntask: <Task pending name='1' coro=<{coroutine}>"
    )
    errors.emit(logging.LogRecord("asyncio", logging.ERROR, "", 0, words, (), None))
    assert bool(errors.pop()) is is_told
