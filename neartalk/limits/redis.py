"""Who has done what how often, in Redis: a string an allowance, which expires when it is full."""

from collections.abc import Sequence
from pathlib import Path

from neartalk.limits.allowances import Act
from neartalk.redis import Store, script, unknown_when_lost

SPEND = Path(__file__).parent / "lua" / "spend.lua"


def key(act: Act) -> str:
    """The Redis key of an allowance: what is spent together stays in one slot of a cluster."""
    return f"{{{act.beside or act.subject}}}:allowance:{act.rule}:{act.subject}"


class RedisAllowances:
    def __init__(self, client: Store) -> None:
        self.client = client
        self.script = script(SPEND)

    async def spend(self, acts: Sequence[Act]) -> tuple[int, int]:
        keys = [key(act) for act in acts]
        limits = [value for act in acts for value in (act.cost_ms, act.tolerance_ms)]
        with unknown_when_lost():
            found = await self.client.run(self.script, keys, [acts[0].limit.saved_ms, *limits])
        each, wait_ms = found
        return each, wait_ms
