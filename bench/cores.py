"""Which cores measure and which are measured (Linux)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple


class Cores(NamedTuple):
    """Servers and their Redis have one core, the generator and all else the others."""

    servers: set[int]
    others: set[int]

    @property
    def apart(self) -> bool:
        return self.servers != self.others


@cache
def cores() -> Cores:
    """As the process found them when this was first called."""
    ours = sorted(os.sched_getaffinity(0))
    return Cores({ours[0]}, {*ours[1:]} or {*ours})


@contextmanager
def pinned(to: set[int]) -> Iterator[None]:
    """What is started meanwhile stays on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, to)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
