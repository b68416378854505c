"""Registries for the tests of their contract; servers and places for the tests of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.presence.registry_harness import MakeHarness, memory_harness, redis_harness
from tests.support.client import elsewhere, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.client import Spot
    from tests.support.servers import Server


@pytest.fixture(params=["memory", "redis", "cluster"])
def make_harness(request: pytest.FixtureRequest) -> MakeHarness:
    if request.param == "memory":
        return memory_harness
    url = request.getfixturevalue(f"{request.param}_url")
    return lambda: redis_harness(url)


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Either server, in memory, with limits that nobody meets."""
    with running(request.param, RATE_LIMITS_SCALE="1000") as running_server:
        yield running_server


@pytest.fixture
def spot() -> Spot:
    """A place of the test's own, so that tests share a server."""
    return elsewhere()
