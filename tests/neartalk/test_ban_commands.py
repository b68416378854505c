"""manage.py ban and unban: what they write, and what they say."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from neartalk.models import Reason, Sanction

pytestmark = pytest.mark.django_db

ALICE, BOB = "a" * 16, "1" * 16
LASTS = [("30m", 30), ("12h", 720), ("30d", 43_200)]


def run(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    call_command(*command)
    return capsys.readouterr().out.strip()


def test_a_ban_is_a_row_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "ban", ALICE, "--for", "7d", "--reason", "hate", "--note", "shouts")
    row = Sanction.objects.get()
    assert told == f"{ALICE} is banned until {row.until:%Y-%m-%d %H:%M} UTC (number {row.pk})."
    assert (row.kind, row.person_id, row.reason, row.note) == ("ban", ALICE, Reason.HATE, "shouts")
    assert (row.device, row.origin, row.lifted) == ("", "", None)
    assert row.by
    assert row.by.username == "console", "nobody takes it for the server's own"


@pytest.mark.parametrize(("text", "minutes"), LASTS)
def test_it_lasts_as_long_as_it_says(
    capsys: pytest.CaptureFixture[str], text: str, minutes: int
) -> None:
    earliest = timezone.now()
    run(capsys, "ban", ALICE, "--for", text, "--mute")
    row = Sanction.objects.get()
    assert row.kind == "mute"
    lasts = timedelta(minutes=minutes)
    assert earliest + lasts <= row.until <= timezone.now() + lasts


@pytest.mark.parametrize(
    "command",
    [
        ("ban",),
        ("ban", ALICE, "--list"),
        ("ban", "alice"),
        ("ban", ALICE.upper()),
        ("ban", ALICE, "--for", "31d"),
        ("ban", ALICE, "--for", "0d"),
        ("ban", ALICE, "--for", "-1d"),
        ("ban", ALICE, "--for", "soon"),
        ("ban", ALICE, "--reason", "because"),
        ("ban", ALICE, "--note", "x" * 501),
        ("unban",),
        ("unban", ALICE),
        ("unban", "7"),
        ("unban", "alice"),
    ],
)
def test_what_cannot_be_done_is_said_and_not_done(command: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command(*command)
    assert not Sanction.objects.exists()


def test_the_list_holds_what_is_in_force_the_next_to_end_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(capsys, "ban", "--list") == "Nobody is banned or muted."
    assert json.loads(run(capsys, "ban", "--list", "--json")) == []
    run(capsys, "ban", ALICE, "--for", "2d")
    run(capsys, "ban", BOB, "--for", "1h", "--mute")
    over = {"kind": "ban", "person_id": "c" * 16, "reason": "spam"}
    Sanction.objects.create(until=timezone.now(), **over)
    Sanction.objects.create(until=timezone.now() + timedelta(days=1), lifted=timezone.now(), **over)
    head, *lines = run(capsys, "ban", "--list").splitlines()
    assert head.split() == [
        *("number", "kind", "person", "reason", "until", "device", "made", "by", "note"),
    ]
    assert [line.split()[1:4] for line in lines] == [
        ["mute", BOB, "other"],
        ["ban", ALICE, "other"],
    ]


def test_json_is_the_same_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    made: list[dict[str, Any]] = json.loads(run(capsys, "ban", ALICE, "--json"))
    assert made == json.loads(run(capsys, "ban", "--list", "--json"))
    row = Sanction.objects.get()
    assert (made[0]["number"], made[0]["person"]) == (row.pk, ALICE)
    assert abs(datetime.fromisoformat(made[0]["until"]) - row.until) < timedelta(seconds=1)
    ended = json.loads(run(capsys, "unban", ALICE, "--json"))
    assert ended == [{"number": row.pk, "kind": "ban", "person": ALICE}]


@pytest.mark.parametrize("person", [ALICE, BOB])
def test_a_person_or_a_number_is_let_in_again(
    capsys: pytest.CaptureFixture[str], person: str
) -> None:
    for _ in range(3):
        run(capsys, "ban", person)
    before = Sanction.objects.order_by("pk")[0]
    told = run(capsys, "unban", str(before.pk))
    assert told == f"The ban of {person} (number {before.pk}) is over."
    after = Sanction.objects.get(pk=before.pk)
    assert after.lifted
    assert after.changed > before.changed
    assert Sanction.objects.filter(lifted=None).count() == 2
    assert len(run(capsys, "unban", person).splitlines()) == 2
    with pytest.raises(CommandError, match="Nothing is in force"):
        call_command("unban", person)
