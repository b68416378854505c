"""How long reports and their evidence are kept."""

from typing import Any

from django.db.models import QuerySet

from chat.models import Report
from neartalk.records import RetentionRule


def unseal(rows: "QuerySet[Any]") -> int:
    """Deletes all that anybody wrote. The seal too: a digest of few words tells which they were."""
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
