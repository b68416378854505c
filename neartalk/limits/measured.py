"""A coroutine whose steps on the event loop are timed: what it takes of the process, without what
it waits for."""

import time
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Measured(Generic[T]):
    """Awaits a coroutine. `charge` is called with the seconds of each step between two waits;
    a step is put off by a turn of the loop for as long as `may_step` says no."""

    def __init__(
        self,
        work: Coroutine[Any, Any, T],
        charge: Callable[[float], None],
        may_step: Callable[[], bool] = lambda: True,
    ) -> None:
        self.work = work
        self.charge = charge
        self.may_step = may_step

    def __await__(self) -> Generator[Any, Any, T]:
        why: BaseException | None = None
        while True:
            while why is None and not self.may_step():
                try:
                    yield
                except BaseException as thrown:
                    why = thrown
            start_s = time.perf_counter()
            try:
                awaited = self.work.throw(why) if why else self.work.send(None)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            finally:
                self.charge(time.perf_counter() - start_s)
            why = None
            try:
                yield awaited
            except BaseException as thrown:
                why = thrown
