"""The row of a report, and the automatic mute that comes with one report too many."""

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from chat.models import Report
from chat.reports.filing import FiledReport
from neartalk.clock import now_ms
from neartalk.models import RateLimit, Sanction


def save_report(report: FiledReport) -> None:
    """Writes a report. One that is made again is written once until somebody has reviewed it.

    Mutes the person where this is one report too many. May be called again after a failure.
    """
    once = {name: report.fields[name] for name in ("reporter", "person_id", "message_id")}
    with transaction.atomic():
        # One at a time in all processes, or two at once would each count without the other.
        RateLimit.objects.filter(name="chat.report").update(name="chat.report")
        row, new = Report.objects.get_or_create(
            **once, state=Report.State.WAITING, defaults=report.fields
        )
        if new and is_one_too_many(row):
            mute(row)
    if report.tile:
        left_s = max(0, report.gone_ms - now_ms()) // 1000
        cache.set(f"report-tile:{row.pk}", report.tile, left_s)


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
