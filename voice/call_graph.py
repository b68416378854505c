"""How a few people stand with each other: who knocked, who said yes, who is connected. Pure.

Both sides of a tie always change together, in one step of the store.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeGuard

from neartalk.codes import Refused
from neartalk.limits import RULES, Rule, seconds, spend
from voice.callers import Caller, Tie
from voice.mesh import connect, is_blocked, may_speak, pairs

DECLINED_MS = 600_000
TAKEN_BACK_MS = 60_000
# How the other side of each tie is tied.
MIRROR = {
    Tie.KNOCKED: Tie.KNOCKS,
    Tie.KNOCKS: Tie.KNOCKED,
    Tie.WAITING: Tie.WAITING,
    Tie.LIVE: Tie.LIVE,
}
TIES_MAX = 64
BUSY_S = 60


class Reason(StrEnum):
    """Why a call ended."""

    LEFT = "left"
    APART = "apart"  # their circles meet no more
    GONE = "gone"  # vanished without a word
    DECLINED = "declined"
    SESSION = "session"  # their visit ended


class End(NamedTuple):
    """What one person is to be told: their call with the other ended."""

    to: str
    other: str
    reason: Reason


@dataclass
class Ties:
    """Some people in voice, read together with all whom they are tied to.

    `processes` are those that live, `limit` is how many connections a person may have, `knock_rule`
    how often they may knock. What was
    ended stands in `ended`.
    """

    callers: dict[str, Caller]
    processes: frozenset[str]
    now_ms: int
    limit: int
    knock_rule: Rule = RULES["voice.knock"]
    ended: list[End] = field(default_factory=list)

    # ---- Coming and going --------------------------------------------------------------------

    def enter(self, caller: Caller) -> None:
        """Someone joins, comes back or moves; back in time they keep their calls."""
        known = self.callers.get(caller.person_id, Caller(caller.person_id))
        if not self._alive(known):
            self._end_all(known.person_id, Reason.GONE)
            known = self.callers.get(caller.person_id, known)
        self._put(
            caller.changed(
                ties=known.ties,
                declined=self._declined(known),
                knock_tat_ms=known.knock_tat_ms,
                version=known.version,
            )
        )
        self.settle(caller.person_id)

    def step_out(self, person_id: str, until_ms: int) -> None:
        """Their socket is gone: they keep their calls for a while."""
        self._put(self.callers[person_id].changed(process="", channel="", until_ms=until_ms))

    def leave(self, person_id: str, reason: Reason) -> None:
        self._end_all(person_id, reason)
        if known := self.callers.get(person_id):
            # Who and where they were is nobody's business any more.
            self._put(
                Caller(
                    person_id,
                    declined=known.declined,
                    knock_tat_ms=known.knock_tat_ms,
                    version=known.version,
                )
            )

    def settle(self, person_id: str) -> None:
        """Ends what cannot go on, and lets in who waits for a place that is free."""
        me = self.callers.get(person_id, Caller(person_id))
        for other, tie in me.ties.items():
            known = self.callers.get(other)
            if not self._alive(known) or known.ties.get(person_id) is not MIRROR[tie]:
                self._end(person_id, other, Reason.GONE)
            elif is_blocked(me, known):
                self._end(person_id, other, Reason.LEFT)
            elif not may_speak(me, known):
                self._end(person_id, other, Reason.APART)
        alive = {id: caller for id, caller in self.callers.items() if self._alive(caller)}
        live, waiting = (pairs(self.callers.values(), tie) for tie in (Tie.LIVE, Tie.WAITING))
        for pair in connect(alive, live | waiting, live, self.limit).live - live:
            one, other = pair
            self._tie(one, other, Tie.LIVE, Tie.LIVE)

    # ---- Asking and answering ----------------------------------------------------------------

    def knock(self, own: str, to: str) -> None:
        """Raises Refused: `not-joined`, `out-of-reach`, `declined`, `too-fast`, `busy`."""
        me, other = self._both(own, to)
        tie = me.ties.get(to)
        if tie is Tie.KNOCKS:
            self.accept(own, to)
        if tie is not None:
            return
        if other.declined.get(own, 0) > self.now_ms:
            wait_s = seconds(other.declined[own] - self.now_ms)
            raise Refused("declined", retry_after=wait_s, ref=to)
        if count(me, asked=False) >= TIES_MAX or count(other, asked=True) >= TIES_MAX:
            raise Refused("busy", retry_after=BUSY_S, ref=to)
        limit = self.knock_rule
        tat_ms, wait_ms = spend(me.knock_tat_ms, self.now_ms, limit.interval_ms, limit.tolerance_ms)
        if wait_ms:
            raise Refused("too-fast", retry_after=seconds(wait_ms), ref=to, rule="voice.knock")
        self._put(me.changed(knock_tat_ms=tat_ms, declined=without(me, to)))
        self._tie(own, to, Tie.KNOCKED, Tie.KNOCKS)

    def accept(self, own: str, to: str) -> None:
        """Raises Refused: `not-joined`, `out-of-reach`, `not-agreed` where nobody knocked."""
        me, _ = self._both(own, to)
        if me.ties.get(to) in {Tie.WAITING, Tie.LIVE}:
            return
        if me.ties.get(to) is not Tie.KNOCKS:
            raise Refused("not-agreed", ref=to)
        self._tie(own, to, Tie.WAITING, Tie.WAITING)
        self.settle(own)

    def decline(self, own: str, to: str) -> None:
        """Says no, takes a knock back or ends a call; without any of these there is nothing. Either
        no is remembered: a knock that comes and goes is no way to reach somebody."""
        me = self.callers.get(own, Caller(own))
        tie = me.ties.get(to)
        if tie is None:
            return
        if tie is not Tie.KNOCKED:
            self._remember(own, to, DECLINED_MS)
        self._end(own, to, Reason.DECLINED, by=own)
        self.settle(own)

    def connected(self, own: str, to: str) -> tuple[Caller, Caller]:
        """Both, who are to be connected.

        Raises Refused: `not-joined`, `out-of-reach`, `not-agreed`.
        """
        me, other = self._both(own, to)
        if me.ties.get(to) is not Tie.LIVE or other.ties.get(own) is not Tie.LIVE:
            raise Refused("not-agreed", ref=to)
        return me, other

    # ---- Steps -------------------------------------------------------------------------------

    def _both(self, own: str, to: str) -> tuple[Caller, Caller]:
        me, other = self.callers.get(own), self.callers.get(to)
        if me is None or not me.joined:
            raise Refused("not-joined")
        if other is None or not self._alive(other) or not may_speak(me, other):
            raise Refused("out-of-reach", ref=to)
        return me, other

    def _alive(self, caller: Caller | None) -> TypeGuard[Caller]:
        return caller is not None and caller.alive(self.processes, self.now_ms)

    def _remember(self, own: str, to: str, life_ms: int) -> None:
        """That the other may not knock at somebody for so long."""
        if me := self.callers.get(own):
            declined = self._declined(me)
            declined[to] = max(declined.get(to, 0), self.now_ms + life_ms)
            self._put(me.changed(declined=declined))

    def _declined(self, caller: Caller) -> dict[str, int]:
        """Whom they declined, as far as it still counts."""
        return {id: until for id, until in caller.declined.items() if until > self.now_ms}

    def _put(self, caller: Caller) -> None:
        if self.callers.get(caller.person_id) != caller:
            self.callers[caller.person_id] = caller.changed(version=caller.version + 1)

    def _tie(self, own: str, to: str, mine: Tie | None, theirs: Tie | None) -> None:
        for one, other, tie in ((own, to, mine), (to, own, theirs)):
            if one in self.callers:
                self._put(self.callers[one].tied(other, tie))

    def _end(self, own: str, to: str, reason: Reason, by: str = "") -> None:
        tie = self.callers[own].ties[to]
        self._tie(own, to, None, None)
        if tie is Tie.KNOCKED and by == own:
            self._remember(to, own, TAKEN_BACK_MS)
        if tie in {Tie.WAITING, Tie.LIVE}:
            pair = (own, to), (to, own)
            self.ended += [End(one, other, reason) for one, other in pair if one != by]

    def _end_all(self, person_id: str, reason: Reason) -> None:
        if person_id in self.callers:
            for other in [*self.callers[person_id].ties]:
                self._end(person_id, other, reason, by=person_id)


def count(caller: Caller, *, asked: bool) -> int:
    """How many have asked a person, or else how many they asked or speak with: whoever is asked
    by too many can still ask their friends."""
    return sum((tie is Tie.KNOCKS) is asked for tie in caller.ties.values())


def without(caller: Caller, other_id: str) -> dict[str, int]:
    """Whoever knocks at somebody has not declined them any more."""
    return {id: until for id, until in caller.declined.items() if id != other_id}
