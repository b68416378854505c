"""What one subject did lately by one rule, in the memory of this process: for what comes so often
that asking a store would cost more than doing it."""

import time

from neartalk.clock import Clock
from neartalk.codes import Refused
from neartalk.limits.gcra import seconds, spend
from neartalk.limits.rules import Rules

SWEEP = 1000


def monotonic_ms() -> int:
    """A clock that nobody can set."""
    return time.monotonic_ns() // 1_000_000


class Meter:
    """The allowance of one rule, of one subject: a socket, say."""

    __slots__ = ("clock", "rule", "rules", "tat_ms")

    def __init__(self, rules: Rules, rule: str, clock: Clock = monotonic_ms) -> None:
        self.clock = clock
        self.rules = rules
        self.rule = rule
        self.tat_ms = 0

    def spend(self, units: int = 1) -> int:
        """Spends so many units, if they are there; else returns the milliseconds to wait."""
        limit = self.rules[self.rule]
        if not limit.on:
            return 0
        cost_ms, tolerance_ms = limit.interval_ms * units, limit.tolerance_of(units)
        self.tat_ms, wait_ms = spend(self.tat_ms, self.clock(), cost_ms, max(0, tolerance_ms))
        return wait_ms

    def allow(self, code: str, units: int = 1) -> None:
        """Spends so many units. Raises Refused: `code`, with the seconds to wait."""
        if wait_ms := self.spend(units):
            raise Refused(code, retry_after=seconds(wait_ms), rule=self.rule)

    @property
    def full(self) -> bool:
        """Whether nothing is spent: then it need not be kept."""
        return self.tat_ms <= self.clock()


class Meters:
    """The allowances of one rule, of many subjects."""

    def __init__(self, rules: Rules, rule: str, clock: Clock = monotonic_ms) -> None:
        self.clock = clock
        self.rules = rules
        self.rule = rule
        self.meters: dict[bytes, Meter] = {}
        self.sweep_at = SWEEP

    def allow(self, subject: bytes, code: str) -> None:
        """Spends one act of a subject. Raises Refused: `code`, with the seconds to wait."""
        meter = self.meters.get(subject)
        if meter is None:
            self._forget_full()
            meter = self.meters[subject] = Meter(self.rules, self.rule, self.clock)
        meter.allow(code)

    def forget_full(self) -> None:
        """Forgets whoever may do all again: nothing of them need be kept."""
        self.meters = {key: meter for key, meter in self.meters.items() if not meter.full}

    def _forget_full(self) -> None:
        """Whenever the table has doubled: each call pays for two."""
        if len(self.meters) >= self.sweep_at:
            self.forget_full()
            self.sweep_at = max(SWEEP, 2 * len(self.meters))
