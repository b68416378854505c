"""Registries for the tests of their contract."""

import pytest

from tests.presence.registry_harness import Stands, memory_stand, redis_stand


@pytest.fixture(params=["memory", "redis", "cluster"])
def stands(request: pytest.FixtureRequest) -> Stands:
    if request.param == "memory":
        return memory_stand
    url = request.getfixturevalue(f"{request.param}_url")
    return lambda: redis_stand(url)
