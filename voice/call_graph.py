"""Some people in voice and their ties to each other, as a transaction reads and changes them. Pure.

Both sides of a tie always change together. `membership` and `calls` are the steps on a graph.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeGuard

from neartalk.limits import RULES, Rule
from voice.callers import DECLINED_MS, Caller, District, Tie

WITHDRAWN_MS = 60_000
# So many withdrawn knocks at one person are remembered; whoever withdraws one more may knock again.
WITHDRAWN_MAX = 64
# The tie of the other side.
MIRROR = {
    Tie.OUTGOING: Tie.INCOMING,
    Tie.INCOMING: Tie.OUTGOING,
    Tie.WAITING: Tie.WAITING,
    Tie.LIVE: Tie.LIVE,
}


class EndReason(StrEnum):
    """Why a call ended."""

    LEFT = "left"
    APART = "apart"  # their circles no longer meet
    GONE = "gone"  # vanished without a word
    DECLINED = "declined"
    SESSION = "session"  # their visit ended


class End(NamedTuple):
    """The call between `to` and `other` ended, and `to` is sent a frame that says so."""

    to: str
    other: str
    reason: EndReason


@dataclass(frozen=True)
class Changes:
    """What a transaction changed.

    `read` is everyone whom it read, and `callers` those whom it changed, as they are now. `ended`
    are the calls that it ended. `districts` are those where the changed callers are and were;
    `visible_in` are those of them where people without a tie are shown something else. `own_ends`
    are who ended a call, and with whom: they know of it.
    """

    callers: tuple[Caller, ...] = ()
    ended: tuple[End, ...] = ()
    districts: frozenset[District] = frozenset()
    visible_in: frozenset[District] = frozenset()
    own_ends: frozenset[tuple[str, str]] = frozenset()
    read: tuple[Caller, ...] = ()


class CallGraph:
    """The callers of one transaction, with everyone they are tied to; steps change it.

    `processes` are the ids of living server processes. `limit` is how many connections a person may
    have, `knock_rule` how often they may knock.
    """

    def __init__(
        self,
        callers: Mapping[str, Caller],
        processes: frozenset[str],
        now_ms: int,
        limit: int,
        knock_rule: Rule = RULES["voice.knock"],
    ) -> None:
        self.callers = dict(callers)
        self.processes = processes
        self.now_ms = now_ms
        self.limit = limit
        self.knock_rule = knock_rule
        self.ended: list[End] = []
        self.own_ends: set[tuple[str, str]] = set()

    def get(self, person_id: str) -> Caller:
        """The caller; if nothing is known of a person, one that has not joined."""
        return self.callers.get(person_id) or Caller(person_id)

    def alive(self, caller: Caller | None) -> TypeGuard[Caller]:
        return caller is not None and caller.alive(self.processes, self.now_ms)

    def put(self, caller: Caller) -> None:
        """Replaces a caller, with the next version if anything differs."""
        if self.callers.get(caller.person_id) != caller:
            self.callers[caller.person_id] = caller.changed(version=caller.version + 1)

    def tie(self, own: str, to: str, tie: Tie | None) -> None:
        """Sets the tie of both sides, as the first side has it; None removes it."""
        for one, other, side in ((own, to, tie), (to, own, MIRROR[tie] if tie else None)):
            if one in self.callers:
                self.put(self.callers[one].tied(other, side))

    def end(self, own: str, to: str, reason: EndReason, by: str = "") -> None:
        """Removes a tie. The end of a call is added to `ended`, for both sides but `by` who ended
        it; the end of a knock is not."""
        tie = self.callers[own].ties[to]
        self.tie(own, to, None)
        if tie is Tie.OUTGOING and by == own:
            self.remember_decline(to, own, WITHDRAWN_MS)
        if tie in {Tie.WAITING, Tie.LIVE}:
            pair = (own, to), (to, own)
            self.ended += [End(one, other, reason) for one, other in pair if one != by]
            self.own_ends |= {(one, other) for one, other in pair if one == by}

    def end_all(self, person_id: str, reason: EndReason) -> None:
        for other in [*self.get(person_id).ties]:
            self.end(person_id, other, reason, by=person_id)

    def remember_decline(self, own: str, to: str, life_ms: int = DECLINED_MS) -> None:
        """Keeps the other from knocking at this person for so long; a longer decline stays."""
        if me := self.callers.get(own):
            declined = self.declines_of(me)
            soon = sum(until_ms <= self.now_ms + WITHDRAWN_MS for until_ms in declined.values())
            if life_ms <= WITHDRAWN_MS and to not in declined and soon >= WITHDRAWN_MAX:
                return
            declined[to] = max(declined.get(to, 0), self.now_ms + life_ms)
            self.put(me.changed(declined=declined))

    def declines_of(self, caller: Caller) -> dict[str, int]:
        """Whom a caller declined and until when, without declines that are over."""
        return caller.declines(self.now_ms)

    def changes_since(self, before: Mapping[str, Caller]) -> Changes:
        """What the graph changed, compared with these callers."""
        changed = [one for id, one in self.callers.items() if before.get(id) != one]
        pairs = [(before.get(one.person_id), one) for one in changed]
        visible = [(was, one) for was, one in pairs if was is None or was.public != one.public]
        return Changes(
            callers=tuple(changed),
            ended=tuple(self.ended),
            districts=districts_of(one for pair in pairs for one in pair),
            visible_in=districts_of(one for pair in visible for one in pair),
            own_ends=frozenset(self.own_ends),
            read=tuple(self.callers.values()),
        )


Step = Callable[[CallGraph], None]


def districts_of(callers: Iterable[Caller | None]) -> frozenset[District]:
    """The districts in which these callers are listed."""
    return frozenset(one.district for one in callers if one and one.joined)
