"""What the time is: one function, so that tests can move it; and what a store says it is."""

import time
from collections.abc import Callable

Clock = Callable[[], int]

# What a store's clock may be off by while nothing is known of it, and how much more each time.
UNSURE_MS, DRIFT_MS = 60_000, 2
# How far the clocks of several nodes may be apart.
APART_MS = 15_000
# It goes on while the machine sleeps, where there is such a one.
STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
BEGAN_NS = time.time_ns() - time.clock_gettime_ns(STEADY)


def now_ms() -> int:
    """Milliseconds since 1970-01-01 UTC by this process's clock."""
    return time.time_ns() // 1_000_000


def steady_ms() -> int:
    """The same by a clock that cannot be set: as the clock was when the process began."""
    return (BEGAN_NS + time.clock_gettime_ns(STEADY)) // 1_000_000


def lasts(end_ms: int, now_ms: int, longest_ms: int) -> bool:
    """Whether what ends then, and lasts `longest_ms` at most, goes on. An end that is further away
    was written before the clock was set back: it is over."""
    return now_ms < end_ms <= now_ms + longest_ms + APART_MS


class StoreClock:
    """The clock of a store, as far as its answers tell it: as sure as they were quick.

    What is known is a little less sure each time; an answer that contradicts it shows a clock that
    was set.
    """

    def __init__(self, own: Clock) -> None:
        self.own = own
        self.skew_ms, self.unsure_ms = 0, UNSURE_MS

    def now_ms(self) -> int:
        return self.own() + self.skew_ms

    def observe(self, asked_ms: int, store_ms: int) -> int:
        """The store was asked at `asked_ms` of our own clock, and has just said what time it is.
        Returns by how many milliseconds it was set since, 0 where it was not."""
        before_ms = self.skew_ms
        took_ms = self.own() - asked_ms
        skew_ms = store_ms - asked_ms - took_ms // 2
        self.unsure_ms += DRIFT_MS
        was_set = abs(skew_ms - self.skew_ms) > self.unsure_ms + took_ms
        if took_ms >= 0 and (took_ms <= self.unsure_ms or was_set):
            self.skew_ms, self.unsure_ms = skew_ms, took_ms
        return self.skew_ms - before_ms if was_set else 0
