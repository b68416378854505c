"""A small fleet that fails as bench/fleet.py has it fail: processes, a cluster, a layer on two
hosts, and nginx in front."""

from bench.fleet import STORES, WRONG, run
from tests.support.proxy_packages import find
from tests.support.short_ping_server import ShortPingServer


async def test_a_fleet_that_fails_loses_and_repeats_nothing_it_acked() -> None:
    assert find("nginx"), "make test installs it"
    counted, happened = await run(people=45, places=9, rate=6, seconds=10, drain_s=1)
    assert counted.good, counted
    assert counted.acked == counted.sent == 60
    assert counted.shown + counted.told == counted.due > counted.sent
    assert len(happened) == 3
    assert "exit code 0" in happened[1]


async def test_a_fleet_whose_stores_fail_lists_nobody_who_is_gone_and_loses_no_report() -> None:
    """Connections cut while people move and leave, a flush, and a PostgreSQL that is read-only."""
    assert find("nginx"), "make test installs it"
    counted, happened = await run(
        people=24, places=4, rate=6, seconds=10, drain_s=1, faults=STORES, make=ShortPingServer
    )
    assert counted.good, counted
    assert counted.acked == counted.sent == 60
    assert [line for line in happened if line.startswith(WRONG)] == []
    assert len(happened) == 4
