"""Mutes and bans: found by person, and lifted with a note. The device and the network that they
hold for are shown to nobody."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from neartalk.models import Sanction
from neartalk.operators.actions import RowAction, WithRowActions
from neartalk.operators.base import Choice, choices_of
from neartalk.records import lift


class ByForce(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("force", "In force"), ("ended", "Ended"), ("lifted", "Lifted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Sanction]) -> QuerySet[Sanction]:
        now = timezone.now()
        match self.value():
            case "force":
                return queryset.filter(lifted=None, until__gt=now)
            case "ended":
                return queryset.filter(lifted=None, until__lte=now)
            case "lifted":
                return queryset.exclude(lifted=None)
        return queryset


class BySanctionKind(Choice):
    title = "kind"
    parameter_name = "kind"
    known = choices_of("kind", Sanction.Kind)


class SanctionAdmin(WithRowActions):
    list_title = "Mutes and bans"
    list_display = ("person_id", "kind", "reason", "made", "until", "state", "decided_by")
    list_filter = (ByForce, BySanctionKind)
    list_select_related = ("by",)
    search_fields = ("person_id__exact",)
    search_help_text = "a person's id, in full"
    ordering = ("-id",)
    fields = (*list_display, "note")
    readonly_fields = fields
    may_act = "neartalk.change_sanction"
    ROW_ACTIONS = (RowAction("lift", "Lift", "They may speak and come again at once.", lift),)

    def row_actions(self, request: HttpRequest, row: Any) -> list[RowAction]:
        return [*self.ROW_ACTIONS] if in_force(row) else []

    @admin.display
    def state(self, row: Sanction) -> str:
        if row.lifted:
            return format_html('<span class="over">lifted {}</span>', f"{row.lifted:%d %b %H:%M}")
        if in_force(row):
            return format_html('<strong class="holds">{}</strong>', "in force")
        return format_html('<span class="over">{}</span>', "ended")

    @admin.display(description="by")
    def decided_by(self, row: Sanction) -> str:
        return row.by.get_username() if row.by else "the server"


def in_force(row: Sanction) -> bool:
    return row.lifted is None and row.until > timezone.now()
