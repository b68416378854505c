"""What stands on the admin's first page: figures, refusals, bans that end, the last
acts, and proxies that are not counted."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from neartalk.limits import DOUBTS
from neartalk.models import Sanction
from neartalk.operators.charts import number
from neartalk.operators.hours import DAY
from neartalk.operators.refusals import (
    FAR_TIMES,
    NEWEST_HITS,
    quiet,
    refusals_by_rule,
    subjects,
)
from neartalk.operators.weekly_comparison import activity_figures
from neartalk.parts import platform_of

ACTS, ENDING_MAX = 8, 100


def doubts(request: HttpRequest) -> str:
    """What this process has seen of proxies that are not counted as they stand."""
    if not may(request, "neartalk.view_ratelimithit"):
        return ""
    # Where the admin is served by itself, no call of anybody's was seen.
    seen = platform_of(request).origins.doubts if hasattr(request, "scope") else ()
    return render_to_string("admin/_doubts.html", {"doubts": [DOUBTS[one] for one in sorted(seen)]})


def figures(request: HttpRequest) -> str:
    if not may(request, "neartalk.view_hourlyactivity"):
        return ""
    now = timezone.now()
    return render_to_string("admin/_figures.html", {"figures": activity_figures(now), "now": now})


def refusals(request: HttpRequest) -> str:
    if not may(request, "neartalk.view_ratelimithit"):
        return ""
    now = timezone.now()
    rules = refusals_by_rule(now, hits_in_hour_url)
    shown = {
        "rules": [(one, hits_url(rule=one.rule)) for one in rules],
        "quiet": quiet(rules),
        "subjects": [
            (*one, hits_url(rule=one[0], q=one[1]) if one[1] else hits_url(rule=one[0]))
            for one in subjects(now)
        ],
        "newest": number(NEWEST_HITS),
        "times": FAR_TIMES,
    }
    return render_to_string("admin/_refusals.html", shown)


def bans(request: HttpRequest) -> str:
    if not may(request, "neartalk.view_sanction"):
        return ""
    ending = bans_ending(timezone.now())
    count = len(ending)
    told = f"{count}+" if count == ENDING_MAX else f"{count}"
    shown = {"count": count, "shown": told, "bans": ending[:5]}
    return render_to_string("admin/_bans.html", shown)


def bans_ending(now: datetime) -> list[Sanction]:
    """Bans that end within 24 hours, the soonest first; at most ENDING_MAX."""
    ending = Sanction.objects.filter(
        kind=Sanction.Kind.BAN, lifted=None, until__gt=now, until__lte=now + DAY
    )
    return [*ending.order_by("until")[:ENDING_MAX]]


def acts(request: HttpRequest) -> str:
    if not may(request, "admin.view_logentry"):
        return ""
    newest = LogEntry.objects.select_related("user", "content_type").order_by("-pk")[:ACTS]
    return render_to_string("admin/_acts.html", {"acts": newest})


def may(request: HttpRequest, permission: str) -> bool:
    return request.user.has_perm(permission)


def hits_url(**wanted: str) -> str:
    """The address where the hits of a rule, or of a subject (`q`), are listed."""
    return f"{reverse('admin:neartalk_ratelimithit_changelist')}?{urlencode(wanted)}"


def hits_in_hour_url(rule: str, hour: datetime) -> str:
    """The address where the hits of a rule in an hour are listed."""
    return hits_url(rule=rule, minute__gte=str(hour), minute__lt=str(hour + timedelta(hours=1)))
