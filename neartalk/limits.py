"""How often something may be done: one table of rules, and GCRA, the arithmetic of them.

GCRA is the generic cell rate algorithm (ITU-T I.371): one number a subject, the theoretical arrival
time (TAT), says everything. Its Lua twin stands in chat/lua/append.lua.
"""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Rule:
    """`allowance` acts each `period_s` seconds, of which `burst` may come at once."""

    allowance: int
    period_s: int
    burst: int

    @property
    def interval_ms(self) -> int:
        """Milliseconds between two acts at the even rate, at least 1."""
        return max(1, round(self.period_s * 1000 / (self.allowance * settings.RATE_LIMITS_SCALE)))

    @property
    def tolerance_ms(self) -> int:
        """How far ahead of the even rate a burst may run."""
        return self.interval_ms * (max(1, round(self.burst * settings.RATE_LIMITS_SCALE)) - 1)


RULES: dict[str, Rule] = {
    "chat.send": Rule(allowance=10, period_s=60, burst=3),
    "voice.knock": Rule(allowance=30, period_s=60, burst=10),
    "voice.frame": Rule(allowance=1200, period_s=60, burst=400),
}


def take(tat_ms: int, now_ms: int, interval_ms: int, tolerance_ms: int) -> tuple[int, int]:
    """The new TAT and 0 if the act is allowed, else the old TAT and the milliseconds to wait."""
    start_ms = max(tat_ms, now_ms)
    wait_ms = start_ms - tolerance_ms - now_ms
    if wait_ms > 0:
        return tat_ms, wait_ms
    return start_ms + interval_ms, 0


def seconds(wait_ms: int) -> int:
    """Whole seconds after which `wait_ms` are over: what a refusal says."""
    return -(-wait_ms // 1000)
