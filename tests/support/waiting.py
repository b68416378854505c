"""Waits with a deadline of their own that say what was awaited (tests/test_waits.py holds it)."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

T = TypeVar("T")

# For machines that do much else. Nothing waits that long unless something is broken.
WAIT_S = 60.0
POLL_S = 0.02


def until(
    look: Callable[[], T | None],
    what: str,
    seconds: float = WAIT_S,
    pause: Callable[[], object] = lambda: time.sleep(POLL_S),
) -> T:
    """The first true value of `look`, which is asked again after each `pause`. AssertionError at
    the deadline, with what was awaited and the last value."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds:g} s, but {found!r}")
        pause()
    return found


@asynccontextmanager
async def deadline(what: str, seconds: float = WAIT_S) -> AsyncIterator[None]:
    """Whatever is awaited inside is awaited no longer. AssertionError: what was awaited."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError as late:
        if not limit.expired():
            raise
        raise AssertionError(f"{what}: not within {seconds:g} s") from late


async def within(coming: Awaitable[T], what: str, seconds: float = WAIT_S) -> T:
    """The result of what is awaited. AssertionError at the deadline: what was awaited."""
    async with deadline(what, seconds):
        return await coming


@asynccontextmanager
async def for_a_while(seconds: float) -> AsyncIterator[None]:
    """Ends what is awaited inside when the time is over, and is content with that."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise


@contextmanager
def awaiting(what: str) -> Iterator[None]:
    """Says what was awaited where a blocking call with a deadline of its own meets that."""
    try:
        yield
    except TimeoutError as late:
        raise AssertionError(f"{what}: not in time") from late


async def forever() -> None:
    """Until it is cancelled."""
    await asyncio.Event().wait()
