"""Peers for whom bytes wait on our side, and when they are dropped."""

import asyncio
from collections import Counter
from typing import NamedTuple, Protocol

UNSENT_MAX = 262_144
# Checked once a second: a reader that stops is dropped within 15 s.
STUCK_S = 13.5
CHECK_INTERVAL_S = 1.0


class BufferedPeer(Protocol):
    """A connection for which bytes may wait. `queued` counts all bytes that ever had to wait."""

    queued: int

    def unsent(self) -> int:
        """Bytes accepted and not yet handed to the network."""

    def drop(self) -> None:
        """Discards what waits and aborts the connection: the peer is too slow."""


class Progress(NamedTuple):
    """How many bytes of the queued a peer had taken, and when it last took any."""

    taken: int
    at_s: float


class Backlog:
    """Costs nothing while every peer takes what it is sent. `dropped` counts those given up.

    `indirect` are those to whom a frame of many may not go straight: bytes wait for them, or they
    are closing.
    """

    def __init__(self) -> None:
        self.indirect: set[BufferedPeer] = set()
        self.peers: dict[BufferedPeer, Progress] = {}
        self.dropped = Counter({"unsent": 0, "stuck": 0, "arriving": 0})
        self.timer: asyncio.TimerHandle | None = None

    def watch(self, peer: BufferedPeer) -> None:
        """Watches a peer for which bytes wait, until none do; drops it above UNSENT_MAX."""
        if peer.unsent() > UNSENT_MAX:
            self._drop(peer, "unsent")
        elif peer not in self.peers:
            loop = asyncio.get_running_loop()
            self.peers[peer] = Progress(peer.queued - peer.unsent(), loop.time())
            if self.timer is None:
                self.timer = loop.call_later(CHECK_INTERVAL_S, self._check)

    def unwatch(self, peer: BufferedPeer) -> None:
        self.peers.pop(peer, None)

    def _drop(self, peer: BufferedPeer, cause: str) -> None:
        self.dropped[cause] += 1
        self.unwatch(peer)
        peer.drop()

    def _check(self) -> None:
        """Drops peers that read nothing for 15 s; a slow reader is kept."""
        loop = asyncio.get_running_loop()
        for peer, before in [*self.peers.items()]:
            unsent = peer.unsent()
            taken = peer.queued - unsent
            if not unsent:
                self.unwatch(peer)
            elif taken > before.taken:
                self.peers[peer] = Progress(taken, loop.time())
            elif loop.time() - before.at_s > STUCK_S:
                self._drop(peer, "stuck")
        self.timer = loop.call_later(CHECK_INTERVAL_S, self._check) if self.peers else None
