"""People's calls go through no thread of ours, and carry nothing of the admin's."""

import asyncio
from typing import Any

import pytest
from csp.utils import build_policy
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpResponse
from django.test import AsyncRequestFactory

from neartalk.http import OnLoop, middleware
from neartalk.http.middleware import (
    AdminSession,
    ContentPolicy,
    DevicePolicy,
    content_policy,
)


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


async def test_the_policies_of_pages_are_built_once_for_all_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Content-Security-Policy and Permissions-Policy are the same in each."""
    built: list[object] = []

    def noted() -> str:
        built.append(None)
        return build_policy()

    monkeypatch.setattr(middleware, "build_policy", noted)
    content_policy.cache_clear()
    both = ContentPolicy(DevicePolicy(answer))
    for _ in range(3):
        _, response = await called(both, "/")
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert "geolocation=(self)" in response["Permissions-Policy"]
    assert len(built) == 1


async def test_an_answer_keeps_a_policy_of_its_own() -> None:
    async def own(request: object) -> HttpResponse:
        return HttpResponse(headers={"Content-Security-Policy": "sandbox"})

    _, response = await called(ContentPolicy(own), "/")
    assert response["Content-Security-Policy"] == "sandbox"
