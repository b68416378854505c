"""Waits with a deadline of their own that say what was awaited."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# For machines that do much else. Nothing waits that long unless something is broken.
WAIT_S = 60.0
POLL_S = 0.02


def until(look: Callable[[], T], what: str, seconds: float = WAIT_S) -> T:
    """The first true value of `look`, which is asked again and again. AssertionError at the
    deadline, with `what` was awaited and the last value."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:.0f} s, but {found!r}")
        time.sleep(POLL_S)
    return found
