"""ReportWatch: counts the reports that wait, for metrics, and has operators told of them by mail.

The mail holds how many wait and where they are reviewed; nothing of people or what they said.
"""

import asyncio
import logging
from datetime import datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext, override

from chat.reports.waiting import WaitingReports, claim_mail, load_waiting, mail_due, note_told
from neartalk.http import site_link
from neartalk.records import Records, with_own_connection

WATCH_S = 60.0

log = logging.getLogger("neartalk.reports")


class ReportWatch:
    """One a process; all of them together send one mail an hour at most."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.waiting = WaitingReports()

    def start(self) -> None:
        self.records.background.later(self.count_waiting())
        self.records.background.every(WATCH_S, self.count_waiting)

    async def count_waiting(self) -> None:
        """Raises Refused: `store-unavailable`, and what was counted before stands."""
        database = self.records.database
        self.waiting = await database.run(load_waiting)
        if is_mail_set() and await database.run(mail_due, self.waiting, timezone.now()):
            # Beside the thread of the database: a mail server may take its time.
            await asyncio.to_thread(send_mail, self.waiting, timezone.now())


def is_mail_set() -> bool:
    return bool(settings.ALERT_EMAIL and settings.EMAIL_HOST)


def send_mail(waiting: WaitingReports, now: datetime) -> None:
    """Connects first, so that a mail server that is away costs nobody the hour. What fails is
    logged, and tried again in the next round, or after the hour where it may have been sent."""
    try:
        with get_connection() as connection:
            if with_own_connection(claim_mail, waiting, now):
                mail_of(waiting.count, connection).send()
                with_own_connection(note_told, waiting)
    except (OSError, SMTPException) as why:
        log.warning("no mail about reports is sent", extra={"error": type(why).__name__})


def mail_of(count: int, connection: BaseEmailBackend) -> EmailMessage:
    """In the language of the server, whoever brought it about."""
    queue = site_link(reverse("admin:chat_report_changelist"))
    with override(settings.LANGUAGE_CODE):
        subject = ngettext(
            "NearTalk: {count} report waits", "NearTalk: {count} reports wait", count
        ).format(count=count)
        first = ngettext(
            "{count} report waits for a review on NearTalk:",
            "{count} reports wait for a review on NearTalk:",
            count,
        ).format(count=count)
        last = gettext(
            "This is said once an hour at most, and again after a day while a report waits."
        )
    words = f"{first}\n\n{queue}\n\n{last}\n"
    return EmailMessage(subject, words, to=settings.ALERT_EMAIL, connection=connection)
