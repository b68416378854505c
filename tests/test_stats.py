"""manage.py stats: how much there is, without walking over all of it."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import redis
from django.core.management import CommandError, call_command
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from chat.history.stream import stream_key
from chat.models import Report
from neartalk.management.commands import stats
from neartalk.models import HourlyHits
from neartalk.redis import named
from neartalk.redis.client import connect
from neartalk.stats import redis as redis_module
from neartalk.stats.server import metrics, parts_away
from presence.geo import cell_at, tile_of
from presence.registry import RedisRegistry
from presence.values import Place
from tests.support.servers import free_port
from voice.callers.redis import district_key

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from neartalk.stats import Stat

pytestmark = pytest.mark.django_db(transaction=True)

HERE, THERE = (cell_at(52.52, lon) for lon in (13.40, 13.60))
URL = "http://server"


def run(*args: str) -> str:
    out = StringIO()
    call_command("stats", *args, stdout=out)
    return out.getvalue()


def stats_by_name(*args: str) -> dict[tuple[str, str], Any]:
    return {(one["of"], one["what"]): one for one in json.loads(run(*args, "--json"))}


def values(*args: str) -> dict[str, Any]:
    return {what: one["value"] for (_, what), one in stats_by_name(*args).items()}


async def settle(url: str) -> None:
    """Three people of one process in two tiles."""
    client: Any = connect(url)
    registry = RedisRegistry(client)
    await registry.renew("one")
    for name, cell in (("alice", HERE), ("bob", HERE), ("carol", THERE)):
        await registry.open(name, name)
        await registry.place(name, Place(cell, 500), "one")
    await registry.open("dave", "dave")
    await client.aclose()


@pytest.fixture
def town(redis_url: str, settings: Settings) -> str:
    settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [redis_url]
    asyncio.run(settle(redis_url))
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(5):
            client.xadd(stream_key(tile_of(HERE)), {"text": "hello"})
        client.sadd(district_key(HERE[:5]), "alice", "bob")
        client.set(named("{voice}:caller:alice"), "1:{}")
    return redis_url


def test_who_and_what_is_here_is_counted(town: str) -> None:
    found = values()
    assert found.pop("server processes") == 1
    names = ("sessions", "people", "tiles with people", "messages", "tiles with messages")
    assert [found[name] for name in names] == [4, 3, 2, 5, 1]
    assert found["people in voice"] == 2
    assert found["memory, MB"] > 0
    assert {"commands a second", "clients"} <= found.keys()
    assert not any(one["note"].startswith("about") for one in stats_by_name().values())


def test_of_many_keys_some_are_looked_at_and_the_rest_taken_to_be_like_them(
    town: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis.Redis.from_url(town) as client:
        client.mset({named(f"session:{at:016x}"): "" for at in range(10_000)})
    monkeypatch.setattr(redis_module, "KEYS_MAX", 2000)
    sessions = stats_by_name()["here", "sessions"]
    assert 9000 < sessions["value"] < 11_000
    assert sessions["note"] == "about, by 2,000 keys of each"


def test_no_place_person_or_word_is_told(town: str) -> None:
    both = run() + run("--json")
    secrets = ("alice", "hello", HERE, tile_of(HERE), HERE[:5], tile_of(THERE))
    assert [word for word in secrets if word in both] == []


def test_records_tell_of_refusals_today_and_reports_that_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)  # today does not end meanwhile
    today = now.replace(minute=0, second=0, microsecond=0)
    for rule, count in (("chat.send", 3), ("place.move", 7)):
        HourlyHits.objects.create(rule=rule, hour=today, count=count)
    HourlyHits.objects.create(rule="voice.ice", hour=today - timedelta(days=1), count=1)
    Report.objects.create(person_id="a" * 16, reason="spam", deadline=today)
    Report.objects.create(person_id="b" * 16, reason="spam", deadline=today, state="dismissed")
    found = values()
    assert found["reports that wait"] == 1
    refused = [
        (what, one["value"]) for (of, what), one in stats_by_name().items() if of == "refused today"
    ]
    assert refused == [("place.move", 7), ("chat.send", 3)]


def test_what_is_away_is_said_and_the_rest_told(settings: Settings) -> None:
    settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [f"redis://:secret@127.0.0.1:{free_port()}"]
    server = f"http://127.0.0.1:{free_port()}"
    found = stats_by_name("--url", server)
    assert found["records", "reports that wait"]["value"] == 0
    away = [one["note"] for one in found.values() if one["value"] is None]
    assert away == [
        "does not answer: ConnectionError",
        "Redis does not answer",
        "does not answer: ConnectError",
    ]
    assert "secret" not in run("--url", server)


def test_the_embedded_form_is_asked_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def server(url: str) -> list[Stat]:
        asked.append(url)
        return []

    monkeypatch.setattr(stats, "server_stats", server)
    run()
    run("--url", "http://one:1/", "--url", "http://two:2")
    assert asked == ["http://localhost:8080", "http://one:1", "http://two:2"]


def test_figures_of_a_server_are_read_whatever_their_labels() -> None:
    registry = CollectorRegistry()
    sockets = Gauge("neartalk_sockets", "Open now.", ["kind"], registry=registry)
    for kind, count in (("chat", 3), ("voice", 2)):
        sockets.labels(kind).set(count)
    Counter("neartalk_deliveries", "Written.", registry=registry).inc(70)
    Histogram("neartalk_store_seconds", "Waited.", registry=registry).observe(1)
    Gauge("process_open_fds", "Not ours.", registry=registry).set(9)
    text = generate_latest(registry).decode()
    found = {one.what: one.value for one in metrics(URL, httpx.Response(200, text=text))}
    assert found == {"sockets": 5, "deliveries": 70}
    [refused] = metrics(URL, httpx.Response(404))
    assert (refused.value, refused.note[:14]) == (None, "not told (404)")


def test_a_server_says_which_parts_are_away() -> None:
    ill = httpx.Response(503, json={"live": True, "ready": False, "redis": False})
    assert parts_away(URL, ill)[2:] == (2, "ready, redis")
    assert parts_away(URL, httpx.Response(200, json={"live": True}))[2:] == (0, "")
    other = parts_away(URL, httpx.Response(502, text="Bad Gateway"))
    assert other[2:] == (None, "not answered by NearTalk: 502")


def test_watching_goes_on_until_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "server_stats", lambda url: [])
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    assert run("--watch").count("reports that wait") == 3
    assert waits == [2.0] * 3


@pytest.mark.parametrize("often", ["0", "-1", "soon", "nan"])
def test_it_does_not_watch_without_a_pause(often: str) -> None:
    with pytest.raises(CommandError, match="seconds from"):
        run(f"--watch={often}")
