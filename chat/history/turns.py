"""The allowances of messages in memory, and when those have their turn that were refused.

A message that must wait is told to come after all that were refused before it, so that whoever
sends many and does as they are told is refused each of them once.
"""

from collections.abc import Mapping

from chat.messages import Draft
from chat.spam import acts_of, refusal_of
from neartalk.limits import Act, Rules, queue, spend
from presence.geo import Tile

Key = tuple[Tile, str, str]

# How late a message may come in its turn without making those behind it late too.
LATE_MAX_MS = 2_000
# For so long after its turn a message is known to have waited.
KEPT_MS = 60_000


class MemoryTurns:
    """`tats` are the TATs of what was done, `ahead` those with what waits, by allowance; `turns`
    are the times that refused messages were told, by tile, person and ref."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.tats: dict[Key, int] = {}
        self.ahead: dict[Key, int] = {}
        self.turns: dict[Key, int] = {}

    def allow(self, draft: Draft, now: int) -> None:
        """Takes all the allowances of a message, or none. Raises Refused: as `append`."""
        turn = self._turn_of(draft, now)
        late = min(max(0, now - turn), LATE_MAX_MS) if turn else 0
        tats: dict[Key, int] = {}
        waits: dict[Act, int] = {}
        for act in acts_of(draft, self.rules):
            key, costs = (draft.tile, act.rule, act.subject), self._costs(act)
            tats[key], waits[act] = spend(self.tats.get(key, now - late), now, *costs, late)
        longest = max(waits, key=waits.__getitem__, default=None)
        if longest and waits[longest]:
            early = turn > now
            after_ms = turn - now if early else self._queue(draft, waits, now, again=turn > 0)
            wait_ms = max(waits[longest], after_ms)
            raise refusal_of(longest, wait_ms, in_turn=turn > 0 and not early)
        self.tats |= tats
        self.turns.pop(ref_key(draft), None)

    def _queue(self, draft: Draft, waits: Mapping[Act, int], now: int, *, again: bool) -> int:
        """Places a refused message behind all that wait; the milliseconds until its turn. Where it
        comes `again`, its place is only gone where there is no allowance."""
        after_ms = max(waits.values())
        for act in [act for act, wait_ms in waits.items() if wait_ms or not again]:
            key = draft.tile, act.rule, act.subject
            known = self.ahead.get(key, 0), self.tats.get(key, 0)
            self.ahead[key], until_ms = queue(*known, now, *self._costs(act))
            after_ms = max(after_ms, until_ms)
        self.turns[ref_key(draft)] = now + after_ms
        return after_ms

    def _costs(self, act: Act) -> tuple[int, int]:
        limit = self.rules[act.rule]
        return act.cost_ms(limit), act.tolerance_ms(limit)

    def _turn_of(self, draft: Draft, now: int) -> int:
        """When the message has its turn, where it was refused lately; else 0."""
        turn = self.turns.get(ref_key(draft), 0)
        return turn if turn > now - KEPT_MS else 0

    def forget(self, now: int) -> None:
        """Drops what is full, and turns of long ago."""
        self.tats = {key: tat for key, tat in self.tats.items() if tat > now}
        self.ahead = {key: tat for key, tat in self.ahead.items() if tat > now}
        self.turns = {key: turn for key, turn in self.turns.items() if turn > now - KEPT_MS}


def ref_key(draft: Draft) -> Key:
    return draft.tile, draft.person_id, draft.ref
