"""Every connection is asked for a sign of life every 20 s, by one timer for all."""

from __future__ import annotations

from neartalk.server.keepalive import PING_S, Keepalive
from tests.support.processes import LoopClock


class QuietConnection:
    def __init__(self) -> None:
        self.pings = 0
        self.quiet = 0.0
        self.given_up = False

    def quiet_s(self) -> float:
        return self.quiet

    def ping(self) -> None:
        self.pings += 1

    def drop(self) -> None:
        self.given_up = True


async def beat(seconds: int) -> None:
    time = LoopClock()
    for _ in range(seconds):
        await time.pass_s(1)


async def test_each_is_pinged_once_a_round_and_not_all_at_once() -> None:
    keepalive, connections = Keepalive(), [QuietConnection() for _ in range(3)]
    for connection in connections:
        keepalive.add(connection)
        await beat(1)
    await beat(PING_S - 4)
    assert [one.pings for one in connections] == [0, 0, 0]
    for turn in range(3):
        await beat(1)
        assert sum(one.pings for one in connections) == turn + 1
    await beat(2 * PING_S)
    assert [one.pings for one in connections] == [3, 3, 3]


async def test_who_did_not_answer_the_last_ping_is_given_up() -> None:
    """Within 40 s of the last sign, so that nobody shows them after 60 s."""
    keepalive, silent, well = Keepalive(), QuietConnection(), QuietConnection()
    keepalive.add(silent)
    keepalive.add(well)
    await beat(PING_S)
    silent.quiet = 2.0 * PING_S
    await beat(PING_S)
    assert silent.given_up
    assert not well.given_up


async def test_a_loop_that_stood_still_gives_up_nobody_whom_it_did_not_ask_meanwhile() -> None:
    keepalive, silent, well = Keepalive(), QuietConnection(), QuietConnection()
    keepalive.add(silent)
    keepalive.add(well)
    await beat(PING_S)
    stood_s = 3 * PING_S
    await LoopClock().pass_s(stood_s)
    silent.quiet = stood_s + PING_S + 1  # since before its ping
    well.quiet = stood_s + PING_S - 1
    await beat(PING_S)
    assert (silent.given_up, well.given_up) == (True, False)
    assert well.pings == 2


async def test_nothing_beats_when_everyone_has_left() -> None:
    keepalive, one = Keepalive(), QuietConnection()
    slot = keepalive.add(one)
    keepalive.remove(one, slot)
    await beat(PING_S)
    assert one.pings == 0
    assert keepalive.timer is None
