"""HTTP connections that owe the rest of a request, or do not take their answer: by one round for
all they are closed when their time is over, and the oldest when one peer has too many."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

# For all the lines of a request, and for an answer of which nothing is taken.
HEAD_S = 6.0
ANSWER_S = 60.0
# Connections of one peer, and of all, that have not said what they want.
PEER_MAX = 128
ALL_MAX = 1024
# One that has only just come may be on its way to say it.
YOUNG_S = 1.0
CHECK_INTERVAL_S = 1.0


class Owing(Protocol):
    def expire(self) -> None:
        """Ends the connection: its time is over."""


class Deadlines:
    """One a process. `expired` counts those that were ended.

    Its time runs by CHECK_INTERVAL_S at most from check to check. While the loop is late, what a
    client sent in time waits to be read: that is no fault of theirs.
    """

    def __init__(self) -> None:
        self.time_s = self.checked_s = 0.0
        self.due_s: dict[Owing, float] = {}
        self.since_s: dict[Owing, float] = {}
        self.by_peer: dict[str, dict[Owing, None]] = {}
        self.peers: dict[Owing, str] = {}
        self.expired = 0
        self.timer: asyncio.TimerHandle | None = None

    def add(self, connection: Owing, seconds: float, peer: str = "") -> None:
        """From now on it has so many seconds. With a `peer` it counts among those of the peer: if
        there are too many, the one that waits longest makes room, unless it has only just come."""
        if self.timer is None:
            self._check_again()
        now_s = self._now_s()
        self.due_s[connection] = now_s + seconds
        self.since_s[connection] = now_s
        if peer:
            self.peers[connection] = peer
            self.by_peer.setdefault(peer, {})[connection] = None
            self._make_room(self.by_peer[peer], PEER_MAX)
            self._make_room(self.due_s, ALL_MAX)

    def remove(self, connection: Owing) -> None:
        self.due_s.pop(connection, None)
        self.since_s.pop(connection, None)
        peer = self.peers.pop(connection, "")
        if mine := self.by_peer.get(peer):
            mine.pop(connection, None)
            if not mine:
                del self.by_peer[peer]

    def _make_room(self, among: Mapping[Owing, object], most: int) -> None:
        if len(among) > most:
            oldest = next(iter(among))
            if self._now_s() - self.since_s[oldest] > YOUNG_S:
                self._expire(oldest)

    def _expire(self, connection: Owing) -> None:
        self.expired += 1
        self.remove(connection)
        connection.expire()

    # ---- Its time ----------------------------------------------------------------------------

    def _now_s(self) -> float:
        since_s = asyncio.get_running_loop().time() - self.checked_s
        return self.time_s + min(since_s, CHECK_INTERVAL_S)

    def _check_again(self) -> None:
        loop = asyncio.get_running_loop()
        self.checked_s = loop.time()
        self.timer = loop.call_later(CHECK_INTERVAL_S, self._check)

    def _check(self) -> None:
        self.time_s += CHECK_INTERVAL_S
        self._check_again()
        for connection, due_s in [*self.due_s.items()]:
            if due_s <= self.time_s:
                self._expire(connection)
        if not self.due_s and self.timer:
            self.timer.cancel()
            self.timer = None
