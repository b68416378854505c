"""The admin site: the first page, and a login with a limit, so that guessing passwords is slow."""

from collections.abc import Callable
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from neartalk.codes import Refused
from neartalk.http import HtmxRequest, count
from neartalk.limits import Act, allow, digest_of, narrowest
from neartalk.operators.known_browser import known_browser, remember_browser
from neartalk.parts import platform_of
from neartalk.records import record

# A part of the first page: its HTML, or `""` where the user may not see it.
Panel = Callable[[HttpRequest], str]
LOGIN_METHODS = ("GET", "HEAD", "POST")


class LoginForm(AdminAuthenticationForm):
    """Writes down who came in, and whose account was tried in vain."""

    def clean(self) -> dict[str, Any]:
        try:
            cleaned = super().clean()
        except ValidationError:
            tried = get_user_model().objects.filter(username=self.cleaned_data.get("username"))
            for user in tried:
                record(user, user, "Login failed.")
            raise
        # Nobody, where a field was empty.
        if user := self.get_user():
            record(user, user, "Logged in.")
        return cleaned


class Site(admin.AdminSite):
    site_header = site_title = "NearTalk"
    index_title = _("Today")
    index_template = "admin/today.html"
    login_form = LoginForm

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        rendered = {name: panel(request) for name, panel in panels().items()}
        shown = {"panels": rendered, "now": timezone.now(), **(extra_context or {})}
        response = super().index(request, shown)
        account = request.user.get_username()
        if not known_browser(request, account):
            remember_browser(response, account)
        return response

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Only what was done leads on; what can't be is the same page again."""
        with transaction.atomic():
            response = super().password_change(request, extra_context)
            if isinstance(response, HttpResponseRedirect):
                user = cast(User, request.user)
                record(user, user, "Changed the password.")
        return response

    async def login(  # type: ignore[override]
        self, request: HtmxRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Django would take PUT for POST.
        if request.method not in LOGIN_METHODS:
            return HttpResponseNotAllowed(LOGIN_METHODS)
        try:
            if request.method == "POST":
                await allow_login(request)
        except Refused as refused:
            platform_of(request).instruments.count_refusal(refused)
            await count(request, refused)
            return await sync_to_async(self.refuse_login)(request, refused)
        response = await sync_to_async(super().login)(request, extra_context)
        if request.method == "POST" and isinstance(response, HttpResponseRedirect):
            remember_browser(response, (await request.auser()).get_username())
        return response

    def refuse_login(self, request: HttpRequest, refused: Refused) -> HttpResponse:
        """The same page, which says why and when to try again; no password was looked at."""
        shown = {
            **self.each_context(request),
            "title": gettext("Log in"),
            "form": LoginForm(request),
            "refused": refused,
            "app_path": request.get_full_path(),
            "next": request.POST.get("next", ""),
        }
        response = TemplateResponse(
            request, "admin/login_refused.html", shown, status=refused.row.status
        )
        if refused.retry_after is not None:
            response["Retry-After"] = str(refused.retry_after)
        return response.render()


def panels() -> dict[str, Panel]:
    """The panels of the first page, by the names that its template has for them."""
    return {name: import_string(path) for name, path in settings.ADMIN_PANELS.items()}


async def allow_login(request: HtmxRequest) -> None:
    """One try of a network, as which this machine counts too, and one for an account from wherever
    they come: what the network may not try takes nothing from the account. A browser in which
    somebody has logged in to the account has tries of its own: no stranger keeps it out.

    Raises Refused: `too-many-logins`, `store-unavailable`.
    """
    platform = platform_of(request)
    # As the form will read it: there are many ways to write a name.
    name = UsernameField().to_python(request.POST.get("username", "")) or ""
    if browser := known_browser(request, name):
        known = digest_of(await platform.keys.today(), f"browser {browser}")
        await allow(platform.allowances, "too-many-logins", Act("admin.browser", known))
        return
    origin = await platform.origins.of(request.scope)
    await allow(platform.allowances, "too-many-logins", Act("admin.login", narrowest(origin)))
    account = digest_of(await platform.keys.today(), f"account {name}")
    await allow(platform.allowances, "too-many-logins", Act("admin.account", account))
