"""Registries for the tests of their contract."""

import pytest

from tests.presence.registry_harness import MakeHarness, memory_harness, redis_harness


@pytest.fixture(params=["memory", "redis", "cluster"])
def make_harness(request: pytest.FixtureRequest) -> MakeHarness:
    if request.param == "memory":
        return memory_harness
    url = request.getfixturevalue(f"{request.param}_url")
    return lambda: redis_harness(url)
