"""A process whose time goes by as fast as it has nothing to do, and whose chance has a seed.

`install` comes before anything of the product is imported: it takes its clocks by their names. What
is computed takes no time then; where all wait, time jumps to whatever is next.
"""

from __future__ import annotations

import asyncio
import random
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

START_NS = 1_800_000_000 * 10**9


class Stuck(RuntimeError):
    """Everything waits, and for nothing that time brings."""


class MovedTime:
    """Seconds since the process began."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def ns(self) -> int:
        return round(self.now_s * 1e9)

    def since_1970_ns(self) -> int:
        return START_NS + self.ns()


TIME = MovedTime()


class MovedSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if found or timeout == 0:
            return found
        if timeout is None:
            raise Stuck
        TIME.now_s += max(0.0, timeout)
        return found


class MovedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(MovedSelector())

    def time(self) -> float:
        return TIME.now_s


def install(seed: int) -> None:
    """From here on clocks show the moved time, and chance is that of the seed."""
    readings: dict[str, Callable[..., float]] = {
        "time_ns": TIME.since_1970_ns,
        "time": lambda: TIME.since_1970_ns() / 1e9,
        "monotonic_ns": TIME.ns,
        "monotonic": lambda: TIME.now_s,
        "perf_counter": lambda: TIME.now_s,
        "clock_gettime_ns": lambda _clock: TIME.ns(),
    }
    for name, reading in readings.items():
        setattr(time, name, reading)
    random.seed(seed)
    # What `secrets` and `SystemRandom` draw from.
    random._urandom = random.Random(seed).randbytes  # type: ignore[attr-defined]


def run(work: Coroutine[Any, Any, T]) -> T:
    """What the work returns, in moved time."""
    with asyncio.Runner(loop_factory=MovedLoop) as runner:
        return runner.run(work)
