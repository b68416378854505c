"""Middleware that spares calls what they do not need: Django takes each of its own that is not
asynchronous to a thread and back, before and after the view."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import cache
from typing import Any, cast

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import resolve, reverse
from django.utils.deprecation import MiddlewareMixin


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
        return await (lane.run(work) if lane else work)


class ContentPolicy(OnLoop, CSPMiddleware):
    """django-csp's headers."""


class DevicePolicy(OnLoop):
    """Permissions-Policy (W3C), which Django does not know."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        each = settings.PERMISSIONS_POLICY.items()
        response["Permissions-Policy"] = ", ".join(f"{name}={who}" for name, who in each)
        return response


class Probes(OnLoop):
    """Whoever looks after servers asks them by address: no name of the host is expected of it."""

    async def __acall__(self, request: HttpRequest) -> Any:
        view = probes().get(request.path)
        return await cast(Awaitable[Any], view(request) if view else self.get_response(request))


class AdminOnly(MiddlewareMixin):
    """People have no account: Django's sessions, users and notices are the admin's alone."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if request.path.startswith(admin_path()):
            return super().__call__(request)
        return self.get_response(request)


class AdminSession(AdminOnly, SessionMiddleware): ...


class AdminUser(AdminOnly, AuthenticationMiddleware): ...


class AdminNotices(AdminOnly, MessageMiddleware): ...


@cache
def probes() -> Mapping[str, Callable[[HttpRequest], Any]]:
    paths = map(reverse, ("health", "live", "metrics"))
    return {path: resolve(path).func for path in paths}


@cache
def admin_path() -> str:
    return reverse("admin:index")
