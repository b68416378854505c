"""Who has done what how often: the contract that the memory and the Redis sibling both keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from neartalk.codes import Refused
from neartalk.limits.gcra import seconds
from neartalk.limits.rules import Rule, Rules


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a rule counts, of one subject. `units` is how much of it; what is spent
    together with other subjects' names one of them as `beside`, always the same.
    """

    rule: str
    subject: str
    units: int = 1
    beside: str = ""

    def cost_ms(self, limit: Rule) -> int:
        """How far the act moves the TAT of its subject, by the rule as it stands."""
        return limit.interval_ms * self.units

    def tolerance_ms(self, limit: Rule) -> int:
        return limit.tolerance_of(self.units)


class Allowances(Protocol):
    rules: Rules

    async def spend(self, acts: Sequence[Act]) -> tuple[int, int]:
        """Spends all of the acts, or none: which one makes wait (from 1), and how many
        milliseconds; 0 and 0 if all are spent.

        Raises Refused: `store-unavailable`.
        """


async def allow(allowances: Allowances, code: str, *acts: Act) -> None:
    """Spends the acts together. Raises Refused: `code` where one must wait, `store-unavailable`."""
    counted = [act for act in acts if allowances.rules[act.rule].on]
    if not counted:
        return
    each, wait_ms = await allowances.spend(counted)
    if wait_ms:
        raise Refused(code, retry_after=seconds(wait_ms), rule=counted[each - 1].rule)
