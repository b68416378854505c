"""Time and chance of a world: both move only as the world is led, and are the same in each.

Put in place before anything of the product is imported, for modules keep what they import.
"""

from __future__ import annotations

import os
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine

# A minute before an hour ends: counts of an hour are written while a world lasts.
START = datetime(2026, 11, 2, 19, 58, 30, tzinfo=UTC)
NS = 1_000_000_000
# Where random bytes pass on their way to who asked for them.
OF_PYTHON = {"random.py", "secrets.py", "uuid.py", "crypto.py"}


class Chance:
    """Random bytes. Each place in the code that asks for some has a row of its own, so that whoever
    asks once more changes nobody else's."""

    def __init__(self) -> None:
        self.seed = 0
        self.rows: dict[tuple[str, str], random.Random] = {}

    def begin(self, seed: int) -> None:
        self.seed = seed
        self.rows.clear()

    def bytes(self, count: int) -> bytes:
        frame = sys._getframe(1)
        while frame.f_back and Path(frame.f_code.co_filename).name in OF_PYTHON:
            frame = frame.f_back
        asks = Path(frame.f_code.co_filename).name, frame.f_code.co_qualname
        if asks not in self.rows:
            self.rows[asks] = random.Random(f"{self.seed} {asks}")
        return self.rows[asks].randbytes(count)


class Sources:
    """One a process. `passed_ns` is how long its world lasts by now."""

    def __init__(self) -> None:
        self.passed_ns = 0
        self.wall = time_machine.travel(START, tick=False)
        self.moved = self.wall.start()
        self.slept: list[float] = []
        self.chance = Chance()

    def put_in_place(self) -> None:
        """Replaces the clocks that nobody can set, sleep, and every source of random bytes."""
        clocks: dict[str, Any] = {
            "monotonic": lambda: 1000 + self.passed_ns / NS,
            "monotonic_ns": lambda: 1000 * NS + self.passed_ns,
            "perf_counter": lambda: self.passed_ns / NS,
            "perf_counter_ns": lambda: self.passed_ns,
            "process_time": lambda: self.passed_ns / NS,
            "thread_time": lambda: self.passed_ns / NS,
            "clock_gettime": lambda clock: 1000 + self.passed_ns / NS,
            "clock_gettime_ns": lambda clock: 1000 * NS + self.passed_ns,
            "sleep": self.sleep,
        }
        for name, clock in clocks.items():
            setattr(time, name, clock)
        os.urandom = self.chance.bytes
        random._urandom = self.chance.bytes  # type: ignore[attr-defined]
        random.seed(1)

    def begin(self, seed: int) -> None:
        """The chance of a world, in a process of its own."""
        self.chance.begin(seed)
        random.seed(f"the numbers of {seed}")

    def pass_s(self, seconds: float) -> None:
        """Whole microseconds, so that both clocks go alike."""
        micros = max(1, round(seconds * 1_000_000))
        self.passed_ns += micros * 1000
        self.moved.shift(micros / 1_000_000)

    def sleep(self, seconds: float) -> None:
        """Who blocks the process delays all that it does."""
        self.slept.append(seconds)
        self.pass_s(seconds)

    @property
    def passed_ms(self) -> float:
        return self.passed_ns / 1_000_000
