"""Every report that was answered becomes one row, whatever happens to the database."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import OperationalError

import chat.views
from chat.models import Report
from chat.reports import rows
from chat.reports.filing import FiledReport
from neartalk.codes import Refused
from neartalk.models import Sanction
from neartalk.text import MESSAGE_POINTS_MAX, NAME_POINTS_MAX
from tests.chat.reporting_process import (
    in_memory,
    texts,
)

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings


pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("much_may_be_said")]


async def test_a_report_made_while_the_database_is_away_is_written_once_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        message_id = await alice.send("A dreadful word.")
        with monkeypatch.context() as broken:
            broken.setattr(Report.objects, "get_or_create", lost)
            assert (await bob.report(alice, message_id)).status_code == 201
            assert (await bob.report(alice)).status_code == 201
            with pytest.raises(Refused):
                await reporting.records.queue.write_waiting()
        assert await Report.objects.acount() == 0
        await reporting.records.queue.write_waiting()
    assert [texts(one) async for one in Report.objects.order_by("id")] == [["A dreadful word."], []]


async def test_a_report_whose_answer_was_lost_is_written_once_and_mutes_once(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.REPORTS_TO_MUTE = 1
    written, tries = rows.save_report, []

    def save_report(report: FiledReport) -> None:
        written(report)
        tries.append(report)
        if len(tries) == 1:
            raise OperationalError("the connection broke after the commit")

    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        monkeypatch.setattr(chat.views, "save_report", save_report)
        await bob.report(alice)
        await reporting.records.queue.write_waiting()
    assert (len(tries), await Report.objects.acount(), await Sanction.objects.acount()) == (2, 1, 1)


async def test_a_tile_is_kept_for_as_long_as_its_message_lives_though_the_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[int] = []
    shelf = SimpleNamespace(set=lambda key, tile, left_s: kept.append(left_s))
    monkeypatch.setattr("chat.reports.rows.cache", shelf)
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        message_id = await alice.send("A dreadful word.")
        with monkeypatch.context() as broken:
            broken.setattr(Report.objects, "get_or_create", lost)
            await bob.report(alice, message_id)
            with pytest.raises(Refused):
                await reporting.records.queue.write_waiting()
        set_back_ns = time.time_ns() - 600_000_000_000
        monkeypatch.setattr(time, "time_ns", lambda: set_back_ns)
        await reporting.records.queue.write_waiting()
    (left_s,) = kept
    assert 0 < left_s <= settings.MESSAGE_LIFE_SECONDS


async def test_where_too_many_wait_the_reporter_is_told_and_nothing_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("neartalk.records.write_queue.WAITING_MAX", 2)
    async with in_memory() as reporting:
        alice = await reporting.join("alice")
        with monkeypatch.context() as broken:
            broken.setattr(Report.objects, "get_or_create", lost)
            people = [await reporting.join(name) for name in ("bob", "dora", "erik")]
            answers = [await one.report(alice) for one in people]
        assert [one.status_code for one in answers] == [201, 201, 503]
        assert json.loads(answers[-1].content)["code"] == "store-unavailable"
        await reporting.records.queue.write_waiting()
    assert await Report.objects.acount() == 2


def lost(**fields: Any) -> None:
    raise OperationalError


def test_a_report_has_room_for_the_longest_name_and_words() -> None:
    """PostgreSQL refuses a row that is longer: the report would never be written."""
    assert Report._meta.get_field("name").max_length == NAME_POINTS_MAX
    assert Report._meta.get_field("words").max_length == MESSAGE_POINTS_MAX
