"""People's calls go through no thread of ours, and carry nothing of the admin's."""

import asyncio
from typing import Any

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpResponse
from django.test import AsyncRequestFactory

from neartalk.http import OnLoop
from neartalk.http.middleware import AdminSession


async def called(middleware: Any, path: str) -> tuple[Any, Any]:
    """The request as it came out, and the answer."""
    request = AsyncRequestFactory().get(path)
    return request, await middleware(request)


async def answer(request: object) -> HttpResponse:
    return HttpResponse("answered")


async def test_what_only_computes_stays_on_the_loop() -> None:
    turns: list[object] = []

    class Noted(OnLoop):
        def process_request(self, request: object) -> None:
            turns.append(asyncio.get_running_loop())

        def process_response(self, request: object, response: HttpResponse) -> HttpResponse:
            turns.append(asyncio.get_running_loop())
            return response

    _, response = await called(Noted(answer), "/")
    assert response.content == b"answered"
    assert turns == [asyncio.get_running_loop()] * 2


async def test_what_answers_first_ends_the_call_there() -> None:
    class Refusing(OnLoop):
        def process_request(self, request: object) -> HttpResponse:
            return HttpResponse("no", status=403)

    _, response = await called(Refusing(answer), "/")
    assert response.status_code == 403


@pytest.mark.parametrize(("path", "has"), [("/", False), ("/api/nearby", False), ("/admin/", True)])
async def test_only_the_admin_has_sessions(path: str, has: bool) -> None:
    request, _ = await called(AdminSession(answer), path)
    assert hasattr(request, "session") is has
    assert issubclass(AdminSession, SessionMiddleware)
