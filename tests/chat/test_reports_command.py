"""manage.py reports: a list for people and for programs, and one report with all that was said."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from chat.models import Report
from chat.reports import seal_of

pytestmark = pytest.mark.django_db

SAID = [
    {"id": "1-0.aaaaaaaa", "sent_at": 1_795_396_581_616, "name": "Ana", "text": "Before it."},
    {"id": "2-0.aaaaaaaa", "sent_at": 1_795_396_591_616, "name": "Ana", "text": "A dreadful word."},
]


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("reports", *arguments, stdout=out)
    return out.getvalue()


def report(subject: str, **fields: Any) -> Report:
    now = timezone.now()
    known = {"person_id": "a" * 16, "name": "Ana", "reason": "hate", "deadline": now}
    return Report.objects.create(
        subject=subject, reporter=subject, **{**known, "made": now, **fields}
    )


def test_what_waits_is_listed_newest_first_and_other_states_when_asked_for() -> None:
    first = report("1", words="She shouts.", made=timezone.now() - timedelta(hours=1))
    second = report("2", evidence=SAID, seal=seal_of(SAID))
    report("3", state=Report.State.DISMISSED, reason="spam")
    head, *lines = printed().splitlines()
    assert head.split() == str.split("id made person name reason where state messages words")
    assert [line.split()[0] for line in lines] == [str(second.pk), str(first.pk)]
    assert lines[1].endswith("She shouts.")
    assert "dreadful" not in printed()
    assert [one["reason"] for one in json.loads(printed("--state", "all", "--json"))] == [
        "spam",
        "hate",
        "hate",
    ]
    assert [one["messages"] for one in json.loads(printed("--json"))] == [2, 0]
    assert printed("--state", "upheld") == "No reports.\n"
    assert len(json.loads(printed("--state", "all", "--limit", "1", "--json"))) == 1


def test_one_is_shown_with_what_was_said_and_whether_it_is_unchanged() -> None:
    one = report("1", words="She shouts.", evidence=SAID, seal=seal_of(SAID))
    report("2")
    told = printed("show", str(one.pk))
    assert "words          She shouts." in told
    assert "other reports  1" in told
    assert "unchanged      yes" in told
    assert told.splitlines()[-1].endswith("Ana   A dreadful word.")
    Report.objects.filter(pk=one.pk).update(evidence=SAID[:1])
    assert "unchanged      no" in printed("show", str(one.pk))
    (row,) = json.loads(printed("show", str(one.pk), "--json"))
    assert (row["evidence"], row["unchanged"]) == (SAID[:1], False)
    assert printed("--json", "show", str(one.pk)) == printed("show", str(one.pk), "--json")


def test_one_without_evidence_and_one_that_is_not_there_are_told() -> None:
    one = report("1")
    assert "Nothing of what was said is kept." in printed("show", str(one.pk))
    with pytest.raises(CommandError, match="There is no report 4711"):
        printed("show", "4711")


@pytest.mark.parametrize("limit", ["-3", "0", "some"])
def test_a_limit_below_one_is_an_error(limit: str) -> None:
    report("1")
    with pytest.raises(CommandError, match="a number from 1"):
        printed(f"--limit={limit}")


def test_what_people_wrote_does_not_move_the_terminal() -> None:
    one = report("1", words="first\nsecond\x1b[2J")
    assert "first second" in printed()
    assert "\x1b" not in printed("show", str(one.pk))
