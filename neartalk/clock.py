"""What the time is: one function, so that tests can move it."""

import time
from collections.abc import Callable

Clock = Callable[[], int]


def now_ms() -> int:
    """Milliseconds since 1970-01-01 UTC by this process's clock."""
    return time.time_ns() // 1_000_000
