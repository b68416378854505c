"""The row of a report."""

from django.core.cache import cache
from django.db import transaction

from chat.models import Report
from chat.reports.automatic_mute import is_one_too_many, mute
from chat.reports.filing import FiledReport
from neartalk.clock import steady_ms
from neartalk.models import RateLimit

ONCE = ("reporter", "person_id", "message_id", "where")  # as the constraint report_once has it


def save_report(report: FiledReport) -> None:
    """Writes a report. One that is made again is written once until somebody has reviewed it.

    Mutes the person where this is one report too many. May be called again after a failure.
    """
    once = {name: report.fields[name] for name in ONCE}
    with transaction.atomic():
        # One at a time in all processes, or two at once would each count without the other.
        RateLimit.objects.filter(name="chat.report").update(name="chat.report")
        row, new = Report.objects.get_or_create(
            **once, state=Report.State.WAITING, defaults=report.fields
        )
        if new and is_one_too_many(row):
            mute(row)
    if report.tile:
        left_s = max(0, report.gone_ms - steady_ms()) // 1000
        cache.set(f"report-tile:{row.pk}", report.tile, left_s)
