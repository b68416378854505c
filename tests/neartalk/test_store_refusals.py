"""A Redis that refuses for good is no lost connection: health says which, the log once, doctor what
to do, and whoever asks reads other words."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.exceptions import BusyLoadingError, MovedError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as Lost

from neartalk.codes import CODES, Refused
from neartalk.doctor import Severity
from neartalk.doctor import redis as doctor_redis
from neartalk.environment import redis_urls
from neartalk.http import Health, health, readiness
from neartalk.parts import Platform
from neartalk.redis import FINAL, connect, named, unknown_when_lost
from neartalk.redis.cluster import Cluster
from neartalk.redis.probe import commands, probe
from neartalk.redis.refusals import RefusalLog, RefusalsOnce, passing_of, refusal_of
from neartalk.redis.shared import store_at
from neartalk.redis_checks import redis_forgets
from presence.consumers import ON_ARRIVAL
from tests.support.process_client import ProcessRequests
from tests.support.servers import ROOT, Valkey, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import Settings

    from tests.support.clusters import ValkeyCluster

pytestmark = pytest.mark.usefixtures("patient", "fresh_log")

WAIT_S = 20.0
PASSWORD = "a,b@c:d/e"
WRITTEN = "a,b@c:d%2Fe"
GRANTED = ("~neartalk:*", "&neartalk:*", "+@all", "-@dangerous")


@pytest.fixture
def fresh_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process has it that began now."""
    log = RefusalLog()
    for module in ("refusals", "store"):
        monkeypatch.setattr(f"neartalk.redis.{module}.refusal_log", log)
    monkeypatch.setattr(health, "refusal_log", log)
    monkeypatch.setattr(health, "FRESH_S", -1)
    monkeypatch.setattr(health, "TIMEOUT_S", 30)  # as `patient` has it


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    """One that each test sets wrong, and right again."""
    with ExitStack() as stack:
        valkey = Valkey()
        stack.callback(valkey.close)
        yield valkey.start()


@contextmanager
def configured(valkey: Valkey, name: str, wrong: str, right: str) -> Iterator[str]:
    with redis.Redis(port=valkey.port) as client:
        client.config_set(name, wrong)
        try:
            yield valkey.url
        finally:
            client.config_set(name, right)


@contextmanager
def replica(valkey: Valkey) -> Iterator[str]:
    with redis.Redis(port=valkey.port) as client:
        client.execute_command("REPLICAOF", "127.0.0.1", free_port())
        client.config_set("replica-serve-stale-data", "yes")
        try:
            yield valkey.url
        finally:
            client.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def user(valkey: Valkey, *rules: str) -> Iterator[str]:
    """The URL of a user with these rules."""
    with redis.Redis(port=valkey.port) as client:
        client.execute_command("ACL", "SETUSER", "near", "reset", "on", f">{PASSWORD}", *rules)
        try:
            yield f"redis://near:{WRITTEN}@127.0.0.1:{valkey.port}/0"
        finally:
            client.execute_command("ACL", "DELUSER", "near")


@contextmanager
def secret(valkey: Valkey, given: str) -> Iterator[str]:
    with redis.Redis(port=valkey.port) as client:
        client.config_set("requirepass", PASSWORD)
    try:
        yield f"redis://{given}127.0.0.1:{valkey.port}/0"
    finally:
        with redis.Redis(port=valkey.port, password=PASSWORD) as client:
            client.config_set("requirepass", "")


WRONG: dict[str, tuple[str, Callable[[Valkey], Any]]] = {
    "a replica": ("READONLY", replica),
    "a full memory": ("OOM", lambda one: configured(one, "maxmemory", "1", "0")),
    "too few replicas": (
        "NOREPLICAS",
        lambda one: configured(one, "min-replicas-to-write", "1", "0"),
    ),
    "no password": ("NOAUTH", lambda one: secret(one, "")),
    "another password": ("WRONGPASS", lambda one: secret(one, ":other@")),
    "no right to one command": ("NOPERM", lambda one: user(one, *GRANTED, "-xadd")),
    "no right to scripts": ("NOPERM", lambda one: user(one, *GRANTED, "-@scripting")),
    "no right to our keys": ("NOPERM", lambda one: user(one, "~other:*", *GRANTED[1:])),
    "no such number": ("DATABASE", lambda one: ExitStackOf(f"{one.url[:-1]}99")),
}


