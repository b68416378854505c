"""Work that goes on beside the calls and sockets: what fails is logged, and ends nothing else."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from neartalk.codes import Refused

log = logging.getLogger("neartalk.background")

SETTLE_S = 2.0

Work = Coroutine[Any, Any, None]


class Background:
    """`tasks` end by themselves, `rounds` go on until the end of all."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.rounds: list[asyncio.Task[None]] = []

    def later(self, work: Work) -> asyncio.Task[None]:
        """Runs on its own; a store that does not answer is left to the next round."""
        task = asyncio.create_task(self._guarded(work))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        # Python complains of work that nobody began, as where its task is cancelled at once.
        task.add_done_callback(lambda _: work.close())
        return task

    def always(self, work: Work) -> None:
        self.rounds.append(asyncio.create_task(work))

    def every(self, period_s: float, act: Callable[[], Awaitable[None]]) -> None:
        self.always(self._round(period_s, act))

    async def settle(self) -> None:
        """Waits for what ends by itself, for a while."""
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=SETTLE_S)

    async def end(self) -> None:
        ending = [*self.rounds, *self.tasks]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        self.rounds.clear()

    async def _round(self, period_s: float, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(period_s)
            await self._guarded(act())

    async def _guarded(self, work: Awaitable[None]) -> None:
        name = getattr(work, "__name__", "work").strip("_")
        try:
            await work
        except Refused as lost:
            if lost.code == "store-refuses":
                # It is logged once, by whoever met it.
                return
            why = type(lost.__cause__ or lost).__name__
            told = {"work": name, "code": lost.code, "error": why}
            log.warning("left to the next round", extra=told)
        except Exception:
            log.exception("work failed", extra={"work": name})
