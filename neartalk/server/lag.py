"""How late the event loop comes to what is due: everybody here waits as long."""

import asyncio

from neartalk.instruments import Instruments

INTERVAL_S = 0.5


class Lag:
    def __init__(self, instruments: Instruments) -> None:
        self.instruments = instruments
        self.timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begins to measure; does nothing the second time."""
        if self.timer is None:
            self._wait(asyncio.get_running_loop())

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        due_s = loop.time() + INTERVAL_S
        self.timer = loop.call_at(due_s, self._measure, loop, due_s)

    def _measure(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        self.instruments.lag_seconds.observe(max(0.0, loop.time() - due_s))
        self._wait(loop)
