"""How the admin lists a million rows: it counts no further than it must and looks nothing up that
no index knows."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Choices, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise, cached_property

COUNT_MAX = 10_000
Known = tuple[tuple[str, str | Promise, dict[str, Any]], ...]


class FewPages(Paginator):  # type: ignore[type-arg]
    """Counts no more than COUNT_MAX: a million rows are not looked at for a number."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[: COUNT_MAX + 1].count())


class Choice(admin.SimpleListFilter):
    """One of a few that are known beforehand: Django's own would look at every row for them. Each
    of `known` is a value, its words, and the conditions of its rows.
    """

    known: Known

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(words)) for value, words, _ in self.known]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = [conditions for value, _, conditions in self.known if value == self.value()]
        return queryset.filter(**wanted[0]) if wanted else queryset


def choices_of(field: str, choices: type[Choices]) -> Known:
    """What a field with these choices is filtered by."""
    return tuple((str(value), words, {field: value}) for value, words in choices.choices)


def asked_by(chosen: Any) -> tuple[str, ...]:
    """What a filter, or that of a field with a time, has in the address."""
    if isinstance(chosen, str):
        return f"{chosen}__gte", f"{chosen}__lt"
    return (chosen.parameter_name,)


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that nobody makes, changes or deletes by hand."""

    list_title: str | Promise = ""
    show_facets = admin.ShowFacets.NEVER
    paginator = FewPages
    show_full_result_count = False
    list_per_page = 50
    sortable_by = ()
    actions = None

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {"title": self.list_title, **(extra_context or {})}
        return super().changelist_view(request, shown)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """What a filter asks for, and nothing else: who may put their own conditions into the
        address finds out by the letter what no page shows."""
        return any(lookup in asked_by(one) for one in self.list_filter)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
