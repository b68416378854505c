"""Django's ASGI handler, without threads for whoever does not read the database.

Django starts and joins two threads a call, to look after connections that a view may have opened.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix, set_urlconf

from neartalk.http.cookies import CallRequest
from neartalk.http.middleware import admin_path
from neartalk.http.refusals import Receive, Send


class CallHandler(ASGIHandler):
    """The admin goes Django's way. All other calls are answered on the loop: what they keep is
    written by `records`, on connections of its own."""

    request_class = CallRequest

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(admin_path()):
            await super().__call__(scope, receive, send)
            return
        request = await self._request(scope, receive, send)
        if request is None:
            return
        try:
            await unless_client_leaves(receive, self._answer(request, send))
        finally:
            request.close()

    async def _request(self, scope: Any, receive: Receive, send: Send) -> HttpRequest | None:
        """The request, whose body `Gate` has read whole; None where it is malformed and refused."""
        body = BytesIO((await receive())["body"])
        set_script_prefix(get_script_prefix(scope))
        request, refusal = self.create_request(scope, body)
        if refusal:
            await self.send_response(refusal, send)
        return request

    _middleware_chain: Callable[[HttpRequest], Awaitable[HttpResponseBase]]

    async def _answer(self, request: HttpRequest, send: Send) -> None:
        set_urlconf(settings.ROOT_URLCONF)
        await self.send_response(await self._middleware_chain(request), send)


async def unless_client_leaves(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Awaits work, and cancels it as soon as the client is gone."""
    working = asyncio.create_task(work)
    leaving = asyncio.ensure_future(receive())
    leaving.add_done_callback(lambda _: working.cancel())
    try:
        await asyncio.wait([working])
    finally:
        working.cancel()
        leaving.cancel()
    if not working.cancelled():
        working.result()
