"""A report of somebody in voice says where it was, and that nothing of it is kept."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from chat.models import Report
from tests.chat.reporting_process import in_memory, row, texts
from tests.support.operators import operator, report

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import Settings

QUEUE = "/admin/chat/report/"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("much_may_be_said")]


async def test_a_report_of_voice_says_so_and_one_of_the_chat_does_not() -> None:
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        await alice.send("Nothing of this goes with it.")
        answer = await bob.report(alice, where="voice", words="She shouts.")
        assert (answer.status_code, answer.content) == (201, b"{}")
        filed = await row()
        assert (filed.where, filed.words, texts(filed)) == ("voice", "She shouts.", [])
        await bob.report(alice)
    assert sorted([one.where async for one in Report.objects.all()]) == ["", "voice"]


async def test_a_report_of_voice_that_is_made_again_is_one_report() -> None:
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        for _ in range(2):
            await bob.report(alice, where="voice")
        assert await Report.objects.acount() == 1


@pytest.mark.parametrize("where", ["chat", "VOICE", "voice ", 1, True, ["voice"], {"in": "voice"}])
async def test_a_place_that_there_is_not_is_refused(where: Any) -> None:
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        answer = await bob.report(alice, where=where)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-frame")
        assert await Report.objects.acount() == 0


def test_a_moderator_sees_that_it_was_in_voice_and_that_there_is_nothing_to_read(
    settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    client = Client()
    client.force_login(operator("mira", "moderator"))
    one = report(reason="harassment", where="voice")
    other = report(reason="hate")
    over = report(where="voice", deadline=timezone.now() - timedelta(days=1))
    page, *others = (
        client.get(f"{QUEUE}{each.pk}/change/").content.decode() for each in (one, other, over)
    )
    assert "Harassment, in voice" in page
    assert "Nothing that is said aloud is recorded" in page
    assert "Harassment, in voice" in client.get(QUEUE).content.decode()
    assert "Harassment, in voice" in client.get("/admin/").content.decode()
    assert "The person was reported, and no message." in others[0]
    assert "Harassment, in voice" in others[0]  # among the other reports of them
    assert "was deleted at the deadline" not in others[1]


def test_a_process_of_the_release_before_writes_its_rows_without_a_place() -> None:
    """As long as both run on one database."""
    fields: dict[str, Any] = {
        **{"made": timezone.now(), "deadline": timezone.now(), "person_id": "b" * 16},
        **{"name": "Bob", "reason": "spam", "words": "", "message_id": "", "seal": ""},
        **{"subject": "", "reporter": secrets.token_hex(16), "device": "", "origin": ""},
        **{"state": "waiting", "note": ""},
    }
    with connection.cursor() as cursor:
        names = ", ".join(f'"{name}"' for name in fields)
        places = ", ".join("%s" for _ in fields)
        insert = f"INSERT INTO chat_report ({names}) VALUES ({places})"  # noqa: S608 names of ours
        cursor.execute(insert, [*fields.values()])
    assert Report.objects.get().where == ""
