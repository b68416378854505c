"""Who has done what how often, in Redis: a string an allowance, which expires when it is full."""

from collections.abc import Sequence
from pathlib import Path

from neartalk.limits.allowances import Act
from neartalk.limits.rules import Rules
from neartalk.redis import Store, named, script, unknown_when_lost

SPEND = Path(__file__).parent / "lua" / "spend.lua"


def key(act: Act) -> str:
    """The Redis key of an allowance: what is spent together stays in one slot of a cluster."""
    return named(f"{{{act.beside or act.subject}}}:allowance:{act.rule}:{act.subject}")


class RedisAllowances:
    def __init__(self, client: Store, rules: Rules) -> None:
        self.client = client
        self.rules = rules
        self.script = script(SPEND)

    async def spend(self, acts: Sequence[Act]) -> tuple[int, int]:
        keys = [key(act) for act in acts]
        limits = [self.rules[act.rule] for act in acts]
        arguments = [
            ms
            for act, limit in zip(acts, limits, strict=True)
            for ms in (act.cost_ms(limit), act.tolerance_ms(limit), limit.saved_ms)
        ]
        with unknown_when_lost():
            found = await self.client.run(self.script, keys, arguments)
        which, wait_ms = found
        return which, wait_ms
