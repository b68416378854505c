"""How long reports are kept, and what was said in them."""

from typing import Any

from django.db.models import QuerySet

from chat.models import Report
from neartalk.records import RetentionRule


def unseal(rows: "QuerySet[Any]") -> int:
    """With all that anybody wrote; the seal too: of few words, a digest tells which they were."""
    return rows.update(evidence=None, seal="", name="", words="")


RULES = [
    RetentionRule(
        "evidence",
        "until its deadline",
        lambda before: (
            Report.objects.filter(deadline__lte=before)
            .exclude(evidence__isnull=True, seal="", name="", words="")
            .order_by("deadline")
        ),
        prompt=True,
        delete=unseal,
    ),
    RetentionRule(
        "reports",
        "{days} days after the deadline",
        lambda before: Report.objects.filter(deadline__lt=before).order_by("deadline"),
        "REPORTS_KEPT_DAYS",
    ),
]
