"""How an endpoint reads its body and says no: one view, one form, two renderings."""

import json
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django_htmx.middleware import HtmxDetails

from neartalk.codes import Refused
from neartalk.limits import narrowest
from neartalk.parts import platform_of


class HtmxRequest(HttpRequest):
    """A request by ASGI that went through django-htmx's middleware."""

    htmx: HtmxDetails
    scope: Mapping[str, Any]


View = Callable[[HtmxRequest], Coroutine[Any, Any, HttpResponse]]


class Number(str):
    """A JSON number, in its own digits: a form judges it, and no text field takes it for text."""

    __slots__ = ()


def body_of(request: HttpRequest) -> Mapping[str, Any]:
    """The fields of a form or of a JSON object. No field takes a boolean for a number.

    Raises Refused: `bad-json`, `too-large`.
    """
    try:
        body = request.body
        if request.content_type == "application/x-www-form-urlencoded" or not body:
            return QueryDict(body).dict()
    except (RequestDataTooBig, TooManyFieldsSent) as why:
        raise Refused("too-large") from why
    if request.content_type != "application/json":
        raise Refused("bad-json")
    try:
        found = json.loads(body, parse_int=Number, parse_float=Number, parse_constant=Number)
    except (ValueError, RecursionError) as why:
        raise Refused("bad-json") from why
    if not isinstance(found, dict):
        raise Refused("bad-json")
    return {key: [value] if isinstance(value, bool) else value for key, value in found.items()}


def endpoint(method: str) -> Callable[[View], Callable[..., Coroutine[Any, Any, HttpResponse]]]:
    """A view of one method, and of HEAD where that is GET: the server leaves the body out. A
    refusal on its way is rendered as the caller reads it."""
    methods = ("GET", "HEAD") if method == "GET" else (method,)

    def wrap(view: View) -> Callable[..., Coroutine[Any, Any, HttpResponse]]:
        @wraps(view)
        async def answer(request: HtmxRequest) -> HttpResponse:
            try:
                if request.method in methods:
                    return await view(request)
            except Refused as refused:
                await count(request, refused)
                return refusal(request, refused)
            response = refusal(request, Refused("wrong-method"))
            response["Allow"] = ", ".join(methods)
            return response

        return never_cache(answer)

    return wrap


async def count(request: HtmxRequest, refused: Refused) -> None:
    """A limit was met, by whoever asked; while the store is lost nobody knows by whom."""
    if refused.rule is None:
        return
    platform = platform_of(request)
    try:
        origin = await platform.origins.of(request.scope)
    except Refused:
        origin = {}
    platform.records.hits.count(refused.rule, narrowest(origin))


def refusal(request: HtmxRequest, refused: Refused) -> HttpResponse:
    """A refusal as JSON, or as the fragment of the page."""
    platform_of(request).instruments.count_refusal(refused)
    status = refused.row.status
    if request.htmx:
        response = render(request, "_refusal.html", {"refusal": refused}, status=status)
    else:
        response = JsonResponse(refused.fields(), status=status)
    if refused.retry_after is not None:
        response["Retry-After"] = str(refused.retry_after)
    return response


@csrf_exempt
@never_cache
async def unknown_call(request: HtmxRequest) -> HttpResponse:
    """No call has this address: said as every call says it."""
    return refusal(request, Refused("not-found"))
