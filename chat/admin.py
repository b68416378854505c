"""The admin of reports: the queue, the page of one report, and the decisions on it."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.models import Report
from chat.parts import chat_of
from chat.reports import decisions, report_page
from neartalk.models import Reason
from neartalk.operators import COUNT_MAX, Choice, RowAction, WithRowActions, choices_of, may
from presence.names import tag

WAITING = Report.State.WAITING
FIRST = 5


class ByState(Choice):
    """Reports that wait; all of a person's where the search is for a person."""

    title = _("state")
    parameter_name = "state"
    known = choices_of("state", Report.State)

    def value(self) -> str | None:
        return super().value() or self.default

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self.default = None if request.GET.get("q") else str(WAITING)
        super().__init__(request, params, model, model_admin)

    def choices(self, changelist: Any) -> Any:
        """Leaves out "All": nobody reads a queue of what is done."""
        _, *each = super().choices(changelist)
        return each


class ByReason(Choice):
    title = _("reason")
    parameter_name = "reason"
    known = choices_of("reason", Reason)


@admin.register(Report)
class ReportAdmin(WithRowActions):
    list_title = _("Reports")
    list_display = ("what", "person", "of_person", "kept", "made", "time_left", "outcome")
    list_filter = (ByState, ByReason)
    list_select_related = ("by",)
    search_fields = ("person_id__exact",)
    search_help_text = _("a person's id, in full")
    change_form_template = "admin/report.html"
    fields = ()
    may_act = "chat.act_on_report"
    on_to_list = True
    DISMISS = RowAction(
        "dismiss",
        _("Dismiss"),
        _("Nothing was wrong. Ends the automatic mute, if nothing else of theirs waits."),
        decisions.dismiss,
    )
    SANCTIONS = (
        RowAction("mute", _("Mute 1 h"), _("They read, and can't write or speak."), decisions.mute),
        RowAction("ban", _("Ban 1 day"), _("Their device can't come back."), decisions.ban),
        RowAction(
            "ban-for-long", _("Ban 30 days"), _("The same, for longer."), decisions.ban_for_long
        ),
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

    @admin.display(description=_("reason"))
    def what(self, row: Report) -> str:
        return row.what

    @admin.display(description=_("person"))
    def person(self, row: Report) -> str:
        return report_page.name_with_tag(row)

    @admin.display(description=_("reports of them"))
    def of_person(self, row: Any) -> int:
        return int(row.total)

    @admin.display(description=_("evidence"))
    def kept(self, row: Any) -> str:
        return gettext("yes") if row.has_evidence else gettext("no")

    # Translators: a column: for how long what was said is still kept, such as "3 days".
    @admin.display(description=_("deadline in"))
    def time_left(self, row: Report) -> str:
        return report_page.time_left(row)

    @admin.display(description=_("state"))
    def outcome(self, row: Report) -> str:
        return report_page.outcome_of(row)

    # ---- A report ----------------------------------------------------------------------------

    def row_actions(self, request: HttpRequest, row: Report) -> list[RowAction]:
        """Once it is reviewed it may still be answered harder, and never be dismissed."""
        dismiss = [self.DISMISS] if row.state == WAITING else []
        remove = [removing(request)] if row.message_id else []
        return [*dismiss, *remove, *self.SANCTIONS]

    def seen(self, row: Report) -> str:
        return row.reviewed.isoformat() if row.reviewed else ""

    def described(self, row: Report) -> dict[str, Any]:
        return report_page.context_of(row)


def removing(request: HttpRequest) -> RowAction:
    """The decision that retracts the message, by the feed of the process that answers."""

    def remove(report: Report, user: User, note: str) -> str:
        return decisions.remove(report, user, note, chat_of(request).feed)

    hint = _("Takes it back everywhere, while it lives. Their other reports still wait.")
    return RowAction("remove", _("Remove the message"), hint, remove)


def waiting(request: HttpRequest) -> str:
    """The panel of the dashboard: the oldest reports that wait."""
    if not may(request, "chat.view_report"):
        return ""
    queue = Report.objects.filter(state=WAITING).order_by("made", "id")
    count = queue[: COUNT_MAX + 1].count()
    shown = {
        "count": count,
        "shown": f"{COUNT_MAX}+" if count > COUNT_MAX else f"{count}",
        "reports": [(one, tag(one.person_id)) for one in queue.defer("evidence")[:FIRST]],
    }
    return render_to_string("admin/_waiting.html", shown)
