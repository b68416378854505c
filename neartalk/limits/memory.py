"""Who has done what how often, in the memory of the one process of the embedded form."""

from collections.abc import Sequence

from neartalk.clock import Clock, steady_ms
from neartalk.limits.allowances import Act
from neartalk.limits.gcra import spend
from neartalk.limits.rules import Rules

SWEEP = 1000


class MemoryAllowances:
    def __init__(self, rules: Rules, clock: Clock = steady_ms) -> None:
        self.rules = rules
        self.clock = clock
        self.tats_ms: dict[tuple[str, str], int] = {}
        self.sweep_at = SWEEP

    async def spend(self, acts: Sequence[Act]) -> tuple[int, int]:
        now = self.clock()
        found = [self._spend(act, now) for act in acts]
        longest = max(range(len(acts)), key=lambda each: found[each][1])
        if found[longest][1]:
            return longest + 1, found[longest][1]
        for act, (tat_ms, _) in zip(acts, found, strict=True):
            self.tats_ms[act.rule, act.subject] = tat_ms
        self._forget_old(now)
        return 0, 0

    def _spend(self, act: Act, now: int) -> tuple[int, int]:
        tat_ms, limit = self.tats_ms.get((act.rule, act.subject), 0), self.rules[act.rule]
        return spend(tat_ms, now, act.cost_ms(limit), act.tolerance_ms(limit), limit.saved_ms)

    def _forget_old(self, now: int) -> None:
        """Drops full allowances whenever the table has doubled: each call pays for two."""
        if len(self.tats_ms) < self.sweep_at:
            return
        self.tats_ms = {
            key: tat_ms
            for key, tat_ms in self.tats_ms.items()
            if tat_ms > now - self.rules[key[0]].saved_ms
        }
        self.sweep_at = max(SWEEP, 2 * len(self.tats_ms))
