"""The clock of one Redis as processes agree on it: when it is set back, they add what is missing.

Redis has no clock but that of its host, by which its keys expire too. What a process knows besides
is how much time has passed for itself.
"""

from neartalk.clock import Clock, steady_ms

# What is less is taken for the way of an answer, and for clocks that go at a different pace.
SET_MS = 5_000
# An answer that took longer does not tell well enough what time it is.
SURE_MS = 1_000


class NodeClock:
    """`ahead_ms` is added to TIME: what the clock was set back by while a process was there to see.

    `changed` says that this process has seen it set since it told the others.
    """

    def __init__(self, own: Clock = steady_ms) -> None:
        self.own = own
        self.ahead_ms = 0
        self.changed = False
        self.skew_ms: int | None = None

    def least_ms(self) -> int:
        """What time it is by now; 0 where nothing is known yet."""
        return 0 if self.skew_ms is None else self.own() + self.skew_ms

    def observe(self, asked_ms: int, time_ms: int) -> int:
        """What time it was, where a Redis that was asked at `asked_ms` of our own clock has just
        answered TIME."""
        answered_ms = self.own()
        if self.skew_ms is not None:
            early_ms = asked_ms + self.skew_ms - time_ms - self.ahead_ms
            late_ms = time_ms + self.ahead_ms - answered_ms - self.skew_ms
            if early_ms > SET_MS:
                self._move(self.ahead_ms + early_ms)
            elif late_ms > SET_MS and self.ahead_ms:
                # It was put right again.
                self._move(max(0, self.ahead_ms - late_ms))
        now_ms = time_ms + self.ahead_ms
        took_ms = answered_ms - asked_ms
        if took_ms <= SURE_MS:
            self.skew_ms = now_ms - asked_ms - took_ms // 2
        return now_ms

    def agree(self, shared_ms: int) -> bool:
        """The processes before have added `shared_ms`. True if they are to be told another."""
        if self.changed or shared_ms < self.ahead_ms:
            self.changed = False
            return shared_ms != self.ahead_ms
        if self.skew_ms is not None:
            self.skew_ms += shared_ms - self.ahead_ms
        self.ahead_ms = shared_ms
        return False

    def _move(self, ahead_ms: int) -> None:
        self.ahead_ms, self.changed = ahead_ms, True
