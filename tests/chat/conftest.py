"""Stores of the chat in each of their forms, servers and places, for tests of every behaviour."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings

from chat.history import MemoryHistory
from chat.history.redis import RedisHistory
from neartalk.background import Background
from neartalk.limits import RULES
from neartalk.redis.client import connect
from presence.delivery.window import Window
from presence.registry import MemoryRegistry, RedisRegistry
from tests.chat.history_harness import MakeHarness, memory_harness, redis_harness
from tests.chat.two_processes import Open, Stores
from tests.support.client import Spot, elsewhere, running
from tests.support.processes import never
from tests.support.servers import Server


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Either server, in memory, with limits that nobody meets."""
    with running(request.param, RATE_LIMITS_SCALE="1000") as running_server:
        yield running_server


@pytest.fixture
def spot() -> Spot:
    """A place of the test's own, so that tests share a server."""
    return elsewhere()


@pytest.fixture
def no_rounds(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(Background, "_round", never)
    settings.RATE_LIMITS_SCALE = 100_000


@pytest.fixture
def no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for what is said next."""
    monkeypatch.setattr(Window, "length_s", 0.0)


@asynccontextmanager
async def memory_stores() -> AsyncIterator[Stores]:
    yield MemoryRegistry(), MemoryHistory()


@pytest.fixture(params=["memory", "redis"])
def stores(request: pytest.FixtureRequest) -> Iterator[Open]:
    if request.param == "memory":
        yield memory_stores
        return
    url = request.getfixturevalue("redis_url")

    @asynccontextmanager
    async def redis_stores() -> AsyncIterator[Stores]:
        client = connect(url)
        try:
            yield RedisRegistry(client), RedisHistory(client)
        finally:
            await client.aclose()

    yield redis_stores


@pytest.fixture(params=["memory", "redis", "cluster"])
def make_harness(request: pytest.FixtureRequest) -> MakeHarness:
    if request.param == "memory":
        return memory_harness
    url = request.getfixturevalue(f"{request.param}_url")
    return lambda: redis_harness(url)


@pytest.fixture
def unlimited(settings: Settings) -> None:
    """Where allowances are not the subject."""
    settings.RATE_LIMITS_SCALE = 1000


@pytest.fixture
def two_seconds_long(settings: Settings) -> int:
    """How long a message lives, in milliseconds: what must be found of it is found by then."""
    settings.MESSAGE_LIFE_SECONDS = 2
    return 2000


@pytest.fixture
def much_may_be_said(settings: Settings) -> None:
    """The limits of messages and reports are off, where they are not the subject."""
    settings.RATE_LIMITS_OFF = [name for name in RULES if name.startswith("chat.")]
    settings.TRUSTED_PROXIES = 1
    settings.WHITENOISE_AUTOREFRESH = True  # no file is collected here
    cache.clear()
