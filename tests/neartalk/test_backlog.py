"""A peer that does not read is dropped after 15 s or 256 KB; one that reads slowly is not."""

from __future__ import annotations

from neartalk.server.backlog import CHECK_INTERVAL_S, STUCK_S, UNSENT_MAX, Backlog
from tests.support.processes import LoopClock


class SlowPeer:
    """Somebody who takes what `read` says."""

    def __init__(self) -> None:
        self.queued = self.taken = self.given_up = 0

    def unsent(self) -> int:
        return self.queued - self.taken

    def drop(self) -> None:
        self.given_up += 1


def send(backlog: Backlog, peer: SlowPeer, size: int) -> None:
    peer.queued += size
    backlog.watch(peer)


async def check(time: LoopClock, seconds: int) -> None:
    """Lets so many seconds pass, and the backlog look each time."""
    for _ in range(seconds):
        await time.pass_s(CHECK_INTERVAL_S)


async def test_a_peer_is_given_up_at_256_kb_and_only_once() -> None:
    backlog, peer = Backlog(), SlowPeer()
    while not peer.given_up:
        send(backlog, peer, 1000)
    assert UNSENT_MAX == 256 * 1024
    assert peer.unsent() - 1000 <= UNSENT_MAX < peer.unsent()
    await check(LoopClock(), 30)
    assert peer.given_up == 1


async def test_a_peer_that_is_slow_but_reads_on_is_not_given_up() -> None:
    backlog, peer, time = Backlog(), SlowPeer(), LoopClock()
    send(backlog, peer, 1000)
    for _ in range(60):
        send(backlog, peer, 1000)
        peer.taken += 999
        await check(time, 1)
    assert peer.unsent()
    assert not peer.given_up


async def test_a_peer_that_takes_nothing_is_given_up_within_15_s() -> None:
    backlog, peer, time = Backlog(), SlowPeer(), LoopClock()
    send(backlog, peer, 1)
    await check(time, int(STUCK_S))
    assert peer.given_up == 0
    await check(time, 1)
    assert peer.given_up
    assert int(STUCK_S) + 1 + CHECK_INTERVAL_S <= 15


async def test_patience_begins_anew_when_everything_was_taken() -> None:
    backlog, peer, time = Backlog(), SlowPeer(), LoopClock()
    send(backlog, peer, 1)
    await check(time, 10)
    peer.taken = peer.queued
    await check(time, 1)
    assert backlog.timer is None
    send(backlog, peer, 1)
    await check(time, 10)
    assert not peer.given_up


async def test_nothing_is_looked_at_while_nothing_waits() -> None:
    backlog, peer = Backlog(), SlowPeer()
    send(backlog, peer, 1)
    backlog.unwatch(peer)
    await check(LoopClock(), 2)
    assert backlog.timer is None
