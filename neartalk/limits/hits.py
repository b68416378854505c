"""How often each rule refused whom: counted in memory, and told by the minute."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from neartalk.clock import Clock, now_ms

MINUTE_MS = 60_000
KINDS_MAX = 10_000
# Whoever comes from this machine, and everybody past KINDS_MAX.
NOBODY = ""


class Kind(NamedTuple):
    """What is counted together. `subject` is a digest of the day's, see `origins`."""

    rule: str
    subject: str
    minute_ms: int


class Hits:
    def __init__(self, clock: Clock = now_ms) -> None:
        self.clock = clock
        self.counts: Counter[Kind] = Counter()

    def count(self, rule: str, subject: str, times: int = 1) -> None:
        minute_ms = self.clock() // MINUTE_MS * MINUTE_MS
        self._add(Kind(rule, subject, minute_ms), times)

    def take(self, *, now: bool = False) -> Mapping[Kind, int]:
        """All of the minutes that are over, or also of the one that runs; they are counted here no
        more."""
        now_ms = self.clock()
        over = {
            kind: count
            for kind, count in self.counts.items()
            if now or kind.minute_ms + MINUTE_MS <= now_ms
        }
        for kind in over:
            del self.counts[kind]
        return over

    def put_back(self, counts: Mapping[Kind, int]) -> None:
        """They could not be written, and are taken another time."""
        for kind, count in counts.items():
            self._add(kind, count)

    def _add(self, kind: Kind, times: int) -> None:
        if kind not in self.counts and len(self.counts) >= KINDS_MAX:
            kind = kind._replace(subject=NOBODY)
        self.counts[kind] += times
