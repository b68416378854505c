"""Middleware that spares calls what they do not need: Django takes each of its own that is not
asynchronous to a thread and back, before and after the view."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import cache
from typing import Any, cast

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django.template.loader import render_to_string
from django.urls import resolve, reverse
from django.utils.deprecation import MiddlewareMixin

log = logging.getLogger("neartalk.http")

# Django renders an error on a thread, where nobody measures it.
ERROR, ERROR_S = 400, 0.005


class OnLoop(MiddlewareMixin):
    """Only computes: what never waits needs no thread."""

    async def __acall__(self, request: HttpRequest) -> Any:
        before = getattr(self, "process_request", None)
        after = getattr(self, "process_response", None)
        response = before(request) if before else None
        response = response or await cast(Awaitable[Any], self.get_response(request))
        return after(request, response) if after else response


class InLane(OnLoop):
    """Does the work of a call in the turn of its network: see `gate`, which a test without a server
    does not pass."""

    async def __acall__(self, request: HttpRequest) -> Any:
        lane = getattr(request, "scope", {}).get("lane")
        work = cast(Coroutine[Any, Any, HttpResponseBase], self.get_response(request))
        if lane is None:
            return await work
        response = await lane.run(work)
        if response.status_code >= ERROR:
            lane.charge(ERROR_S)
        return response


class ContentPolicy(OnLoop):
    """django-csp's header, the same for every answer: none has a nonce, or a policy of its own but
    refusals of the gate. Django's own pages of errors, for developers, have styles in them."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not (settings.DEBUG and response.status_code in {404, 500}):
            response.headers.setdefault(HEADER, content_policy())
        return response


class Security(OnLoop, SecurityMiddleware):
    """Django's headers of security."""


class FrameOptions(OnLoop, XFrameOptionsMiddleware):
    """Django's X-Frame-Options."""


class Common(OnLoop, CommonMiddleware):
    """Django's check of the host, slashes at the end, and Content-Length."""


class Csrf(OnLoop, CsrfViewMiddleware):
    """Django's CSRF tokens."""

    async def process_view(  # type: ignore[override]
        self, *args: Any
    ) -> HttpResponseBase | None:
        return super().process_view(*args)


class DevicePolicy(OnLoop):
    """Permissions-Policy (W3C), which Django does not know."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        response["Permissions-Policy"] = device_policy()
        return response


class Probes(OnLoop):
    """Whoever looks after servers asks them by address: no name of the host is expected of it."""

    async def __acall__(self, request: HttpRequest) -> Any:
        view = probes().get(request.path)
        if view is None:
            return await cast(Awaitable[Any], self.get_response(request))
        response = await view(request)
        # Some ask by HTTP/1.0, which knows no chunks.
        response.headers.setdefault("Content-Length", str(len(response.content)))
        return response


class AdminOnly(MiddlewareMixin):
    """People have no account: Django's sessions, users and notices are the admin's alone."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if request.path.startswith(admin_path()):
            return super().__call__(request)
        return self.get_response(request)


class AdminSession(AdminOnly, SessionMiddleware):
    """Says in words that the database is away, wherever a call of the admin meets that: in no trace
    of code."""

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        is_ours = isinstance(exception, Error) and request.path.startswith(admin_path())
        return database_away(exception) if is_ours else None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except Error as lost:
            return database_away(lost)


class AdminUser(AdminOnly, AuthenticationMiddleware): ...


class AdminNotices(AdminOnly, MessageMiddleware): ...


def database_away(lost: Exception) -> HttpResponse:
    log.warning("the admin has no database", extra={"error": type(lost).__name__})
    # Without the request: nothing that a page is given of its user may be read now.
    words = render_to_string("admin/away.html")
    return HttpResponse(words, status=503, headers={"Retry-After": "5"})


@cache
def content_policy() -> str:
    return build_policy()


@cache
def device_policy() -> str:
    return ", ".join(f"{name}={who}" for name, who in settings.PERMISSIONS_POLICY.items())


@cache
def probes() -> Mapping[str, Callable[[HttpRequest], Any]]:
    paths = map(reverse, ("health", "live", "metrics"))
    return {path: resolve(path).func for path in paths}


@cache
def admin_path() -> str:
    return reverse("admin:index")
