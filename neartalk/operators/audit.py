"""The audit trail: every act of an operator, to be read and by nobody to be changed. It is one
record in English, whichever way the words around it are read."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from neartalk.operators.base import ReadOnly
from neartalk.records import CONSOLE


def of_choices(chosen: admin.SimpleListFilter) -> str:
    """What was chosen, if it was there to choose."""
    value = chosen.value() or ""
    return value if value in dict(chosen.lookup_choices) else ""


class ByUser(admin.SimpleListFilter):
    title = _("who")
    parameter_name = "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        who = get_user_model().objects.filter(Q(is_staff=True) | Q(username=CONSOLE))
        return [(str(user.pk), user.get_username()) for user in who.order_by("username")[:50]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        return queryset.filter(user_id=known) if (known := of_choices(self)) else queryset


class ByContentType(admin.SimpleListFilter):
    title = _("what about")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = ContentType.objects.get_for_models(*model_admin.admin_site._registry)
        return sorted(
            ((str(kind.pk), str(model._meta.verbose_name)) for model, kind in kinds.items()),
            key=lambda choice: choice[1],
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        return queryset.filter(content_type=int(known)) if (known := of_choices(self)) else queryset


class LogEntryAdmin(ReadOnly):
    list_title = _("Audit trail")
    list_display = ("action_time", "user", "about", "done")
    list_display_links = ("action_time",)
    list_filter = (ByUser, ByContentType)
    list_select_related = ("user", "content_type")
    # Later ones have greater ids; the time has no index.
    ordering = ("-id",)
    fields = ("action_time", "user", "about", "done")
    readonly_fields = fields

    # Translators: a column: what was acted upon, such as a report or a rule.
    @admin.display(description=_("about"))
    def about(self, entry: LogEntry) -> str:
        url = entry.get_admin_url()
        kind = entry.content_type.name if entry.content_type else gettext("something")
        if url is None or entry.is_deletion():
            return format_html('{} <span dir="auto">{}</span>', kind, entry.object_repr)
        return format_html('{} <a href="{}" dir="auto">{}</a>', kind, url, entry.object_repr)

    # Translators: a column: what was done.
    @admin.display(description=_("done"))
    def done(self, entry: LogEntry) -> str:
        words = entry.get_change_message() or entry.get_action_flag_display()
        return format_html('<span dir="auto">{}</span>', words)
