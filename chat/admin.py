"""The queue of reports: the oldest that waits first, what the server itself holds of it, and the
verbs that end it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html

from chat.models import Report
from chat.parts import chat_of
from chat.reports import moderation, seal_of
from neartalk.models import RateLimitHit, Reason, Sanction
from neartalk.operators import COUNT_MAX, Choice, RowAction, WithRowActions, choices_of, may
from presence.names import tag

WAITING = Report.State.WAITING
OTHERS, HITS, SANCTIONS, FIRST = 20, 1000, 20, 5


class ByState(Choice):
    """Those that wait, unless a person is looked for: then all of theirs."""

    title = "state"
    parameter_name = "state"
    known = choices_of("state", Report.State)

    def value(self) -> str | None:
        return super().value() or self.default

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self.default = None if request.GET.get("q") else str(WAITING)
        super().__init__(request, params, model, model_admin)

    def choices(self, changelist: Any) -> Any:
        """Less "All": nobody reads a queue of what is done."""
        _, *each = super().choices(changelist)
        return each


class ByReason(Choice):
    title = "reason"
    parameter_name = "reason"
    known = choices_of("reason", Reason)


@admin.register(Report)
class ReportAdmin(WithRowActions):
    list_title = "Reports"
    list_display = ("reason", "person", "of_person", "kept", "made", "time_left", "outcome")
    list_filter = (ByState, ByReason)
    list_select_related = ("by",)
    search_fields = ("person_id__exact",)
    search_help_text = "a person's id, in full"
    change_form_template = "admin/report.html"
    fields = ()
    may_act = "chat.act_on_report"
    on_to_list = True
    DISMISS = RowAction(
        "dismiss",
        "Dismiss",
        "Nothing was wrong. Ends the automatic mute, if nothing else of theirs waits.",
        moderation.dismiss,
    )
    SANCTIONS = (
        RowAction("mute", "Mute 1 h", "They read, and can't write or speak.", moderation.mute),
        RowAction("ban", "Ban 1 day", "Their device can't come back.", moderation.ban),
        RowAction("ban-for-long", "Ban 30 days", "The same, for longer.", moderation.ban_for_long),
    )

    # ---- The list ----------------------------------------------------------------------------

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Of what waits the oldest comes first, of what is done the newest."""
        done = request.GET.get("state", WAITING) != WAITING
        return ("-made", "-id") if done else ("-state", "made", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        rows: QuerySet[Report] = super().get_queryset(request)
        same = Report.objects.filter(person_id=OuterRef("person_id")).order_by()
        total = same.values("person_id").annotate(total=Count("pk")).values("total")
        kept = Q(evidence__isnull=False)
        return rows.annotate(total=Subquery(total), has_evidence=kept).defer("evidence")

    @admin.display(description="person")
    def person(self, row: Report) -> str:
        return named(row)

    @admin.display(description="reports of them")
    def of_person(self, row: Any) -> int:
        return int(row.total)

    @admin.display(description="evidence")
    def kept(self, row: Any) -> str:
        return "yes" if row.has_evidence else "no"

    @admin.display(description="deadline in")
    def time_left(self, row: Report) -> str:
        return time_left(row)

    @admin.display(description="state")
    def outcome(self, row: Report) -> str:
        by = f" by {row.by.get_username()}" if row.by else ""
        return f"{row.get_state_display()}{by}".capitalize()

    # ---- A report ----------------------------------------------------------------------------

    def row_actions(self, request: HttpRequest, row: Report) -> list[RowAction]:
        """Once it is reviewed it may still be answered harder, and never be dismissed."""
        dismiss = [self.DISMISS] if row.state == WAITING else []
        remove = [removing(request)] if row.message_id else []
        return [*dismiss, *remove, *self.SANCTIONS]

    def seen(self, row: Report) -> str:
        return row.reviewed.isoformat() if row.reviewed else ""

    def described(self, row: Report) -> dict[str, Any]:
        return described(row)


def described(report: Report) -> dict[str, Any]:
    """A report, and what else is known of its person."""
    others = Report.objects.filter(person_id=report.person_id).exclude(pk=report.pk)
    sanctions = Sanction.objects.filter(person_id=report.person_id).select_related("by")
    return {
        "report": report,
        "title": f"{report.get_reason_display()}: {report.name or report.person_id}",
        "subtitle": None,
        "tag": tag(report.person_id),
        "said": said(report),
        "sealed": report.evidence is not None and report.seal == seal_of(report.evidence),
        "time_left": time_left(report),
        "over": report.deadline <= timezone.now(),
        "others": others.defer("evidence").order_by("-made")[:OTHERS],
        "waiting": others.filter(state=WAITING).count(),
        "sanctions": sanctions.order_by("-until")[:SANCTIONS],
        "hits": hits(report),
    }


def said(report: Report) -> list[dict[str, Any]]:
    """The evidence as it is read: what was reported is marked."""
    return [
        {
            "name": one["name"],
            "text": one["text"],
            "at": datetime.fromtimestamp(one["sent_at"] / 1000, UTC),
            "reported": one["id"] == report.message_id,
        }
        for one in report.evidence or ()
    ]


def hits(report: Report) -> list[tuple[str, int, datetime]]:
    """What their network was refused: rule, how often, and when last."""
    if not report.origin:
        return []
    newest = RateLimitHit.objects.filter(subject=report.origin).order_by("-minute")[:HITS]
    sums: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for rule, minute, count in newest.values_list("rule", "minute", "count"):
        sums[rule] += count
        last.setdefault(rule, minute)
    return [(rule, count, last[rule]) for rule, count in sums.most_common()]


def named(report: Report) -> str:
    return format_html(
        '<bdi>{}</bdi> <span class="tag">{}</span>',
        report.name or report.person_id,
        tag(report.person_id),
    )


def time_left(report: Report) -> str:
    """Until what was kept for it is deleted."""
    left = report.deadline - timezone.now()
    if left.days >= 1:
        return f"{left.days} day{'s' if left.days > 1 else ''}"
    return f"{max(0, left // timedelta(hours=1))} h"


def removing(request: HttpRequest) -> RowAction:
    """It goes out by the feed of the process that was asked."""

    def remove(report: Report, user: User, note: str) -> str:
        return moderation.remove(report, user, note, chat_of(request).feed)

    hint = "Takes it back everywhere, while it lives. Their other reports still wait."
    return RowAction("remove", "Remove the message", hint, remove)


def waiting(request: HttpRequest) -> str:
    """The head of the queue, for the first page."""
    if not may(request, "chat.view_report"):
        return ""
    queue = Report.objects.filter(state=WAITING).order_by("made", "id")
    shown = {
        "count": queue[: COUNT_MAX + 1].count(),
        "count_max": COUNT_MAX,
        "reports": [(one, tag(one.person_id)) for one in queue.defer("evidence")[:FIRST]],
    }
    return render_to_string("admin/_waiting.html", shown)
