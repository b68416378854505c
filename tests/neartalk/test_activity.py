"""Activity by hour and area: areas of fewer than 5 people are counted as elsewhere."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from threading import Barrier
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from chat.history import MemoryHistory
from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.limits import Rules
from neartalk.models import HourlyActivity
from neartalk.records import activity as counting
from neartalk.records import rounds as module
from neartalk.records.activity import ELSEWHERE, HOUR_MS, Activity, HourArea, HourTotals
from neartalk.records.database import with_own_connection
from neartalk.records.rounds import Records
from neartalk.records.rows import add_activity
from presence.registry import MemoryRegistry
from tests.support.client import HERE, north, person
from tests.support.clocks import ManualClock
from tests.support.processes import HERE as CORNER
from tests.support.processes import Process, never, settled
from tests.support.processes import person as somebody
from tests.support.prompt_server import PromptServer
from tests.support.waiting import WAIT_S
from tests.voice.processes import two_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.support.servers import Postgres, Server

HOUR = 1_800_000_000_000 // HOUR_MS * HOUR_MS
ADMIN = "/admin/neartalk/hourlyactivity/"
RECORDS = pytest.mark.django_db(transaction=True)
BERLIN, PARIS, ROME = "u33d", "u09t", "sr2y"


@pytest.fixture
def day() -> ManualClock:
    return ManualClock(HOUR)


@pytest.fixture
def activity(day: ManualClock) -> Activity:
    return Activity(day)


def come(activity: Activity, count: int, cell: str, start: int = 0) -> None:
    for number in range(start, start + count):
        activity.count_person(f"person-{number}", cell)


def published(activity: Activity) -> dict[str, HourTotals]:
    return {key.area: figures for key, figures in activity.pop_finished().items()}


# ---- Counting ------------------------------------------------------------------------------------


def test_an_hour_is_told_once_and_only_when_it_is_over(
    activity: Activity, day: ManualClock
) -> None:
    come(activity, 6, BERLIN)
    come(activity, 6, BERLIN)
    counters = (activity.count_session, activity.count_message, activity.count_voice_minute)
    for count, happens in enumerate(counters, 1):
        for _ in range(count):
            happens(BERLIN)
    assert activity.pop_finished() == {}
    day.now_ms += HOUR_MS
    come(activity, 5, BERLIN)
    assert activity.pop_finished() == {HourArea(HOUR, BERLIN): HourTotals(6, 1, 2, 3)}
    assert activity.pop_finished() == {}
    day.now_ms += HOUR_MS
    assert activity.pop_finished() == {HourArea(HOUR + HOUR_MS, "u33d"): HourTotals(people=5)}


def test_the_peak_is_the_most_who_were_here_in_one_minute(
    activity: Activity, day: ManualClock
) -> None:
    for count in (3, 5, 2):
        activity.count_present((f"person-{number}", BERLIN) for number in range(count))
    day.now_ms += HOUR_MS
    assert published(activity) == {BERLIN: HourTotals(people=5, peak=5)}


def test_what_happens_counts_under_the_hour_in_which_it_began(
    activity: Activity, day: ManualClock
) -> None:
    counted = []
    for hour, minutes in ((0, 0), (1, 59), (3, 30)):
        day.now_ms = HOUR + hour * HOUR_MS + minutes * 60_000
        come(activity, 5 + hour, BERLIN)
        counted.append((HourArea(HOUR + hour * HOUR_MS, BERLIN), 5 + hour))
    day.now_ms += HOUR_MS
    found = activity.pop_finished()
    assert [(key, figures.people) for key, figures in found.items()] == counted


def test_who_was_here_is_forgotten_with_the_hour_even_if_nobody_takes_it(
    activity: Activity, day: ManualClock
) -> None:
    come(activity, 9, BERLIN)
    day.now_ms += HOUR_MS
    activity.count_message(BERLIN)
    assert "person-" not in str(vars(activity) | {"waiting": activity.waiting})


def test_what_is_remembered_of_an_hour_has_bounds(
    activity: Activity, day: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SEEN_MAX", "AREAS_MAX", "WAITING_MAX"):
        monkeypatch.setattr(counting, name, 20)
    for number in range(1000):
        activity.count_person(f"person-{number}", BERLIN)
        activity.count_message(f"{number:04}")
    assert len(activity.areas["u33d"].people) == 20
    assert len(activity.areas) == 21
    assert sum(counts.messages for counts in activity.areas.values()) == 1000
    for number in range(1000):
        activity.put_back({HourArea(HOUR, f"{number:04}"): HourTotals(5, messages=1)})
    assert len(activity.waiting) == 21
    assert sum(figures.messages for figures in activity.waiting.values()) == 1000


# ---- Fewer than 5 --------------------------------------------------------------------------------


def test_an_area_of_fewer_than_5_people_is_told_as_elsewhere(
    activity: Activity, day: ManualClock
) -> None:
    come(activity, 5, BERLIN)
    come(activity, 4, PARIS, start=5)
    come(activity, 1, ROME, start=9)
    for cell in (BERLIN, PARIS, PARIS, ROME):
        activity.count_message(cell)
    day.now_ms += HOUR_MS
    assert published(activity) == {
        BERLIN: HourTotals(5, messages=1),
        ELSEWHERE: HourTotals(5, messages=3),
    }


def test_elsewhere_may_be_anywhere_and_is_told_of_however_few_there_were(
    activity: Activity, day: ManualClock
) -> None:
    come(activity, 5, BERLIN)
    come(activity, 4, PARIS, start=5)
    activity.count_message(PARIS)
    activity.count_session(ROME)
    day.now_ms += HOUR_MS
    assert published(activity) == {
        BERLIN: HourTotals(people=5),
        ELSEWHERE: HourTotals(4, sessions=1, messages=1),
    }
    day.now_ms += HOUR_MS
    assert published(activity) == {}


def test_who_wanders_through_5_areas_is_one_person(activity: Activity, day: ManualClock) -> None:
    for area in ("u33d", "u336", "u333", "u339", "u33e"):
        activity.count_present([("person-0", area)])
    day.now_ms += HOUR_MS
    assert published(activity) == {ELSEWHERE: HourTotals(people=1, peak=1)}
    for area in ("u33d", "u336", "u333"):
        activity.count_present((f"person-{number}", area) for number in range(4))
        activity.count_present([("person-4", area)])
    day.now_ms += HOUR_MS
    assert published(activity) == {
        area: HourTotals(people=5, peak=4) for area in ("u33d", "u336", "u333")
    }
    for area in ("u33d", "u336", "u333"):
        activity.count_present((f"person-{number}", area) for number in range(4))
    activity.count_person("person-4", ROME)
    day.now_ms += HOUR_MS
    assert published(activity) == {ELSEWHERE: HourTotals(people=5, peak=5)}


def test_two_hours_of_few_people_are_not_told_as_one_of_many(
    activity: Activity, day: ManualClock
) -> None:
    come(activity, 4, BERLIN)
    day.now_ms += HOUR_MS
    come(activity, 4, BERLIN, start=4)
    day.now_ms += HOUR_MS
    assert {key.area for key in activity.pop_finished()} == {ELSEWHERE}


# ---- The database --------------------------------------------------------------------------------


@pytest.fixture
def processes(each_database: str, day: ManualClock) -> Iterator[list[Records]]:
    """Two of them, on one clock."""
    found = [Records(Rules()), Records(Rules())]
    for one in found:
        one.activity = Activity(day)
    yield found
    for one in found:
        one.database.executor.shutdown()


@sync_to_async
def rows() -> dict[str, tuple[int, ...]]:
    fields = ("people", "sessions", "messages", "voice_minutes", "peak")
    return {
        area: tuple(rest) for area, *rest in HourlyActivity.objects.values_list("area", *fields)
    }


@RECORDS
async def test_each_process_adds_to_an_area_what_it_counted_of_5_people_or_more_there(
    processes: list[Records], day: ManualClock
) -> None:
    first, second = (one.activity for one in processes)
    for one, berlin, paris in ((first, 7, 3), (second, 4, 6)):
        one.count_present((f"person-{number}", BERLIN) for number in range(berlin))
        one.count_present((f"person-{number}", PARIS) for number in range(10, 10 + paris))
        one.count_message(BERLIN)
        one.count_message(PARIS)
    first.count_person("person-20", ROME)
    first.count_person("person-21", ROME)
    day.now_ms += HOUR_MS
    for process in processes:
        await process.write_activity()
        await process.write_activity()
    # 3 in Paris and 2 in Rome by the first, 4 in Berlin by the second.
    assert await rows() == {
        "u33d": (7, 0, 1, 0, 7),
        "u09t": (6, 0, 1, 0, 6),
        ELSEWHERE: (9, 0, 2, 0, 7),
    }
    come(first, 5, BERLIN)
    day.now_ms = HOUR
    come(second, 5, BERLIN)
    second.count_voice_minute(BERLIN)
    day.now_ms += HOUR_MS
    await processes[1].write_activity()
    assert (await rows())["u33d"] == (12, 0, 1, 1, 7)
    hours = [row.hour async for row in HourlyActivity.objects.all()]
    assert hours == [datetime.fromtimestamp(HOUR / 1000, UTC)] * 3


@RECORDS
async def test_what_could_not_be_written_is_written_later_and_once(
    processes: list[Records], day: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = processes[0]

    def breaks(self: Any, **fields: Any) -> None:
        raise OperationalError

    for _ in range(2):
        come(one.activity, 5, BERLIN)
        one.activity.count_message(BERLIN)
        day.now_ms += HOUR_MS
    with monkeypatch.context() as broken:
        broken.setattr("django.db.models.query.QuerySet.update", breaks)
        with pytest.raises(Refused):
            await one.write_activity()
    assert await rows() == {}
    await one.write_activity()
    await one.write_activity()
    assert [row.messages async for row in HourlyActivity.objects.all()] == [1, 1]


@RECORDS
@pytest.mark.parametrize("each_database", ["postgresql"], indirect=True)
def test_two_processes_that_write_at_once_lose_nothing(each_database: str) -> None:
    areas = [f"{number:04}" for number in range(100)]
    ready = Barrier(2, timeout=20)
    figures = HourTotals(5, 1, 2, 3, 4)

    def write(areas: list[str]) -> None:
        for _ in range(5):
            ready.wait(WAIT_S)
            with_own_connection(add_activity, {HourArea(HOUR, area): figures for area in areas})

    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(write, areas), both.submit(write, areas[::-1])]:
            done.result(WAIT_S)
    found = HourlyActivity.objects.values_list("people", "messages", "peak")
    assert [*found] == [(50, 20, 40)] * 100


@pytest.mark.django_db
def test_the_admin_shows_hours_and_changes_none(
    admin_client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path  # whitenoise warns of a folder that is not there
    hour = datetime.fromtimestamp(HOUR / 1000, UTC)
    row = HourlyActivity.objects.create(hour=hour, area=ELSEWHERE, people=17)
    HourlyActivity.objects.create(hour=hour, area="u33d", people=1234)
    page = admin_client.get(ADMIN).content.decode()
    assert all(told in page for told in ("elsewhere", ">17<", "u33d", ">1234<"))
    assert admin_client.get(f"{ADMIN}add/").status_code == 403
    assert admin_client.post(f"{ADMIN}{row.pk}/change/", {"people": 1}).status_code == 403
    assert admin_client.post(f"{ADMIN}{row.pk}/delete/", {"post": "yes"}).status_code == 403


# ---- What is counted -----------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, day: ManualClock) -> Activity:
    """What this process counts, in a process whose rounds the test calls."""
    monkeypatch.setattr(Background, "_round", never)
    activity = Activity(day)
    monkeypatch.setattr(module, "Activity", lambda: activity)
    return activity


async def test_people_count_as_they_come_and_while_they_stay_and_messages_once(
    counted: Activity, day: ManualClock
) -> None:
    process = Process(MemoryRegistry(), MemoryHistory())
    sockets = [
        await process.join(await somebody(process.hub.registry, f"p{number}", CORNER))
        for number in range(5)
    ]
    await process.feed.sender.send(sockets[0], "hello", "ref-00000001")
    await process.feed.sender.send(sockets[0], "hello", "ref-00000001")
    day.now_ms += HOUR_MS
    await process.hub.rounds.count_people()
    process.hub.exit(sockets[0])
    await process.hub.rounds.count_people()
    day.now_ms += HOUR_MS
    found = [*counted.pop_finished().values()]
    assert found == [HourTotals(people=5, messages=1), HourTotals(people=5, peak=5)]
    await settled(process)
    await process.hub.stop()


async def test_each_minute_in_voice_counts(counted: Activity) -> None:
    async with two_processes() as both:
        await both.strangers()
        for process in (both.first, both.second, both.first):
            await process.hub.repair.count()
    assert [counts.voice_minutes for counts in counted.areas.values()] == [3]


# ---- A server ------------------------------------------------------------------------------------


class LongHourServer(PromptServer):
    """Whose hour does not end while a test runs."""

    more = "from neartalk.records import activity\nactivity.HOUR_MS = 10**12"


async def begin(stack: AsyncExitStack, **env: str) -> Server:
    server = LongHourServer("uvicorn", env)
    stack.callback(server.close)
    await asyncio.to_thread(server.migrate)
    return await asyncio.to_thread(server.start)


async def test_a_server_counts_while_its_database_hangs_and_writes_before_it_ends(
    own_postgres: Callable[[], Postgres],
) -> None:
    database = own_postgres()
    url = database.create("neartalk")
    async with AsyncExitStack() as stack:
        server = await begin(stack, DATABASE_URL=url, RATE_LIMITS_SCALE="1000")
        people = [
            await stack.enter_async_context(person(server, *north(HERE, at % 2))) for at in range(4)
        ]
        await people[0].move(*north(HERE, 1), 1000)
        await people[0].send_text("before")
        database.pause()
        people.append(await stack.enter_async_context(person(server, *HERE)))
        for one in people:
            await one.send_text(f"meanwhile, {one.name}")
        database.resume()
        assert await asyncio.to_thread(server.terminate) == 0
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT area, people, sessions, messages FROM neartalk_hourlyactivity"
        ).fetchall()
    assert found == [("u33d", 5, 5, 6)]


async def test_a_server_never_writes_where_fewer_than_5_people_were() -> None:
    async with AsyncExitStack() as stack:
        server = await begin(stack)
        async with person(server, *HERE) as alice, person(server, *HERE) as bob:
            await alice.send_text("one")
            await bob.send_text("two")
            await asyncio.to_thread(server.terminate)
        assert activity_of(server) == [("", 2, 2, 2)]


def activity_of(server: Server) -> list[Any]:
    with sqlite3.connect(server.folder / "db.sqlite3") as connection:
        return connection.execute(
            "SELECT area, people, sessions, messages FROM neartalk_hourlyactivity"
        ).fetchall()
