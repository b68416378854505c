"""Operators hear of reports that wait: by mail, once an hour at most over all processes, and as a
metric."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.utils import timezone

from chat.models import Report
from chat.reports import ReportWatch, report_watch, waiting
from chat.reports.waiting import WaitingReports, claim_mail, load_waiting
from neartalk.checks import mail_is_set_whole
from neartalk.limits import Rules
from neartalk.records import Records
from tests.support import operators

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db(transaction=True)

START = timezone.now()
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def mail_set(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records are on the thread of the test, where the tables are."""
    settings.ALERT_EMAIL, settings.EMAIL_HOST = ["night@example.org"], "mail.example.org"
    settings.SITE_URL = "https://near.example.org"
    monkeypatch.setattr(report_watch, "with_own_connection", lambda work, *args: work(*args))


def report(**fields: object) -> Report:
    said = operators.evidence("A dreadful word at the fountain.")
    return operators.report(evidence=said, words="He stands there.", **fields)


def round_at(minutes: float) -> int:
    """A round of any process so many minutes later; how many mails are sent by then."""
    now = START + minutes * MINUTE
    found = load_waiting()
    if waiting.mail_due(found, now):
        report_watch.send_mail(found, now)
    return len(mail.outbox)


def test_a_report_that_waits_is_told_with_a_count_and_a_link_and_nothing_of_people() -> None:
    report(), report()
    assert round_at(0) == 1
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["night@example.org"], "NearTalk: 2 reports wait")
    assert "https://near.example.org/admin/chat/report/" in sent.body
    words = f"{sent.subject} {sent.body} {sent.extra_headers}"
    secret = ("Bob", "bbbb", "dreadful", "stands", "spam", "fountain", "dddd", "eeee")
    assert [one for one in secret if one in words] == []


def test_one_an_hour_is_sent_however_many_come_and_whichever_process_asks() -> None:
    report()
    assert round_at(0) == 1
    for minutes in range(1, 60):
        report()
        assert round_at(minutes) == 1
    assert round_at(61) == 2
    assert mail.outbox[1].subject == "NearTalk: 60 reports wait"


def test_of_processes_that_ask_at_once_one_sends() -> None:
    report()
    found, now = load_waiting(), timezone.now()
    assert [claim_mail(found, now) for _ in range(3)] == [True, False, False]


def test_what_was_told_is_told_again_after_a_day_and_what_was_reviewed_never() -> None:
    first = report()
    assert [round_at(minutes) for minutes in (0, 61, 23 * 60, 24 * 60 + 1)] == [1, 1, 1, 2]
    Report.objects.filter(pk=first.pk).update(state=Report.State.DISMISSED)
    assert round_at(48 * 60 + 5) == 2


def test_a_mail_server_that_is_away_costs_nobody_the_hour(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away:
        def __enter__(self) -> None:
            raise ConnectionRefusedError("mail.example.org said A dreadful word")

        def __exit__(self, *why: object) -> None: ...

    report()
    with monkeypatch.context() as away:
        away.setattr(report_watch, "get_connection", Away)
        assert round_at(0) == 0
    assert "no mail about reports is sent" in caplog.text
    assert "dreadful" not in caplog.text
    assert round_at(1) == 1


def test_a_mail_that_may_have_been_sent_is_not_sent_again_within_the_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report()

    def lost(*args: object, **named: object) -> None:
        raise smtplib.SMTPServerDisconnected

    with monkeypatch.context() as cut:
        cut.setattr("django.core.mail.EmailMessage.send", lost)
        assert round_at(0) == 0
    assert [round_at(minutes) for minutes in (1, 59, 61)] == [0, 0, 1]


@pytest.mark.parametrize("missing", ["ALERT_EMAIL", "EMAIL_HOST"])
async def test_without_either_setting_nothing_is_sent_and_reports_are_counted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    setattr(settings, missing, "")
    monkeypatch.setattr(report_watch, "send_mail", None)
    watch = ReportWatch(Records(Rules()))
    old = timezone.now() - HOUR
    await Report.objects.acreate(
        person_id="b" * 16, reason="spam", deadline=timezone.now() + HOUR, made=old
    )
    await watch.count_waiting()
    assert watch.waiting.count == 1
    assert watch.waiting.age_s(timezone.now()) > 3599


@pytest.mark.parametrize(
    ("readers", "host", "is_half"),
    [
        ([], "", False),
        (["a@example.org"], "mail", False),
        ([], "mail", True),
        (["a@b.org"], "", True),
    ],
)
def test_mail_that_is_set_by_half_is_named_at_each_start(
    settings: Settings, readers: list[str], host: str, is_half: bool
) -> None:
    settings.ALERT_EMAIL, settings.EMAIL_HOST = readers, host
    assert ("neartalk.W012" in {found.id for found in mail_is_set_whole(None)}) is is_half


def test_nobody_waits_where_no_report_does() -> None:
    assert load_waiting() == WaitingReports()
    assert WaitingReports().age_s(timezone.now()) == 0
    assert round_at(0) == 0
