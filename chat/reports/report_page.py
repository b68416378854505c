"""What a reviewer is shown of a report."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.html import format_html

from chat.models import Report
from chat.reports.evidence import seal_of
from neartalk.models import RateLimitHit, Sanction
from presence.names import tag

OTHERS, HITS, SANCTIONS = 20, 1000, 20


def context_of(report: Report) -> dict[str, Any]:
    """What the page of a report shows: the report, and what else is known of its person."""
    others = Report.objects.filter(person_id=report.person_id).exclude(pk=report.pk)
    sanctions = Sanction.objects.filter(person_id=report.person_id).select_related("by")
    return {
        "report": report,
        "title": f"{report.what}: {report.name or report.person_id}",
        "subtitle": None,
        "tag": tag(report.person_id),
        "said": messages_of(report),
        "sealed": report.evidence is not None and report.seal == seal_of(report.evidence),
        "time_left": time_left(report),
        "over": report.deadline <= timezone.now(),
        "others": others.defer("evidence").order_by("-made")[:OTHERS],
        "waiting": others.filter(state=Report.State.WAITING).count(),
        "sanctions": sanctions.order_by("-until")[:SANCTIONS],
        "hits": refusals_of(report),
    }


def messages_of(report: Report) -> list[dict[str, Any]]:
    """The messages of the evidence, oldest first. The reported one is marked."""
    return [
        {
            "name": one["name"],
            "text": one["text"],
            "at": datetime.fromtimestamp(one["sent_at"] / 1000, UTC),
            "reported": one["id"] == report.message_id,
        }
        for one in report.evidence or ()
    ]


def refusals_of(report: Report) -> list[tuple[str, int, datetime]]:
    """What the person's network was refused: rule, how often, and when last."""
    if not report.origin:
        return []
    newest = RateLimitHit.objects.filter(subject=report.origin).order_by("-minute")[:HITS]
    sums: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for rule, minute, count in newest.values_list("rule", "minute", "count"):
        sums[rule] += count
        last.setdefault(rule, minute)
    return [(rule, count, last[rule]) for rule, count in sums.most_common()]


def name_with_tag(report: Report) -> str:
    return format_html(
        '<bdi>{}</bdi> <span class="tag">{}</span>',
        report.name or report.person_id,
        tag(report.person_id),
    )


def time_left(report: Report) -> str:
    """How long until the evidence is deleted, such as "3 days" or "5 h"."""
    left = report.deadline - timezone.now()
    if left.days >= 1:
        return f"{left.days} day{'s' if left.days > 1 else ''}"
    return f"{max(0, left // timedelta(hours=1))} h"
