"""Every answer of ours carries the header by which the page knows it, and no page of a visit is
kept by a cache on the way or in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from neartalk.http import signed
from tests.support.servers import Server
from tests.support.waiting import WAIT_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """As an operator's, who names the hosts."""
    server = Server("uvicorn", {"DEBUG": "0", "HTTPS": "0", "ALLOWED_HOSTS": "127.0.0.1"})
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=WAIT_S) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status", "options"),
    [
        ("GET", "/", 200, {}),
        ("GET", "/near", 302, {}),
        ("GET", "/privacy", 200, {}),
        ("GET", "/nowhere", 404, {}),
        ("GET", "/static/css/base.css", 200, {}),
        ("GET", "/api/health", 200, {}),
        ("GET", "/api/health/live", 200, {}),
        ("GET", "/api/nearby", 401, {}),
        ("GET", "/api/session/create", 405, {}),
        ("POST", "/api/session/create", 403, {"headers": {"HX-Request": "true"}}),
        ("POST", "/api/session/create", 413, {"content": b"x" * 20_000}),
        ("GET", "/", 400, {"headers": {"Host": "elsewhere.example"}}),
        ("GET", "/admin/", 302, {}),
        ("POST", "/", 403, {}),
    ],
)
def test_every_answer_is_signed(
    http: httpx.Client, method: str, path: str, status: int, options: dict[str, Any]
) -> None:
    answer = http.request(method, path, **options)
    assert answer.status_code == status
    assert answer.headers["NearTalk"] == "1"


async def test_an_answer_that_no_middleware_has_seen_is_signed_too() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await signed(send)({"type": "http.response.start", "status": 500})
    await signed(send)({"type": "http.response.body", "body": b""})
    assert sent == [
        {"type": "http.response.start", "status": 500, "headers": [(b"neartalk", b"1")]},
        {"type": "http.response.body", "body": b""},
    ]


def test_no_page_of_a_visit_is_kept(http: httpx.Client) -> None:
    made = http.post("/api/session/create", json={}).json()
    http.headers["Authorization"] = f"Bearer {made['session_id']}"
    place = {"lat": 52.5, "lon": 13.4, "radius": 500}
    http.post("/api/location/update", json=place).raise_for_status()
    for path in ("/", "/near", "/api/messages", "/api/nearby"):
        answer = http.get(path)
        assert answer.status_code == 200
        assert "no-store" in answer.headers["Cache-Control"], path


def test_the_files_of_a_page_are_no_calls_of_its_session(http: httpx.Client) -> None:
    """Each load of the chat asks for all of its modules, with the cookie of the visit."""
    http.cookies["neartalk"] = "k" * 43
    answers = {http.get("/static/css/base.css").status_code for _ in range(130)}
    assert answers == {200}
    assert http.get("/api/nearby").status_code == 401
    until(
        lambda: http.get("/api/nearby").status_code == 429,
        "what is a call counts",
        pause=lambda: None,
    )
