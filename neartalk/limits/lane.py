"""How much of this process one network may take: its work is measured, and past its allowance the
rest of it waits its turn. In memory, by the monotonic clock: asking costs a microsecond.

Many people share an address, so a lane slows down before it refuses.
"""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from neartalk.codes import Refused
from neartalk.limits.measured import Measured
from neartalk.limits.rules import Rule, Rules

T = TypeVar("T")
ClockS = Callable[[], float]

RULE, OF_SESSION = "address.work", "session.work"
# However many sessions a network has, others have the other half of the core.
SHARE_MAX = 0.5
# Calls of one network that run beside each other, and all that are here.
RUNNING_MAX = 8
CALLS_MAX = 256
# Whoever would wait longer than that is refused, and told when to come back.
WAIT_MAX_S = 10.0
# Nobody owes more: a machine that stood still is not the doing of whoever had their turn then.
DEBT_MAX_S = 2 * WAIT_MAX_S


def burst_s(limit: Rule, share: float) -> float:
    """How far ahead of such a share of a core a burst may run."""
    return limit.burst / 1000 / share


class Lane:
    """The work of one network. `spent_until_s` is its theoretical arrival time (GCRA): measured
    work moves it, and a turn comes once it is no further ahead than the burst.

    `calls` counts those over HTTP that are here, `sessions` the sockets of each session that the
    server knows: every session brings a share of its own, for many people share a network.
    """

    def __init__(self, rules: Rules | None, clock: ClockS = time.monotonic) -> None:
        self.rules = rules
        self.clock = clock
        self.spent_until_s = 0.0
        self.waiting: deque[Callable[[], None]] = deque()
        self.timer: asyncio.Handle | None = None
        self.seats = asyncio.Semaphore(RUNNING_MAX)
        self.calls = 0
        self.sessions: Counter[str] = Counter()
        self.ran = False

    # ---- The allowance -----------------------------------------------------------------------

    @property
    def limit(self) -> Rule | None:
        """None where nothing is counted."""
        found = self.rules[RULE] if self.rules else None
        return found if found and found.on else None

    def share_of(self, limit: Rule) -> float:
        """The part of a core that it may take: more for each of its sessions."""
        if not self.rules or not self.sessions:
            return limit.share
        brought = self.rules[OF_SESSION]
        more = len(self.sessions) * brought.share if brought.on else 0.0
        return max(limit.share, min(SHARE_MAX, limit.share + more))

    def add_session(self, digest: str) -> None:
        """A session that the server knows has opened a socket."""
        self.sessions[digest] += 1

    def remove_session(self, digest: str) -> None:
        """A socket of a session has closed."""
        self.sessions[digest] -= 1
        if self.sessions[digest] <= 0:
            del self.sessions[digest]

    def charge(self, seconds: float) -> None:
        """Counts work that was done, whatever the allowance: it makes wait what comes next."""
        if limit := self.limit:
            now_s, share = self.clock(), self.share_of(limit)
            spent_s = max(self.spent_until_s, now_s) + seconds / share
            most_s = now_s + burst_s(limit, share) + DEBT_MAX_S
            self.spent_until_s = min(spent_s, most_s)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Charges what is done inside, without waiting."""
        start_s = time.perf_counter()
        try:
            yield
        finally:
            self.charge(time.perf_counter() - start_s)

    def wait_s(self) -> float:
        """How long until work may be done."""
        limit = self.limit
        if limit is None:
            return 0.0
        owed_s = self.spent_until_s - self.clock()
        # Most owe nothing, and need not be told apart any further.
        return max(0.0, owed_s - burst_s(limit, self.share_of(limit))) if owed_s > 0 else 0.0

    @property
    def idle(self) -> bool:
        """Whether nothing of it need be kept."""
        return self.spent_until_s < self.clock()

    @property
    def full(self) -> bool:
        """Whether one more call would wait for too long."""
        return self.calls >= CALLS_MAX or self.wait_s() > WAIT_MAX_S

    def refusal(self) -> Refused:
        return Refused("too-many-calls", retry_after=math.ceil(self.wait_s()) + 1, rule=RULE)

    # ---- Turns, one after the other ----------------------------------------------------------

    def call(self, work: Callable[[], None]) -> None:
        """Calls `work` at once if nobody waits and there is allowance, else in its turn."""
        if self.waiting or self.wait_s():
            self.waiting.append(work)
            self._schedule()
        else:
            work()

    async def turn(self) -> None:
        """Returns when the turn of the caller has come."""
        if not self.waiting and not self.wait_s():
            return
        come = asyncio.get_running_loop().create_future()
        self.call(lambda: None if come.done() else come.set_result(None))
        await come

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Does measured work. It has its turn first, and each of its steps a turn of the loop that
        no other work of the lane has."""
        if self.rules is None:
            return await work
        self.calls += 1
        try:
            async with self.seats:
                await self.turn()
                return await Measured(work, self.charge, self._may_step)
        finally:
            work.close()  # does nothing once it has ended
            self.calls -= 1

    async def measured(self, work: Coroutine[Any, Any, T]) -> T:
        """Does measured work without waiting for a turn."""
        if self.rules is None:
            return await work
        return await Measured(work, self.charge)

    def _may_step(self) -> bool:
        """Whether no other work of the lane had this turn of the loop."""
        if self.ran:
            return False
        self.ran = True
        asyncio.get_running_loop().call_soon(self._next_turn)
        return True

    def _next_turn(self) -> None:
        self.ran = False

    def _schedule(self) -> None:
        if self.waiting and self.timer is None:
            # At least a turn of the loop between two: what the first costs is known by then.
            loop = asyncio.get_running_loop()
            self.timer = loop.call_later(max(0.001, self.wait_s()), self._release)

    def _release(self) -> None:
        self.timer = None
        if self.waiting and not self.wait_s():
            self.waiting.popleft()()
        self._schedule()
