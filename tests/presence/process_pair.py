"""Two simulated server processes on one memory store. The test runs their rounds and moves the
store's clock."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from django.test import override_settings

from chat.history import MemoryHistory
from neartalk.background import Background
from presence.registry import MemoryRegistry
from tests.support.processes import Halting, Process, Wire, never, running, settled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class ProcessPair:
    """`registry` and `history` are shared, and so is `wire`, which carries the hints."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000
        self.registry = Halting(MemoryRegistry(lambda: self.now_ms))
        self.history = MemoryHistory(lambda: self.now_ms)
        self.wire = Wire()
        self.first = Process(self.registry, self.history, self.wire)
        self.second = Process(self.registry, self.history, self.wire)

    async def settle(self) -> None:
        await settled(self.first, self.second)


@asynccontextmanager
async def process_pair() -> AsyncIterator[ProcessPair]:
    pair = ProcessPair()
    with pytest.MonkeyPatch.context() as patch, override_settings(RATE_LIMITS_SCALE=100_000):
        patch.setattr(Background, "_round", never)
        async with running(pair.first, pair.second):
            yield pair
