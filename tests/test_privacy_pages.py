"""The pages about privacy say what settings and code do."""

from __future__ import annotations

import inspect
import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from django.conf import settings as ours
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import resolve

from chat.reports import EARLIER_MAX
from neartalk.asgi import build
from neartalk.records import retention_rules
from neartalk.records.activity import FEW
from presence.delivery.recent_subscriptions import PLACES_MAX
from presence.sessions import DEVICE_S
from voice.callers import DECLINED_MS
from voice.ice import LIFE_S

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from pytest_django import Settings

PAGE = Path(__file__).resolve().parent.parent / "docs/privacy.md"
UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}


async def answer(path: str) -> HttpResponseBase:
    """What a view says at an address, without what stands before it."""
    found = resolve(path)
    response = found.func(RequestFactory(state=build()).get(path))
    return cast("HttpResponseBase", await response if inspect.isawaitable(response) else response)


async def page(path: str = "/privacy") -> str:
    """What a visitor reads there."""
    shown = await answer(path)
    assert isinstance(shown, HttpResponse)
    return shown.content.decode()


async def words_of_page() -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", await page()).split())


def length_of(name: str) -> timedelta:
    """A time that the code holds: a setting's, or that of `module.NAME`."""
    module, _, constant = name.rpartition(".")
    value = getattr(import_module(module) if module else ours, constant)
    if isinstance(value, timedelta):
        return value
    unit = constant.rpartition("_")[2]
    return (
        value
        * {
            "DAYS": timedelta(days=1),
            "SECONDS": timedelta(seconds=1),
            "S": timedelta(seconds=1),
            "MS": timedelta(milliseconds=1),
        }[unit]
    )


async def test_every_time_on_the_page_for_visitors_follows_its_setting(
    settings: Settings,
) -> None:
    settings.MESSAGE_LIFE_SECONDS, settings.SESSION_IDLE_SECONDS = 41 * 60, 42 * 60
    settings.EVIDENCE_DAYS, settings.REPORTS_KEPT_DAYS = 43, 44
    settings.HITS_KEPT_DAYS, settings.SANCTIONS_KEPT_DAYS = 45, 46
    settings.ACTIVITY_KEPT_DAYS, settings.ADMIN_LOG_KEPT_DAYS = 47, 48
    text = await words_of_page()
    for words in (
        "deleted 41 minutes after it was sent",
        "for 42 quiet minutes",
        "The copy 43 days. That there was a report, and why, 44 days more.",
        "45 days, in the records",
        "Until 46 days after their end",
        "47 days. It names nobody.",
        "written down for 48 days",
    ):
        assert words in text
    assert "30 minutes" not in text


async def test_the_figures_that_no_setting_moves_are_those_of_the_code() -> None:
    text = await words_of_page()
    assert "a “not now” for 10 minutes" in text
    assert DECLINED_MS == 10 * 60_000
    assert "begins calls for 10 minutes" in text
    assert LIFE_S == 10 * 60
    assert f"a random number for {DEVICE_S // 86_400} days" in text
    assert (EARLIER_MAX, FEW) == (5, 5)
    assert "up to five you said before it" in text
    assert "fewer than five people" in text


def test_the_docs_say_how_many_places_a_socket_leaves_behind() -> None:
    assert f"the last {PLACES_MAX} blocks" in PAGE.read_text()


def test_every_time_in_the_docs_is_that_of_the_code() -> None:
    told = re.findall(r"(\d+) (minutes|hours|days) \(`([\w.]+)`\)", PAGE.read_text())
    assert [row for row in told if int(row[0]) * UNITS[row[1]] != length_of(row[2])] == []
    assert {kept.days for kept in retention_rules() if kept.days} <= {name for _, _, name in told}


@pytest.mark.parametrize("path", ["/", "/privacy", "/rules"])
async def test_every_page_of_words_leads_there(path: str) -> None:
    assert 'href="/privacy"' in await page(path)


async def test_the_page_is_found_where_it_was() -> None:
    moved = await answer("/kept")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/privacy")
