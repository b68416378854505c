"""Mutes and bans: found by person, and lifted with a note. The device and the network that they
hold for are shown to nobody."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from neartalk.models import Sanction
from neartalk.operators.actions import RowAction, WithRowActions
from neartalk.operators.base import Choice, choices_of
from neartalk.records import lift


class ByForce(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # Translators: states of a mute or a ban. Lifted: somebody ended it early.
        force, ended, lifted = gettext("In force"), gettext("Ended"), gettext("Lifted")
        return [("force", force), ("ended", ended), ("lifted", lifted)]

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
    title = _("kind")
    parameter_name = "kind"
    known = choices_of("kind", Sanction.Kind)


class SanctionAdmin(WithRowActions):
    list_title = _("Mutes and bans")
    list_display = ("person_id", "kind", "reason", "made", "until", "state", "decided_by")
    list_filter = (ByForce, BySanctionKind)
    list_select_related = ("by",)
    search_fields = ("person_id__exact",)
    search_help_text = _("a person's id, in full")
    ordering = ("-id",)
    fields = (*list_display, "note")
    readonly_fields = fields
    may_act = "neartalk.change_sanction"
    # Translators: the verb on a button: ends a mute or a ban.
    LIFT = RowAction("lift", _("Lift"), _("They may speak and come again at once."), lift)

    def row_actions(self, request: HttpRequest, row: Any) -> list[RowAction]:
        return [self.LIFT] if in_force(row) else []

    @admin.display(description=_("state"))
    def state(self, row: Sanction) -> str:
        if row.lifted:
            # Translators: "d M H:i" is a day and a time as Django's date filter writes them.
            day = date_format(row.lifted, gettext("d M H:i"))
            words = gettext("lifted {day}").format(day=day)
            return format_html('<span class="over">{}</span>', words)
        if in_force(row):
            return format_html('<strong class="holds">{}</strong>', gettext("in force"))
        return format_html('<span class="over">{}</span>', gettext("ended"))

    # Translators: a column: who decided it.
    @admin.display(description=_("by"))
    def decided_by(self, row: Sanction) -> str:
        return row.by.get_username() if row.by else gettext("the server")


def in_force(row: Sanction) -> bool:
    return row.lifted is None and row.until > timezone.now()
