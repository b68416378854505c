"""The reports that wait for a review, as counts; and who of all processes may send the mail."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q, QuerySet

from chat.models import Report, ReportMail

# Apart from the mail: nobody is written to more often than this, and again while a report waits.
PAUSE, AGAIN = timedelta(hours=1), timedelta(days=1)
ONLY_ROW = 1


@dataclass(frozen=True, slots=True)
class WaitingReports:
    count: int = 0
    oldest: datetime | None = None
    newest_id: int = 0

    def age_s(self, now: datetime) -> float:
        """For how long the oldest has waited."""
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0


def load_waiting() -> WaitingReports:
    found = Report.objects.filter(state=Report.State.WAITING).aggregate(
        count=Count("pk"), oldest=Min("made"), newest=Max("pk")
    )
    return WaitingReports(found["count"], found["oldest"], found["newest"] or 0)


def mail_due(waiting: WaitingReports, now: datetime) -> bool:
    return bool(waiting.count) and (
        not ReportMail.objects.filter(pk=ONLY_ROW).exists() or due_rows(waiting, now).exists()
    )


def claim_mail(waiting: WaitingReports, now: datetime) -> bool:
    """Whether this process sends the mail: of all that ask, one an hour does, and no other then,
    whatever comes of it."""
    ReportMail.objects.get_or_create(pk=ONLY_ROW)
    return bool(due_rows(waiting, now).update(sent=now))


def note_told(waiting: WaitingReports) -> None:
    """Of what the mail told, no other tells until a day later."""
    ReportMail.objects.filter(pk=ONLY_ROW, newest__lt=waiting.newest_id).update(
        newest=waiting.newest_id
    )


def due_rows(waiting: WaitingReports, now: datetime) -> QuerySet[ReportMail]:
    """The one row, where a report came since the last mail, or that is a day ago. One by a clock
    that was far ahead counts as none."""
    paused = Q(sent__gt=now - PAUSE, sent__lte=now + PAUSE)
    unread = Q(newest__lt=waiting.newest_id) | Q(sent__lte=now - AGAIN)
    return ReportMail.objects.filter(unread, pk=ONLY_ROW).exclude(paused)
