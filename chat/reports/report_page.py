"""What a reviewer is shown of a report."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext, npgettext

from chat.models import Report
from chat.reports.alarm import alarm_of, reports_in_words
from chat.reports.evidence import seal_of
from neartalk.marking import gettext_noop
from neartalk.models import RateLimitHit, Sanction
from presence.names import tag

OTHERS, HITS, SANCTIONS = 20, 1000, 20
DISMISSED, UPHELD = Report.State.DISMISSED, Report.State.UPHELD
DECIDED: dict[str, str] = {
    DISMISSED: gettext_noop("Dismissed by {user}"),
    UPHELD: gettext_noop("Upheld by {user}"),
}
DECIDED_WHEN: dict[str, str] = {
    DISMISSED: gettext_noop("Dismissed by {user}, {when}"),
    UPHELD: gettext_noop("Upheld by {user}, {when}"),
}
DECIDED_BY_NOBODY: dict[str, str] = {
    DISMISSED: gettext_noop("Dismissed by somebody who is gone, {when}"),
    UPHELD: gettext_noop("Upheld by somebody who is gone, {when}"),
}


def context_of(report: Report) -> dict[str, Any]:
    """What the page of a report shows: the report, and what else is known of its person."""
    others = Report.objects.filter(person_id=report.person_id).exclude(pk=report.pk)
    sanctions = Sanction.objects.filter(person_id=report.person_id).select_related("by")
    return {
        "report": report,
        # Translators: the title of a report: the reason, and the name of whom it is about.
        "title": gettext("{reason}: {person}").format(
            reason=report.what, person=f"\u2068{report.name or report.person_id}\u2069"
        ),
        "subtitle": None,
        "alarm": alarm_of(report),
        "reports": reports_in_words(report),
        "tag": tag(report.person_id),
        "said": messages_of(report, by_reporter=False),
        "added": messages_of(report, by_reporter=True),
        "sealed": report.evidence is not None and report.seal == seal_of(report.evidence),
        "time_left": time_left(report),
        "outcome": outcome_in_full(report),
        "over": report.deadline <= timezone.now(),
        "others": others.defer("evidence").order_by("-made")[:OTHERS],
        "waiting": others.filter(state=Report.State.WAITING).count(),
        "sanctions": sanctions.order_by("-until")[:SANCTIONS],
        "hits": refusals_of(report),
    }


def messages_of(report: Report, *, by_reporter: bool) -> list[dict[str, Any]]:
    """The messages of the evidence that are the person's, or those that the reporter added, oldest
    first. The reported one is marked."""
    return [
        {
            "name": one["name"],
            "text": one["text"],
            "at": datetime.fromtimestamp(one["sent_at"] / 1000, UTC),
            "reported": one["id"] == report.message_id,
        }
        for one in report.evidence or ()
        if one.get("by_reporter", False) is by_reporter
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
        words = npgettext("how long from now", "{count} day", "{count} days", left.days)
        return words.format(count=left.days)
    hours = max(0, left // timedelta(hours=1))
    return npgettext("how long from now", "{count} h", "{count} h", hours).format(count=hours)


def outcome_of(report: Report) -> str:
    """Its state, and who decided: "Upheld by mira"."""
    if report.by is None or report.state not in DECIDED:
        return str(report.get_state_display())
    return gettext(DECIDED[report.state]).format(user=report.by.get_username())


def outcome_in_full(report: Report) -> str:
    """The same with when."""
    if report.reviewed is None or report.state not in DECIDED:
        return str(report.get_state_display())
    when = date_format(report.reviewed, gettext("j M, H:i"))
    if report.by is None:
        return gettext(DECIDED_BY_NOBODY[report.state]).format(when=when)
    return gettext(DECIDED_WHEN[report.state]).format(user=report.by.get_username(), when=when)