class ExitStackOf(ExitStack):
    """Nothing to set right again."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def __enter__(self) -> str:  # type: ignore[override]
        return self.url


@pytest.fixture(params=WRONG)
def wrong(request: pytest.FixtureRequest, server: Valkey, settings: Settings) -> Iterator[str]:
    """The word of what is refused, of the Redis that the settings name."""
    word, begin = WRONG[request.param]
    server.flush()
    with begin(server) as url:
        settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [url]
        yield word


async def asked(times: int = 1) -> list[tuple[int, dict[str, Any]]]:
    """What a process answers; its database is another matter."""
    state = Health()
    del state.parts["database"]
    request = ProcessRequests({"neartalk": Platform.build(), "health": state}).get("/api/health")
    answers = [await readiness(request) for _ in range(times)]
    await state.finish()
    return [(one.status_code, json.loads(one.content)) for one in answers]


async def test_health_says_that_nobody_can_come_in_and_why_and_the_log_says_it_once(
    wrong: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    for status, told in await asked(times=3):
        assert (status, told["ready"], told["redis"]) == (503, False, False)
        assert told["reasons"]["redis"] == wrong
    client = store_at(settings.REDIS_URLS)
    with pytest.raises(Refused, match="store-refuses"), unknown_when_lost():
        await probe(client)
    await client.aclose()
    [line] = caplog.records
    assert (line.levelno, vars(line)["error"]) == (logging.ERROR, wrong)
    assert PASSWORD not in caplog.text


def test_doctor_says_what_to_do(wrong: str, settings: Settings) -> None:
    [url] = settings.REDIS_URLS
    found = [one for one in doctor_redis.check_redis(url, WAIT_S) if one.severity is Severity.FAULT]
    hints = {one.hint for one in found}
    granted = "ACL SETUSER NAME ~neartalk:* &neartalk:* +@all -@dangerous; our keys"
    wanted = granted if wrong == "NOPERM" else FINAL[wrong].hint
    assert [hint for hint in hints if hint.startswith(wanted)], found
    assert PASSWORD not in str(found)


def test_a_start_says_it_too(server: Valkey, settings: Settings) -> None:
    with secret(server, ":other@") as url:
        settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [url]
        [found] = redis_forgets(None)
    assert found.id == "neartalk.W017"
    assert str(found.hint).startswith("It refuses our user or password. Set REDIS_URL")


async def test_once_it_is_set_right_people_are_let_in(server: Valkey, settings: Settings) -> None:
    settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [server.url]
    with configured(server, "maxmemory", "1", "0"):
        assert [status for status, _ in await asked()] == [503]
    well = {"live": True, "ready": True, "draining": False}
    assert await asked() == [(200, {**well, "records": True, "redis": True, "layer": True})]


async def test_a_lost_connection_is_another_matter(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [f"redis://127.0.0.1:{free_port()}"]
    [(status, told)] = await asked()
    assert (status, told["reasons"]) == (503, {"redis": "no-answer", "layer": "no-answer"})
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    client = connect(settings.REDIS_URLS[0])
    with pytest.raises(Refused, match="store-unavailable"), unknown_when_lost():
        await client.send("GET", "a")
    await client.aclose()


async def test_a_user_who_may_do_what_is_not_dangerous_is_enough(
    server: Valkey,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # However slow Redis is on a machine that does much else.
    monkeypatch.setattr(doctor_redis, "SLOW_MS", WAIT_S * 1000)
    with user(server, *GRANTED) as url:
        settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [url]
        assert [status for status, _ in await asked()] == [200]
        client = connect(url)
        assert await client.run_ids() == []
        # Not asked again: Redis keeps a log of what it denied.
        assert not client.tells_run_id
        await client.aclose()
        found = [*doctor_redis.check_redis(url, WAIT_S)]
        assert {one.severity for one in found} == {Severity.OK}, found
        assert any("INFO is forbidden" in one.message for one in found)
    assert caplog.records == []


async def test_without_a_right_to_our_channels_people_come_in_and_health_says_so(
    server: Valkey, settings: Settings
) -> None:
    with user(server, "~neartalk:*", "+@all", "-@dangerous", "resetchannels") as url:
        settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [url]
        [(status, told)] = await asked()
        assert (status, told["ready"], told["reasons"]) == (200, True, {"layer": "NOPERM"})
        [found] = [
            one for one in doctor_redis.check_redis(url, WAIT_S) if one.severity is Severity.FAULT
        ]
        assert found.message == "Our user may not: use our channels."


async def test_one_master_that_takes_is_enough_and_none_is_not(
    cluster_server: ValkeyCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster_server.settle()
    store = Cluster(cluster_server.url.split(","))
    tags = await store.tags()
    masters = [cluster_server.master_of(named(f"{{{tag}}}:probe")) for tag in tags]
    assert len({id(one) for one in masters}) == len(cluster_server.masters)
    with ExitStack() as stack:
        for at, master in enumerate(masters, 1):
            stack.enter_context(configured(master, "maxmemory", "1", "0"))
            if at < len(masters):
                await probe(store)
        with pytest.raises(Refused, match="store-refuses"), unknown_when_lost():
            await probe(store)
    await store.aclose()


async def test_every_node_of_a_cluster_is_asked_with_the_password(
    cluster_server: ValkeyCluster,
) -> None:
    cluster_server.settle()
    named_with = [url.replace("//", f"//:{WRITTEN}@") for url in cluster_server.url.split(",")]
    gone = f"redis://:{WRITTEN}@127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        for master in cluster_server.masters:
            stack.enter_context(secret(master, ""))
        # One that answers is enough, wherever it stands.
        urls = redis_urls("REDIS_URL", f"{gone},{named_with[1]}", cluster=True)
        store = Cluster(urls)
        for tag in await store.tags():
            await store.send("SET", named(f"{{{tag}}}"), 1)
        await store.aclose()
        stranger = Cluster([cluster_server.url.split(",")[0]] * 2)
        with pytest.raises(Refused, match="store-refuses"), unknown_when_lost():
            await stranger.send("GET", "a")
        await stranger.aclose()


# ---- What is final -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ReadOnlyError("no", status_code="READONLY"), "READONLY"),
        (MovedError("1 127.0.0.1:1", status_code="MOVED"), "MOVED"),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots"), "MISCONF"),
        (ResponseError("DENIED Redis is running in protected mode"), "DENIED"),
        (ResponseError("Error running script: @user_script:5: -OOM command not allowed"), "OOM"),
        (
            ResponseError("Command # 1 (GET a) of pipeline caused error: ('OOM no',)"),
            "OOM",
        ),
        (ResponseError("unknown command 'XADD', with args beginning with: "), "COMMAND"),
        (ResponseError("Command # 1 (GET READONLY) of pipeline caused error: WRONGTYPE"), ""),
        (ResponseError("LOADING Redis is loading the dataset in memory"), ""),
        (ResponseError("CLUSTERDOWN Hash slot not served"), ""),
        (BusyLoadingError("Redis is loading", status_code="LOADING"), ""),
        (Lost("max number of clients reached"), ""),
        (TimeoutError(), ""),
        (ValueError("READONLY"), ""),
    ],
)
def test_what_waiting_may_cure_is_not_final(error: Exception, word: str) -> None:
    assert refusal_of(error) == word
    lost = Lost("no connection")
    lost.__cause__ = error
    assert refusal_of(lost) == word


async def test_what_may_pass_by_itself_is_named_by_health_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def load() -> None:
        raise Lost("no connection") from BusyLoadingError("loading", status_code="LOADING")

    assert await health.Part("redis", load).trouble() == "LOADING"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert passing_of(ResponseError("BUSY Redis is busy running a script")) == "BUSY"
    assert passing_of(Lost("Connection closed by server.")) == ""


def test_a_refusal_that_comes_back_after_a_while_is_logged_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    times_s = iter((0.0, 50.0, 100.0, 150.0, 211.0))
    monkeypatch.setattr("neartalk.redis.refusals.time.monotonic", lambda: next(times_s))
    log = RefusalLog()
    for _ in range(5):
        log.note("OOM")
    assert len(caplog.records) == 2


def test_a_library_that_logs_each_refusal_is_heard_once(caplog: pytest.LogCaptureFixture) -> None:
    def record(error: Exception) -> logging.LogRecord:
        info = (type(error), error, None)
        return logging.LogRecord("channels_redis", logging.ERROR, "", 0, "why", None, info)

    once = RefusalsOnce()
    denied = ResponseError("NOPERM No permissions to access a channel")
    assert [once.filter(record(denied)) for _ in range(3)] == [False] * 3
    assert once.filter(record(Lost("lost")))
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("error", "code", "retry_after"),
    [
        (ReadOnlyError("no", status_code="READONLY"), "store-refuses", 30),
        (Lost("Connection closed by server."), "store-unavailable", 2),
    ],
)
def test_clients_are_told_to_wait_longer_for_what_somebody_must_set_right(
    error: Exception, code: str, retry_after: int
) -> None:
    with pytest.raises(Refused) as refused, unknown_when_lost():
        raise error
    assert (refused.value.code, refused.value.retry_after) == (code, retry_after)


def test_whoever_is_refused_for_good_is_not_told_that_it_is_tried_again() -> None:
    for code in ("store-refuses", ON_ARRIVAL["store-refuses"]):
        assert "again" not in CODES[code].words
        assert CODES[code].status == 503
    assert CODES[ON_ARRIVAL["store-refuses"]].close == 1013


def test_the_probe_tries_every_command_that_a_script_calls() -> None:
    tried = {str(command[0]) for command in commands("0")} | {"TIME"}
    scripts = [path.read_text() for path in ROOT.glob("*/**/lua/*.lua")]
    assert scripts
    called = {
        part.split("'")[1]
        for text in scripts
        for part in text.split("call(")[1:]
        if part.startswith("'")
    }
    assert called - tried == set()
