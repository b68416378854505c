"""The servers that tests share, one set for each pytest-xdist worker, and coroutine tests."""

from __future__ import annotations

import gc
import inspect
import logging
import os
import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import hypothesis
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from chat.feed import Sequencer
from neartalk.database_pool import pooled
from neartalk.environment import database
from neartalk.redis.pipeline import Pipeline
from tests.support import chromium as browsers
from tests.support import coturn
from tests.support.client import begin
from tests.support.clusters import ValkeyCluster
from tests.support.complaints import LoopErrors
from tests.support.prompt_server import PromptServer
from tests.support.servers import Daemon, Postgres, Server, Valkey
from tests.support.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

D = TypeVar("D", bound=Daemon)

# The same examples in each run, which take as long as they take.
hypothesis.settings.load_profile("ci")
numbers: dict[str, int] = {}  # of tests, by their ids
loop_errors = LoopErrors()
logging.getLogger("asyncio").addHandler(loop_errors)


class Serve(Protocol):
    """Starts NearTalk and waits until it is healthy; it is stopped after the test."""

    def __call__(
        self,
        kind: Literal["uvicorn", "daphne"] = "uvicorn",
        env: Mapping[str, str] | None = None,
        *,
        migrate: bool = False,
    ) -> Server: ...


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs `async def` tests. async_to_sync keeps the ORM on pytest-django's thread, so its
    rollback sees what the test wrote; asyncio.run would leak rows."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    async_to_sync(pyfuncitem.obj)(**{name: pyfuncitem.funcargs[name] for name in names})
    return True


def pytest_configure() -> None:
    """Passwords of tests are digested in no time. In servers it takes a quarter of a second. People
    are where they go at once, but in tests of the clock of places."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.PLACE_CLOCK = False


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: many a test waits for a timer of a server or of a page."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish(session: pytest.Session) -> None:
    numbers.update({item.nodeid: number for number, item in enumerate(session.items)})
    freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    begin(numbers[item.nodeid])


def freeze() -> None:
    """What is there by now stays: collecting garbage after each test need not look at it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A test fails of what nobody caught beside it, here or in a server. Whoever means to bring
    that about has the mark `forgives`."""
    yield
    if nextitem is None or nextitem.path != item.path:
        freeze()  # without the fixtures of the module; what it was the first to import stays
    elif inspect.iscoroutinefunction(getattr(item, "obj", None)):
        gc.collect()  # only who is collected tells that nobody asked for its exception
    forgiven = [words for mark in item.iter_markers("forgives") for words in mark.args]
    told = [*loop_errors.pop(), *Server.complaints()]
    unforeseen = [one for one in told if not any(re.search(words, one) for words in forgiven)]
    assert not unforeseen, "\n".join(unforeseen)


@pytest.fixture(autouse=True)
def nothing_waits_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in this process waits to be coalesced: many tests stop its clock. Servers, which are
    processes of their own, keep their intervals."""
    monkeypatch.setattr(Pipeline, "flush_interval_s", 0.0)
    monkeypatch.setattr(Sequencer, "reorder_delay_s", 0.0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raises the timeouts of Redis to 30 s: a busy machine must not fail the tests of stores."""
    for module in ("client", "layer", "topology"):
        monkeypatch.setattr(f"neartalk.redis.{module}.TIMEOUT_S", 30)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Valkey]:
    with ExitStack() as stack:
        yield started(Valkey(), stack)


@pytest.fixture
def redis_url(redis_server: Valkey, patient: None) -> str:
    """The shared Redis, empty."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def cluster_server() -> Iterator[ValkeyCluster]:
    with ExitStack() as stack:
        cluster = ValkeyCluster()
        stack.callback(cluster.close)
        yield cluster.start()


@pytest.fixture
def cluster_url(cluster_server: ValkeyCluster, patient: None) -> str:
    """The shared Redis Cluster, empty."""
    cluster_server.flush()
    return cluster_server.url


@pytest.fixture
def own_redis() -> Iterator[Callable[[], Valkey]]:
    """For tests that pause, stop or restart it."""
    with ExitStack() as stack:
        yield lambda: started(Valkey(), stack)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with ExitStack() as stack:
        yield started(Postgres(), stack)


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Postgres) -> str:
    """This worker's database, without tables."""
    return postgres_server.create(f"neartalk_{os.environ.get('PYTEST_XDIST_WORKER', 'only')}")


@pytest.fixture
def own_postgres() -> Iterator[Callable[[], Postgres]]:
    """For tests that pause, stop or restart it."""
    with ExitStack() as stack:
        yield lambda: started(Postgres(), stack)


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The records in either database, with tables and empty, in every thread; its kind. For tests
    with the mark `django_db(transaction=True)`."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            stack.enter_context(records_in(request.getfixturevalue("postgres_url")))
            call_command("migrate", verbosity=0)
            call_command("flush", verbosity=0, interactive=False)
        yield request.param


@contextmanager
def records_in(url: str) -> Iterator[None]:
    """Django's ORM goes to another PostgreSQL."""
    before = connections.settings
    mine = connections["default"]
    connections.settings = connections.configure_settings({"default": pooled(database(url))})
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"].close_pool()  # type: ignore[attr-defined]
        connections.settings = before
        connections["default"] = mine


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(
            kind: Literal["uvicorn", "daphne"] = "uvicorn",
            env: Mapping[str, str] | None = None,
            *,
            migrate: bool = False,
        ) -> Server:
            server = PromptServer(kind, env or {})
            stack.callback(server.close)
            if migrate:
                server.migrate()
            return server.start()

        yield start


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium. Without one, browser tests are skipped, but never in CI."""
    path = browsers.find()
    if path is None and os.environ.get("CI"):
        pytest.fail(browsers.MISSING)
    if path is None:
        pytest.skip(browsers.MISSING)
    return path


@pytest.fixture
def turn() -> Iterator[Callable[..., Turn]]:
    """Starts a relay. Without coturn, tests of it are skipped, but never in CI."""
    if coturn.find() is None and os.environ.get("CI"):
        pytest.fail(coturn.MISSING)
    if coturn.find() is None:
        pytest.skip(coturn.MISSING)
    with ExitStack() as stack:
        yield lambda **how: started(Turn(**how), stack)


def started(daemon: D, stack: ExitStack) -> D:
    stack.callback(daemon.close)
    return daemon.start()
