"""The operator's view of limits: rules to edit, and what they refused."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property

from neartalk.limits import RULES
from neartalk.models import HourlyActivity, RateLimit, RateLimitHit

COUNT_MAX = 10_000


class FewPages(Paginator):  # type: ignore[type-arg]
    """Counts no more than COUNT_MAX: a million rows are not looked at for a number."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[: COUNT_MAX + 1].count())


class ByRule(admin.SimpleListFilter):
    """Django's own would look at every row for what there is to choose from."""

    title = "rule"
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in RULES]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RateLimitHit]
    ) -> QuerySet[RateLimitHit]:
        return queryset.filter(rule=self.value()) if self.value() else queryset


@admin.register(RateLimit)
class RateLimitAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A change takes effect in every process within 10 s."""

    list_display = ("name", "allowance", "period_s", "burst", "on", "refused_yesterday")
    list_editable = ("allowance", "period_s", "burst", "on")
    readonly_fields = ("name",)
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[RateLimit]:
        today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
        hits = RateLimitHit.objects.filter(
            rule=OuterRef("name"), minute__gte=today - timedelta(days=1), minute__lt=today
        )
        refused = hits.values("rule").annotate(total=Sum("count")).values("total")
        rows: QuerySet[RateLimit] = super().get_queryset(request)
        return rows.annotate(refused=Subquery(refused))

    @admin.display(description="refused yesterday", ordering="refused")
    def refused_yesterday(self, row: Any) -> int:
        return row.refused or 0

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(RateLimitHit)
class RateLimitHitAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What was refused to whom, by the minute; a subject is told from others for a day."""

    list_display = ("minute", "rule", "subject", "count")
    list_filter = (ByRule, "minute")
    search_fields = ("=subject",)
    search_help_text = "a subject, in full"
    ordering = ("-minute", "-id")
    paginator = FewPages
    show_full_result_count = False
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(HourlyActivity)
class HourlyActivityAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """How much happened, by area never of fewer than 5 people; see `activity`."""

    list_display = ("hour", "place", "people", "sessions", "messages", "voice_minutes", "peak")
    list_filter = ("hour",)
    ordering = ("-hour", "area")
    paginator = FewPages
    show_full_result_count = False
    list_per_page = 50
    actions = None

    @admin.display(description="area", ordering="area", empty_value="elsewhere")
    def place(self, row: HourlyActivity) -> str | None:
        return row.area or None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
