"""An event loop whose time passes only where nothing is left to do: it is never late, never early,
and each run of the same acts takes the same turns."""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

from asgiref.current_thread_executor import CurrentThreadExecutor

from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.noninterference.sources import Sources

# A world in which as long nothing happens is one that waits for something that never comes.
NOTHING_S = 3600


class ManualSelector(selectors.DefaultSelector):
    """Asked by the loop once a turn for what came from outside: threads that are done."""

    loop: ManualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        self.loop.turn += 1
        if timeout == 0:
            return []
        if self.loop.threads:
            self._await_threads()
        else:
            assert timeout is not None, "something is awaited that never comes"
            assert timeout < NOTHING_S, "nothing happens any more"
            self.loop.sources.pass_s(timeout)
        return []

    def _await_threads(self) -> None:
        """Until the one whose turn it is is done, or asks for something of the loop."""
        first = self.loop.threads[0]
        first.start()
        while not first.done and not self.loop.woken():
            assert super().select(WAIT_S), "a thread does not end"
            self.loop.forget_wakes()
        if first.done:
            self.loop.threads.remove(first)
            first.settle()


class ThreadWork:
    """Work of a thread, begun where nothing else is left to do; `waiting` is what the loop has of
    it."""

    def __init__(
        self, submit: Callable[[], Future[Any]], waiting: asyncio.Future[Any], wake: Any
    ) -> None:
        self.submit, self.waiting, self.wake = submit, waiting, wake
        self.work: Future[Any] | None = None

    def start(self) -> None:
        if self.work is None:
            self.work = self.submit()
            self.work.add_done_callback(lambda _: self.wake())

    @property
    def done(self) -> bool:
        return self.work is not None and self.work.done()

    def settle(self) -> None:
        assert self.work
        if self.waiting.cancelled():
            return
        if why := self.work.exception():
            self.waiting.set_exception(why)
        else:
            self.waiting.set_result(self.work.result())


class ManualLoop(asyncio.SelectorEventLoop):
    """`turn` counts how often it looked for what is to be done."""

    def __init__(self, sources: Sources) -> None:
        selector = ManualSelector()
        super().__init__(selector)
        selector.loop = self
        self.sources = sources
        self.turn = 0
        self.threads: deque[ThreadWork] = deque()
        self.pool = ThreadPoolExecutor(4)

    def time(self) -> float:
        return 1000 + self.sources.passed_ns / 1_000_000_000

    def run_in_executor(  # type: ignore[override]
        self, executor: ThreadPoolExecutor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """One thread works at a time, in the order in which they were asked. What a thread asks of
        another while it waits itself comes before all that has not begun."""
        waiting = self.create_future()
        pool = executor or self.pool
        work = ThreadWork(lambda: pool.submit(func, *args), waiting, self.wake)
        nested = isinstance(pool, CurrentThreadExecutor)
        (self.threads.appendleft if nested else self.threads.append)(work)
        return waiting

    def wrap_future(self, future: Future[Any], *, loop: Any = None) -> asyncio.Future[Any]:
        """Takes the place of asyncio's: the thread behind it counts too."""
        waiting = self.create_future()
        self.threads.append(ThreadWork(lambda: future, waiting, self.wake))
        return waiting

    def woken(self) -> bool:
        return bool(cast(Any, self)._ready)

    def wake(self) -> None:
        cast(Any, self)._write_to_self()

    def forget_wakes(self) -> None:
        cast(Any, self)._read_from_self()
