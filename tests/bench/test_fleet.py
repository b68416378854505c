"""A small fleet that fails as bench/fleet.py has it fail: processes, a cluster, a layer on two
hosts, and nginx in front."""

import pytest

from bench.fleet import run
from tests.support.proxy_packages import find


@pytest.mark.timeout(300)
async def test_a_fleet_that_fails_loses_and_repeats_nothing_it_acked() -> None:
    assert find("nginx"), "make test installs it"
    counted, happened = await run(people=45, places=9, rate=6, seconds=10, drain_s=1)
    assert counted.good, counted
    assert counted.acked == counted.sent == 60
    assert counted.shown + counted.told == counted.due > counted.sent
    assert len(happened) == 3
    assert "exit code 0" in happened[1]
