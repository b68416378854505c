"""The operator's view of limits: rules to edit, and what they refused."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.views.main import ChangeList
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from neartalk.limits import RULES, sentence_of
from neartalk.models import HourlyActivity, HourlyHits, RateLimit, RateLimitHit, Sanction
from neartalk.operators import (
    Choice,
    LogEntryAdmin,
    ReadOnly,
    SanctionAdmin,
    hits_in_hour_url,
    refusals_by_rule,
)


class ByRule(Choice):
    title = _("rule")
    parameter_name = "rule"
    known = tuple((name, name, {"rule": name}) for name in RULES)


admin.site.register(LogEntry, LogEntryAdmin)
admin.site.register(Sanction, SanctionAdmin)

SET = ("allowance", "period_s", "burst", "price_ms", "on")


@admin.register(RateLimit)
class RateLimitAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A change takes effect in every process within 10 s."""

    list_display = ("name", "does", *SET, "refused_yesterday", "lately")
    list_editable = SET
    fields = ("name", "does", *SET)
    readonly_fields = ("name", "does")
    sortable_by = ()
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[RateLimit]:
        midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
        hits = HourlyHits.objects.filter(
            rule=OuterRef("name"), hour__gte=midnight - timedelta(days=1), hour__lt=midnight
        )
        refused = hits.values("rule").annotate(total=Sum("count")).values("total")
        rows: QuerySet[RateLimit] = super().get_queryset(request)
        return rows.annotate(refused=Subquery(refused))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"title": gettext("Rules"), **(extra_context or {})}
        )

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """With the chart of each rule, all of them read at once."""
        found = super().get_changelist_instance(request)
        charts = {one.rule: one.chart for one in refusals_by_rule(timezone.now(), hits_in_hour_url)}
        for row in found.result_list:
            row.chart = charts.get(row.name, SafeString())
        return found

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """What others changed since the page was shown is no change of whoever saves it."""
        return super().formfield_for_dbfield(
            db_field, request, show_hidden_initial=db_field.name in SET, **kwargs
        )

    def save_model(self, request: HttpRequest, obj: RateLimit, form: Any, change: bool) -> None:
        obj.save(update_fields=form.changed_data)

    @admin.display(description=_("what it does"))
    def does(self, row: Any) -> str:
        return sentence_of(row.name)

    @admin.display(description=_("refused yesterday"))
    def refused_yesterday(self, row: Any) -> int:
        return row.refused or 0

    @admin.display(description=_("the last 24 hours"))
    def lately(self, row: Any) -> str:
        chart: SafeString = row.chart
        return chart

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """What it was and what it is, for the audit trail."""
        with override("en"):
            changes = [
                f"{form.fields[name].label}: {form.initial[name]} to {form.cleaned_data[name]}"
                for name in form.changed_data
            ]
        return "; ".join(changes) or "Saved without a change"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(RateLimitHit)
class RateLimitHitAdmin(ReadOnly):
    """What was refused to whom, by the minute; a subject is told from others for a day."""

    list_title = _("What was refused to whom")
    list_display = ("minute", "rule", "subject", "count")
    list_filter = (ByRule, "minute")
    # `=subject` would ask for it in any case, which no index knows.
    search_fields = ("subject__exact",)
    search_help_text = _("a subject, in full")
    ordering = ("-minute", "-id")


@admin.register(HourlyActivity)
class HourlyActivityAdmin(ReadOnly):
    """How much happened, by area never of fewer than 5 people; see `activity`."""

    list_title = _("How much happened by the hour")
    list_display = ("hour", "place", "people", "sessions", "messages", "voice_minutes", "peak")
    list_filter = ("hour",)
    ordering = ("-hour", "area")

    @admin.display(description=_("area"))
    def place(self, row: HourlyActivity) -> str:
        return row.area or gettext("elsewhere")
