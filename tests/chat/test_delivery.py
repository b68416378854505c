"""Acked is kept, kept is shown once: real processes, a real Redis, and what breaks between them.

A smaller bench/delivery.py, which has the figures in full.
"""

from collections.abc import Awaitable, Callable

import pytest

from bench import delivery
from bench.delivery import ScenarioSize
from bench.tally import DeliveryTally
from bench.town import Town, town
from tests.support.servers import Server
from tests.support.short_ping_server import ShortPingServer

SMALL = ScenarioSize(
    readers=24,
    tiles=8,
    rate=30,
    seconds=4,
    cut_s=5,
    stop_s=3,
    anew_s=6,
    joins=120,
    joining=12,
    linger_s=4,
    walkers=12,
    reports=10,
    in_time=False,
)

# A figure in time is for the bench; here it is enough that all is well in the end.
TIMES = 8.0


async def played(
    scenario: Callable[[Town, ScenarioSize], Awaitable[DeliveryTally]],
    server: type[Server] = Server,
    *,
    records: bool = False,
) -> DeliveryTally:
    # So long that something is said meanwhile though these clients stood still for a while.
    async with town({"DRAIN_SECONDS": "3"}, server, records=records, times=TIMES) as place:
        return await scenario(place, SMALL)


def assert_kept(counted: DeliveryTally) -> None:
    assert counted.good, " | ".join(counted.row())
    assert counted.expected > counted.sent > 0


@pytest.mark.parametrize(
    "scenario",
    [
        delivery.steady,
        delivery.kill,
        delivery.drain,
        delivery.cut,
        delivery.stop,
        delivery.restart,
        delivery.flush,
        delivery.joins,
    ],
)
async def test_what_was_acked_is_shown_once_to_everyone_in_range(
    scenario: Callable[[Town, ScenarioSize], Awaitable[DeliveryTally]],
) -> None:
    """With a fifth of all hints dropped: in quiet, through kill -9 of a process and the drain of
    one, a network cut, a Redis that hangs, begins anew or is flushed, and people who come in the
    middle of it."""
    assert_kept(await played(scenario))


async def test_who_vanished_without_a_word_is_gone_from_all_lists() -> None:
    assert_kept(await played(delivery.vanish, ShortPingServer))


async def test_who_left_or_moved_while_connections_to_redis_were_cut_is_nobody_s_ghost() -> None:
    assert_kept(await played(delivery.cuts, ShortPingServer))


async def test_what_was_reported_while_postgresql_was_read_only_is_kept() -> None:
    assert_kept(await played(delivery.read_only_records, records=True))


def test_a_figure_that_must_not_be_makes_the_script_fail() -> None:
    assert DeliveryTally("fine", sent=2, acked=2).good
    assert not DeliveryTally("lost", sent=2, acked=2, lost=1).good
    assert not DeliveryTally("shown twice", sent=2, acked=2, repeated=1).good
    assert not DeliveryTally("acked and not kept", sent=2, acked=2, false_acks=1).good
    assert not DeliveryTally("never acked", sent=2, acked=1).good
    assert not DeliveryTally("a ghost", sent=2, acked=2, ghosts=1).good
    assert not DeliveryTally("a list wrong", sent=2, acked=2, lists_wrong=1).good
    assert not DeliveryTally("a report lost", sent=2, acked=2, reports_lost=1).good
