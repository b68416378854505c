"""What may be done about a row in the admin: buttons beside one note, on a page that changes
nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from neartalk.codes import Refused
from neartalk.operators.base import ReadOnly
from neartalk.records import Overtaken

OVERTAKEN = _("Somebody else was quicker. Nothing was done; this is how it stands now.")


@dataclass(frozen=True, slots=True)
class RowAction:
    """A button, what it does in a sentence, and the function that does it: of the row as it was
    looked at, the user and the note. It says what it did, or raises Overtaken or Refused.
    """

    name: str
    label: str | Promise
    hint: str | Promise
    act: Callable[[Any, Any, str], str]


class NoteForm(forms.Form):
    note = forms.CharField(max_length=500)


class WithRowActions(ReadOnly):
    """Whoever may only look is shown no button, and refused with 403."""

    may_act = ""
    change_form_template = "admin/verbs.html"
    # Where an operator goes on after an act: to the list, or back to the row.
    on_to_list = False

    def row_actions(self, request: HttpRequest, row: Any) -> list[RowAction]:
        raise NotImplementedError

    def seen(self, row: Any) -> str:
        """Changes whenever somebody decides about the row."""
        return ""

    def described(self, row: Any) -> dict[str, Any]:
        """What the page shows besides."""
        return {}

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            return super().change_view(request, object_id, form_url, extra_context)
        may_act = request.user.has_perm(self.may_act)
        if request.method == "POST" and not may_act:
            raise PermissionDenied
        if request.method == "POST":
            return self._act(request, row)
        shown = {**self.described(row), "verbs": self.row_actions(request, row) if may_act else []}
        shown |= {"seen": self.seen(row), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, shown)

    def _act(self, request: HttpRequest, row: Any) -> HttpResponse:
        if self._done(request, row) and self.on_to_list:
            opts = self.model._meta
            return redirect(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        return redirect(request.path)

    def _done(self, request: HttpRequest, row: Any) -> bool:
        """Carries out what was asked, and says what became of it."""
        known = {verb.name: verb for verb in self.row_actions(request, row)}
        verb, note = known.get(request.POST.get("verb", "")), NoteForm(request.POST)
        if not note.is_valid():
            messages.error(request, gettext("Say why, in the note. Nothing was done."))
            return False
        try:
            if verb is None or request.POST.get("seen", "") != self.seen(row):
                raise Overtaken
            told = verb.act(row, request.user, note.cleaned_data["note"])
        except Overtaken:
            messages.warning(request, str(OVERTAKEN))
            return False
        except Refused as refused:
            again = gettext("Nothing was done; try again.")
            messages.error(request, f"{refused.title} {again}")
            return False
        messages.success(request, told)
        return True
