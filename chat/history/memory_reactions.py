"""Reactions in the memory of the embedded form: who chose what of each message of a tile."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from chat.messages import Message, Reacted, StreamId
from chat.reactions import Choices, ChosenReaction, counted
from chat.spam import refusal_of
from neartalk.limits import Act, Rules, spend

RULE = "chat.react"


@dataclass(slots=True)
class Reacting:
    """Everybody's choices of one message, how often any changed, and the entry that says so."""

    by_person: dict[str, ChosenReaction] = field(default_factory=dict)
    version: int = 0
    marked: StreamId | None = None

    def change(self, choice: ChosenReaction) -> None:
        """Sets, changes or takes back a choice."""
        if choice.reaction:
            self.by_person[choice.person_id] = choice
        else:
            del self.by_person[choice.person_id]
        self.version += 1

    def reaction_of(self, person_id: str) -> str:
        known = self.by_person.get(person_id)
        return known.reaction if known else ""

    def entry(self, at: StreamId, message: Message, choice: ChosenReaction) -> Reacted:
        """The counts as they are by now, as an entry of the tile."""
        self.marked = at
        return Reacted(
            at,
            message.place,
            message.person_id,
            message.id,
            counted(one.reaction for one in self.by_person.values()),
            self.version,
            choice.person_id,
            choice.reaction,
        )

    @property
    def choices(self) -> Choices:
        return Choices(self.version, dict(self.by_person))


class MemoryReactions:
    """The allowances of reactions."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.tats: dict[str, int] = {}

    def allow(self, person_id: str, now_ms: int) -> None:
        """Takes an allowance. Raises Refused: `too-fast`."""
        act, limit = Act(RULE, person_id), self.rules[RULE]
        costs = act.cost_ms(limit), act.tolerance_ms(limit)
        tat, wait_ms = spend(self.tats.get(person_id, 0), now_ms, *costs)
        if wait_ms:
            raise refusal_of(act, wait_ms)
        self.tats[person_id] = tat

    def forget(self, now_ms: int) -> None:
        self.tats = {who: tat for who, tat in self.tats.items() if tat > now_ms}


def expired_of(reacting: dict[StreamId, Reacting], oldest: StreamId) -> Iterable[StreamId]:
    """The entries of messages up to an id, which are forgotten."""
    over = [at for at in reacting if at <= oldest]
    return [marked for at in over if (marked := reacting.pop(at).marked)]
