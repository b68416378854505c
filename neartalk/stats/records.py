"""What the database says, for `manage.py stats`."""

from collections.abc import Iterator

from django.db.models import Sum
from django.utils import timezone

from neartalk.models import HourlyHits
from neartalk.stats.stat import Stat


def refused() -> Iterator[Stat]:
    """How often each rule refused somebody today (UTC), the busiest first."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    hits = HourlyHits.objects.filter(hour__gte=today).values_list("rule")
    for rule, count in hits.annotate(count=Sum("count")).order_by("-count", "rule"):
        yield Stat("refused today", rule, count)
