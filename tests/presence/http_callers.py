"""HTTP clients of a server: with a bearer key, or with cookies and the CSRF token of a browser."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from neartalk.codes import CODES
from tests.support.client import (
    api,
    bearer_of,
    session,
)
from tests.support.html_elements import parse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from tests.support.servers import Server

CREATE, NAME, LEAVE = "/api/session/create", "/api/session/username", "/api/session/leave"
PLACE, NEARBY, MESSAGES = "/api/location/update", "/api/nearby", "/api/messages"
CALLS = [
    *(("POST", CREATE), ("PATCH", NAME), ("POST", LEAVE)),
    *(("POST", PLACE), ("GET", NEARBY), ("GET", MESSAGES)),
]
RIGHT: dict[str, Any] = {"lat": 52.52, "lon": 13.4, "radius": 500}
HTMX = {"HX-Request": "true"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
IN_JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def caller(server: Server, name: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a session's bearer key and no place yet."""
    async with api(server) as http:
        http.headers.update(bearer_of((await session(http, name))["session_id"]))
        yield http


@asynccontextmanager
async def browser(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the CSRF cookie of the welcome page. It sends the token and its Origin, as HTMX
    does."""
    async with api(server, headers={**HTMX, "Origin": server.url}) as http:
        assert (await http.get("/")).status_code == 200
        http.headers["X-CSRFToken"] = http.cookies["csrftoken"]
        yield http


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, which must be complete, in HTML to HTMX and in JSON else."""
    if "hx-request" in answer.request.headers:
        (notice,) = parse(answer.text)
        found = notice["data-code"]
        words = notice.only("notice-words").text
    else:
        found, words = answer.json()["code"], answer.json()["message"]
        assert {*answer.json()} <= {"code", "message", "retry_after"}
    assert words == f"{CODES[found].title} {CODES[found].words}"
    return answer.status_code, found
