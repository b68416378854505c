"""Whether a process is alive, whether people may be sent to it, and which part is away: told by its
kind alone, whatever hangs."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
from django.core.exceptions import DisallowedHost
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory

from neartalk.http import health
from neartalk.http.health import Health, Part
from neartalk.http.middleware import Probes
from neartalk.parts import Platform
from neartalk.records import WAITING_MAX
from tests.support.process_client import ProcessRequests
from tests.support.servers import free_port
from tests.support.waiting import WAIT_S, within

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

SECRET = "10.1.2.3 alice hunter2"
READY, LIVE = "/api/health", "/api/health/live"


@pytest.fixture(autouse=True)
def database() -> Part:
    async def ask() -> None: ...

    return Part("database", ask)


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, database: Part) -> dict[str, Any]:
    """Of a process whose database is the test's."""
    health = Health()
    health.parts["database"] = database
    found = {"neartalk": Platform.build(), "health": health}
    monkeypatch.setitem(globals(), "AsyncRequestFactory", partial(ProcessRequests, found))
    return found


@pytest.fixture
def lost_redis(settings: Settings, state: dict[str, Any]) -> None:
    settings.REDIS_URLS = [f"redis://:{SECRET.rsplit(maxsplit=1)[-1]}@127.0.0.1:{free_port()}"]
    state["health"].parts["redis"] = Health().parts["redis"]


async def answered_by_name(request: HttpRequest) -> HttpResponse:
    """What lies behind: it looks by which name it was asked."""
    return HttpResponse(request.get_host())


async def probed(request: HttpRequest) -> HttpResponse:
    probes: Any = Probes(answered_by_name)
    return cast(HttpResponse, await probes(request))


async def asked(path: str, **headers: str) -> tuple[int, dict[str, Any]]:
    request = AsyncRequestFactory().get(path, headers=headers)
    answer = await probed(request)
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Length"] == str(len(answer.content))  # chunks are unknown to HTTP/1.0
    return answer.status_code, json.loads(answer.content)


async def test_where_all_is_well_people_may_be_sent() -> None:
    assert await asked(READY) == (
        200,
        {"live": True, "ready": True, "draining": False, "records": True, "database": True},
    )


async def test_a_database_that_is_away_is_told_without_its_words(
    database: Part, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise OperationalError(SECRET)

    database.ask = fail
    status, told = await asked(READY)
    assert (status, told["ready"], told["database"]) == (200, True, False)
    [line] = caplog.records
    assert (line.part, line.error) == ("database", "OperationalError")  # type: ignore[attr-defined]
    assert SECRET not in f"{line.getMessage()} {line.args}"


async def test_a_redis_that_is_away_lets_nobody_be_sent_and_leaves_the_process_alive(
    lost_redis: None, caplog: pytest.LogCaptureFixture
) -> None:
    status, told = await asked(READY)
    assert (status, told["ready"], told["redis"], told["database"]) == (503, False, False, True)
    [line] = caplog.records
    assert (line.part, line.error) == ("redis", "ConnectionError")  # type: ignore[attr-defined]
    assert await asked(LIVE) == (200, {"live": True})


async def test_a_process_that_drains_is_alive_and_not_ready(state: dict[str, Any]) -> None:
    state["neartalk"].draining.set()
    status, told = await asked(READY)
    assert (status, told["ready"], told["draining"]) == (503, False, True)
    assert await asked(LIVE) == (200, {"live": True})


async def test_a_queue_of_records_that_is_full_is_told(state: dict[str, Any]) -> None:
    state["neartalk"].records.queue.waiting.extend([None] * WAITING_MAX)
    status, told = await asked(READY)
    assert (status, told["records"]) == (200, False)


async def test_a_part_that_hangs_is_asked_once_whoever_wants_to_know(
    database: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_times, opened = 0, asyncio.Event()

    async def hang() -> None:
        nonlocal asked_times
        asked_times += 1
        await within(opened.wait(), "the test lets the part answer")

    monkeypatch.setattr(health, "TIMEOUT_S", 0.01)
    monkeypatch.setattr(health, "FRESH_S", -1)
    database.ask = hang
    assert await asyncio.gather(*(database.trouble() for _ in range(5))) == ["no-answer"] * 5
    assert await database.trouble()
    assert asked_times == 1
    opened.set()
    monkeypatch.setattr(health, "TIMEOUT_S", 10)
    assert not await database.trouble()
    assert asked_times == 1


async def test_an_answer_holds_for_a_moment_only(
    database: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "FRESH_S", WAIT_S)
    assert not await database.trouble()

    async def fail() -> None:
        raise OperationalError

    database.ask = fail
    assert not await database.trouble()
    monkeypatch.setattr(health, "FRESH_S", -1)
    assert await database.trouble() == "no-answer"


@pytest.mark.parametrize("path", [READY, LIVE])
async def test_a_probe_needs_no_name_of_ours(settings: Settings, path: str) -> None:
    settings.ALLOWED_HOSTS = ["example.org"]
    assert (await asked(path, host="10.1.2.3:8080"))[0] == 200
    with pytest.raises(DisallowedHost):
        await probed(AsyncRequestFactory().get("/", headers={"host": "10.1.2.3"}))
