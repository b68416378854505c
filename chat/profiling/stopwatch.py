"""Measures how long functions take, by patching them for a while."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from time import perf_counter
from typing import Any
from unittest.mock import patch

# What it is called, and the owner and name of the function.
Step = tuple[str, Any, str]


class Stopwatch:
    """Seconds by step. A step's seconds are without those of the steps that it calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.inside: list[float] = []

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        self.inside.append(0.0)
        start_s = perf_counter()
        try:
            yield
        finally:
            took_s = perf_counter() - start_s
            self.seconds[step] += took_s - self.inside.pop()
            if self.inside:
                self.inside[-1] += took_s

    def _timed(self, step: str, act: Callable[..., Any]) -> Callable[..., Any]:
        if iscoroutinefunction(act):

            @wraps(act)
            async def timed_async(*args: Any, **kwargs: Any) -> Any:
                with self.measure(step):
                    return await act(*args, **kwargs)

            return timed_async

        @wraps(act)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.measure(step):
                return act(*args, **kwargs)

        return timed

    @contextmanager
    def timing(self, steps: Iterable[Step]) -> Iterator[None]:
        """Measures every call of these functions until the context ends."""
        with ExitStack() as stack:
            for step, owner, name in steps:
                timed = self._timed(step, getattr(owner, name))
                stack.enter_context(patch.object(owner, name, timed))
            yield
