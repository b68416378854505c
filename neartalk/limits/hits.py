"""How often each rule refused whom: counted in memory, by the minute."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from neartalk.clock import Clock, now_ms

MINUTE_MS = 60_000
HIT_KEYS_MAX = 10_000
# Whoever comes from this machine, and everybody past HIT_KEYS_MAX.
NOBODY = ""


class HitKey(NamedTuple):
    """What is counted together. `subject` is a digest of the day's, see `origins`."""

    rule: str
    subject: str
    minute_ms: int


class Hits:
    """Refusals counted by rule, subject and minute; at most HIT_KEYS_MAX counts are kept."""

    def __init__(self, clock: Clock = now_ms) -> None:
        self.clock = clock
        self.counts: Counter[HitKey] = Counter()

    def count(self, rule: str, subject: str, times: int = 1) -> None:
        minute_ms = self.clock() // MINUTE_MS * MINUTE_MS
        self._add(HitKey(rule, subject, minute_ms), times)

    def pop_finished(self, *, now: bool = False) -> Mapping[HitKey, int]:
        """Removes and returns the counts of finished minutes; with `now`, also of the one that
        runs."""
        now_ms = self.clock()
        over = {
            key: count
            for key, count in self.counts.items()
            if now or key.minute_ms + MINUTE_MS <= now_ms
        }
        for key in over:
            del self.counts[key]
        return over

    def put_back(self, counts: Mapping[HitKey, int]) -> None:
        """Adds counts again that could not be written."""
        for key, count in counts.items():
            self._add(key, count)

    def _add(self, key: HitKey, times: int) -> None:
        if key not in self.counts and len(self.counts) >= HIT_KEYS_MAX:
            key = key._replace(subject=NOBODY)
        self.counts[key] += times
