"""When reports alone silence somebody: REPORTS_TO_MUTE different subjects wait for a review."""

from django.conf import settings

from chat.models import Report
from neartalk.models import Sanction


def is_one_too_many(report: Report) -> bool:
    """Whether with this one so many different subjects wait for a review as is enough to mute."""
    waiting = Report.objects.filter(person_id=report.person_id, state=Report.State.WAITING).exclude(
        subject=""
    )
    again = waiting.filter(subject=report.subject).count() > 1
    subjects = waiting.values("subject").distinct().count()
    return bool(report.subject) and not again and subjects == settings.REPORTS_TO_MUTE


def mute(report: Report) -> None:
    """Mutes the person until a reviewer decides, or until the report is deleted."""
    Sanction.objects.create(
        kind=Sanction.Kind.MUTE,
        person_id=report.person_id,
        device=report.device,
        origin=report.origin,
        reason=report.reason,
        until=report.deadline,
        until_reviewed=True,
    )
