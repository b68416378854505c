"""What stands on the admin's first page: figures, refusals, bans that end and the last acts."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from neartalk.operators import refusals as today
from neartalk.operators.charts import number

ACTS = 8


def figures(request: HttpRequest) -> str:
    if not may(request, "neartalk.view_hourlyactivity"):
        return ""
    now = timezone.now()
    return render_to_string("admin/_figures.html", {"figures": today.activity(now), "now": now})


def refusals(request: HttpRequest) -> str:
    if not may(request, "neartalk.view_ratelimithit"):
        return ""
    now = timezone.now()
    rules = today.refusals(now, hits_of)
    shown = {
        "rules": [(one, hits(rule=one.rule)) for one in rules],
        "quiet": today.quiet(rules),
        "subjects": [
            (*one, hits(rule=one[0], q=one[1]) if one[1] else hits(rule=one[0]))
            for one in today.subjects(now)
        ],
        "newest": number(today.NEWEST_HITS),
        "times": today.FAR_TIMES,
    }
    return render_to_string("admin/_refusals.html", shown)


def bans(request: HttpRequest) -> str:
    if not may(request, "neartalk.view_sanction"):
        return ""
    ending = today.bans_ending(timezone.now())
    return render_to_string("admin/_bans.html", {"count": len(ending), "bans": ending[:5]})


def acts(request: HttpRequest) -> str:
    if not may(request, "admin.view_logentry"):
        return ""
    newest = LogEntry.objects.select_related("user", "content_type").order_by("-pk")[:ACTS]
    return render_to_string("admin/_acts.html", {"acts": newest})


def may(request: HttpRequest, permission: str) -> bool:
    return request.user.has_perm(permission)


def hits(**wanted: str) -> str:
    """Where the hits of a rule, or of a subject (`q`), are listed."""
    return f"{reverse('admin:neartalk_ratelimithit_changelist')}?{urlencode(wanted)}"


def hits_of(rule: str, hour: datetime) -> str:
    """The same in an hour."""
    return hits(rule=rule, minute__gte=str(hour), minute__lt=str(hour + timedelta(hours=1)))
