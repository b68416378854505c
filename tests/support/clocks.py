"""A wall clock that stands until a test moves it."""

from __future__ import annotations

START_MS = 1_700_000_000_000


class ManualClock:
    """Called, it returns `now_ms`: milliseconds since 1970."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms
