"""Connections that owe something are ended in time, and make room for others of their peer."""

from __future__ import annotations

from neartalk.server.deadlines import ALL_MAX, HEAD_S, PEER_MAX, Deadlines
from tests.support.processes import LoopClock

PEER = "203.0.113.9"


class OwingConnection:
    ended = False

    def expire(self) -> None:
        self.ended = True


async def pass_s(time: LoopClock, seconds: int) -> None:
    """On a loop that is in time."""
    for _ in range(seconds):
        await time.pass_s(1)


async def test_a_connection_is_ended_when_its_time_is_over_and_not_before() -> None:
    time, deadlines = LoopClock(), Deadlines()
    owing, paid = OwingConnection(), OwingConnection()
    for one in (owing, paid):
        deadlines.add(one, HEAD_S, PEER)
    await pass_s(time, int(HEAD_S) - 1)
    deadlines.remove(paid)
    assert not owing.ended
    await pass_s(time, 1)
    assert (owing.ended, paid.ended, deadlines.expired) == (True, False, 1)
    assert not any((deadlines.due_s, deadlines.since_s, deadlines.peers, deadlines.by_peer))
    await time.pass_s(1)
    assert deadlines.timer is None


async def test_of_too_many_of_one_peer_the_oldest_make_room() -> None:
    time, deadlines = LoopClock(), Deadlines()
    other = OwingConnection()
    deadlines.add(other, 100, "198.51.100.7")
    held = [OwingConnection() for _ in range(PEER_MAX + 10)]
    for one in held[:PEER_MAX]:
        deadlines.add(one, 100, PEER)
    await pass_s(time, 2)
    for one in held[PEER_MAX:]:
        deadlines.add(one, 100, PEER)
    assert [one.ended for one in held] == [True] * 10 + [False] * PEER_MAX
    assert not other.ended


async def test_many_that_came_in_the_same_moment_are_given_a_second() -> None:
    """All of a café come back at once: none of them has had time to say anything."""
    time, deadlines = LoopClock(), Deadlines()
    held = [OwingConnection() for _ in range(3 * PEER_MAX)]
    for one in held:
        deadlines.add(one, HEAD_S, PEER)
    await time.pass_s(0.5)
    assert not any(one.ended for one in held)


async def test_what_came_while_the_loop_was_late_is_read_before_anybody_is_ended() -> None:
    time, deadlines = LoopClock(), Deadlines()
    held = [OwingConnection() for _ in range(PEER_MAX + 1)]
    for one in held[:-1]:
        deadlines.add(one, HEAD_S, PEER)
    # The loop finds that time has passed before it reads what came meanwhile.
    time.now += 10 * HEAD_S
    deadlines.add(held[-1], HEAD_S, PEER)
    await time.pass_s(0)
    assert not any(one.ended for one in held)
    for one in held[1:]:
        deadlines.remove(one)
    for _ in range(int(HEAD_S) - 2):
        await time.pass_s(10 * HEAD_S)
    assert not held[0].ended
    await pass_s(time, 2)
    assert held[0].ended


async def test_there_is_an_end_for_all_peers_together_and_none_for_a_proxy() -> None:
    time, deadlines = LoopClock(), Deadlines()
    held = [OwingConnection() for _ in range(ALL_MAX + 50)]
    for turn, one in enumerate(held):
        await time.pass_s(0.01)
        deadlines.add(one, 1000, f"198.51.100.{turn}")
    assert sum(one.ended for one in held) == 50
    proxied = [OwingConnection() for _ in range(ALL_MAX + 50)]
    for one in proxied:
        deadlines.add(one, 1000)
    assert not any(one.ended for one in proxied)
