"""Pushes to whoever is away: one a minute a session at most, off the way of what brings them about.

The process of whoever wrote or asked sends it, and no other. Somebody whose page has just ended is
not away yet: what is written to them meanwhile is held.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from django.conf import settings

from neartalk.background import Background
from neartalk.clock import Clock
from neartalk.limits import Marks
from neartalk.push import PushOutcome, PushSender
from presence.push.held import HeldNotices
from presence.push.notice import Notice
from presence.registry import Registry
from presence.roster import Roster
from presence.values import Change, Person, Session

EVERY_MS = 60_000
# What waits here at most; what comes then is dropped: the message is there all the same.
WAITING_MAX = 500
# How often those are looked at for whom something is held.
LOOK_S = 1.0


class Pushes:
    """One a process. `outcomes` counts what became of pushes, `waiting` those under way, `held` are
    those of people who may be gone and are not away."""

    def __init__(
        self,
        registry: Registry,
        roster: Roster,
        sender: PushSender | None,
        marks: Marks,
        background: Background,
        announce: Callable[[Change], None],
        now_ms: Clock,
        linger_s: float,
    ) -> None:
        """`sender` is None where pushes are off. Who is gone is away after `linger_s`."""
        self.registry = registry
        self.roster = roster
        self.sender = sender
        self.marks = marks
        self.background = background
        self.announce = announce
        self.now_ms = now_ms
        self.outcomes: Counter[tuple[str]] = Counter()
        self.waiting = 0
        self.held = HeldNotices(linger_s)
        self.timer: asyncio.TimerHandle | None = None

    def is_away(self, person_id: str) -> bool:
        """Whether this process lists a person as away, near somebody who has a socket here."""
        return any(one.is_away for one in self.roster.listed.get(person_id, ()))

    def enqueue(self, notice: Notice) -> None:
        """Tells somebody, if they are away, or become away without having been there meanwhile.
        Never waits and never raises; what does not get through is lost."""
        if not self.sender:
            return
        if self.is_away(notice.to):
            self.enqueue_away(notice)
        else:
            self._hold(notice)

    def enqueue_away(self, notice: Notice) -> None:
        """The same of somebody who is known to be away, whoever has a socket here."""
        if not self.sender:
            return
        if self.waiting >= WAITING_MAX:
            self.outcomes["dropped",] += 1
        else:
            self.waiting += 1
            self.background.later(self._push(self.sender, notice))

    def forget(self, message_id: str) -> None:
        """A message was taken back: whoever was not told of it yet never is."""
        self.held.forget(message_id)

    def close(self) -> None:
        """Cancels the timer."""
        if self.timer:
            self.timer.cancel()

    def _hold(self, notice: Notice) -> None:
        if not any(one.may_become_away for one in self.roster.listed.get(notice.to, ())):
            return
        if not self.held.hold(notice, asyncio.get_running_loop().time()):
            self.outcomes["dropped",] += 1
        self._schedule()

    def _schedule(self) -> None:
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(LOOK_S, self._push_due)

    def _push_due(self) -> None:
        """Tells those who are away by now."""
        self.timer = None
        for notice in self.held.due(asyncio.get_running_loop().time(), self.is_away):
            self.enqueue(notice)
        if self.held.notices:
            self._schedule()

    async def _push(self, sender: PushSender, notice: Notice) -> None:
        """Raises Refused: `store-unavailable`; then nobody is told."""
        try:
            session = await self.registry.find(notice.to)
            push = await self.registry.push_of(notice.to)
            keep_s = self._keep_s(notice)
            if not session or not push or not keep_s or not may_push(session, notice):
                return
            if not await self.marks.add(f"push:{session.digest}", EVERY_MS):
                self.outcomes["spared",] += 1
                return
            payload = notice.payload(with_text=push.with_text)
            outcome = await sender.send(push, payload, keep_s)
            self.outcomes[outcome,] += 1
            if outcome is PushOutcome.GONE:
                await self._forget(session, push.endpoint)
        finally:
            self.waiting -= 1

    def _keep_s(self, notice: Notice) -> int:
        """For how long its service may keep a push: no longer than what it tells of lives. The way
        there takes a second."""
        life_s = settings.MESSAGE_LIFE_SECONDS
        left_s = (notice.ends_ms - self.now_ms()) // 1000 - 1 if notice.ends_ms else life_s
        return max(0, min(life_s, left_s))

    async def _forget(self, session: Session, endpoint: str) -> None:
        """The endpoint is no more: whoever is reached by nothing is not away either."""
        change = await self.registry.set_push(session.digest, None, endpoint=endpoint)
        if change:
            self.announce(change)


def may_push(session: Session, notice: Notice) -> bool:
    """Whether somebody is still away, and would hear the other if they were there."""
    person: Person = session.person
    in_range = bool(person.cell) and person.place.in_range(notice.place)
    return person.is_away and in_range and notice.by not in session.hidden
