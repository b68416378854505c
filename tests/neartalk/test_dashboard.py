"""How today is beside a week ago, and what stands out of what is usual."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from asgiref.sync import sync_to_async

from neartalk.limits import DOUBTS, ProxyDoubt
from neartalk.models import HourlyActivity, HourlyHits, RateLimitHit, Sanction
from neartalk.operators import refusals
from neartalk.operators.dashboard import bans_ending
from neartalk.operators.weekly_comparison import activity_figures
from neartalk.parts import Platform
from tests.support.operators import operator, sanction
from tests.support.process_client import ProcessClient

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from neartalk.operators.refusals import Refusals

# A Monday, a quarter past eight in the evening.
NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0, minute=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY

pytestmark = pytest.mark.django_db


def active(hour: datetime, area: str = "", **counts: int) -> None:
    HourlyActivity.objects.create(hour=hour, area=area, **counts)


def refused(rule: str, hour: datetime, count: int) -> None:
    HourlyHits.objects.create(rule=rule, hour=hour, count=count)


def lately() -> dict[str, Refusals]:
    found = refusals.refusals_by_rule(NOW, lambda rule, hour: f"/{rule}/{hour:%H}")
    return {one.rule: one for one in found}


def test_today_is_compared_with_the_same_hours_of_the_same_weekday() -> None:
    active(MIDNIGHT + 3 * HOUR, "u33d", messages=10, people=4)
    active(MIDNIGHT + 3 * HOUR, messages=5, people=3)
    active(MIDNIGHT + 20 * HOUR, messages=1, people=5)
    active(MIDNIGHT - WEEK + 3 * HOUR, messages=8, people=9)
    # Neither the hour that runs nor what came later that day is compared.
    active(MIDNIGHT - WEEK + 20 * HOUR, messages=8, people=8)
    active(MIDNIGHT - WEEK + 21 * HOUR, messages=1000, people=1000)
    active(MIDNIGHT - DAY, messages=1000, people=1000)
    people, _, messages, _ = activity_figures(NOW)
    assert (messages.today, messages.before) == (15, 8)
    assert messages.by == MIDNIGHT + 20 * HOUR
    assert messages.beside == "88 % more than last week by then (8)"
    assert "20:00: not told yet, 8 then" in messages.chart
    assert (people.today, people.before) == (7, 9), "of the busiest hour"


def test_who_is_here_in_the_hour_that_runs_is_not_taken_for_nobody() -> None:
    for at in range(24):
        active(MIDNIGHT - WEEK + at * HOUR, people=100)
    for at in range(20):
        active(MIDNIGHT + at * HOUR, people=100)
    assert activity_figures(NOW)[0].beside == "as many as last week by then (100)"
    # The processes write what they counted a little after the hour.
    soon = MIDNIGHT + 21 * HOUR + timedelta(seconds=30)
    assert activity_figures(soon)[0].by == MIDNIGHT + 20 * HOUR
    early = activity_figures(MIDNIGHT + timedelta(minutes=30))[0]
    assert (early.value, early.by, early.beside) == ("0", MIDNIGHT, "no hour is told yet")
    assert "00:00: not told yet, 100 then" in early.chart


def test_refusals_take_the_share_of_the_hour_that_is_over() -> None:
    refused("chat.send", MIDNIGHT + 20 * HOUR, 3)
    refused("chat.send", MIDNIGHT - WEEK + 20 * HOUR, 8)
    found = lately()["chat.send"]
    assert (found.today, found.before) == (3, 2)


def test_no_area_is_named() -> None:
    active(MIDNIGHT, "u33d", messages=10)
    assert not any("u33d" in one.chart for one in activity_figures(NOW))


def test_nothing_last_week_is_no_division_by_nothing() -> None:
    assert {one.beside for one in activity_figures(NOW)} == {"none last week either"}
    active(MIDNIGHT, messages=1)
    assert activity_figures(NOW)[2].beside == "none last week by then"


def test_an_hour_far_above_the_same_hour_of_the_days_before_stands_out() -> None:
    for days in range(8):
        for rule, count in (("chat.send", 30), ("voice.ice", 2), ("place.move", 30)):
            refused(rule, MIDNIGHT + 19 * HOUR - days * DAY, count)
    HourlyHits.objects.filter(rule="chat.send", hour=MIDNIGHT + 19 * HOUR).update(count=91)
    HourlyHits.objects.filter(rule="place.move", hour=MIDNIGHT + 19 * HOUR).update(count=90)
    HourlyHits.objects.filter(rule="voice.ice", hour=MIDNIGHT + 19 * HOUR).update(count=19)
    found = lately()
    assert {rule: len(one.far) for rule, one in found.items()} == {
        "chat.send": 1,
        "place.move": 0,
        "voice.ice": 0,
    }
    assert next(iter(found)) == "chat.send", "what stands out comes first"
    assert 'href="/chat.send/19"' in found["chat.send"].chart
    assert "href" not in found["place.move"].chart


def test_one_bad_evening_does_not_make_the_next_one_usual() -> None:
    refused("chat.send", MIDNIGHT + 19 * HOUR, 500)
    refused("chat.send", MIDNIGHT + 19 * HOUR - DAY, 900)
    assert len(lately()["chat.send"].far) == 1


def test_rules_that_refused_nothing_for_a_day_are_only_named() -> None:
    refused("chat.send", MIDNIGHT - 2 * DAY, 500)
    refused("place.move", MIDNIGHT, 1)
    found = lately()
    assert [*found] == ["place.move"]
    assert "chat.send" in refusals.quiet(found.values())
    assert "place.move" not in refusals.quiet(found.values())


def test_who_was_refused_most_in_the_last_hour_comes_first() -> None:
    for subject, minutes, count in (("a", 5, 3), ("b", 9, 9), ("a", 30, 7), ("c", 61, 1000)):
        RateLimitHit.objects.create(
            rule="chat.send",
            subject=subject * 32,
            minute=NOW - timedelta(minutes=minutes),
            count=count,
        )
    assert refusals.subjects(NOW) == [
        ("chat.send", "a" * 32, 10),
        ("chat.send", "b" * 32, 9),
    ]


def test_bans_that_end_within_a_day_are_listed_and_no_others() -> None:
    soon = sanction(kind="ban", until=NOW + 23 * HOUR)
    sooner = sanction(kind="ban", until=NOW + HOUR)
    sanction(kind="ban", until=NOW + 25 * HOUR)
    sanction(kind="ban", until=NOW - HOUR)
    sanction(kind="ban", until=NOW + HOUR, lifted=NOW)
    sanction(kind=Sanction.Kind.MUTE, until=NOW + HOUR)
    assert bans_ending(NOW) == [sooner, soon]


# ---- Proxies -------------------------------------------------------------------------------------


async def test_the_first_page_says_where_limits_count_the_wrong_people(
    settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    platform = Platform.build()
    user = await sync_to_async(operator)("mira", "moderator")
    client = ProcessClient({"neartalk": platform})
    await client.aforce_login(user)
    assert "Limits count the wrong people" not in (await client.get("/admin/")).content.decode()
    scope = {"client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
    assert await platform.origins.of(scope) == {}
    page = (await client.get("/admin/")).content.decode()
    assert "Limits count the wrong people" in page
    assert DOUBTS[ProxyDoubt.UNCOUNTED].hint in page
    assert "203.0.113.9" not in page
