"""Who may call by HTTP, on both servers, and what every answer carries."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

import pytest

from tests.presence.http_callers import (
    CALLS,
    CREATE,
    HTMX,
    LEAVE,
    MESSAGES,
    NAME,
    NEARBY,
    PLACE,
    RIGHT,
    browser,
    caller,
    code,
)
from tests.support.client import (
    api,
    bearer_of,
    person,
    place,
    session,
)

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.support.client import Spot
    from tests.support.servers import Server


# ---- Who may call -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        *({"Authorization": f"Bearer {key}"} for key in ("A" * 43, "short", "\xe4" * 43)),
        {"Authorization": "Basic YWxpY2U6"},
        {"Cookie": "neartalk=" + "A" * 43, "X-CSRFToken": "x"},
    ],
)
async def test_a_call_without_a_session_is_refused(server: Server, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    bodies = {PLACE: RIGHT, NAME: {"username": "alice"}}
    async with api(server) as http:
        for method, path in CALLS[1:]:
            answer = await http.request(method, path, json=bodies.get(path), headers=raw)
            forged = "Cookie" in headers and method != "GET"
            assert code(answer) == ((403, "csrf") if forged else (401, "session-unknown"))


@pytest.mark.parametrize("kind", ["uvicorn", "daphne"])
async def test_a_call_of_an_expired_session_is_refused(
    serve: Serve, kind: Literal["uvicorn", "daphne"]
) -> None:
    server = serve(kind, {"SESSION_IDLE_SECONDS": "0"})
    async with caller(server) as http:
        assert code(await http.post(PLACE, json=RIGHT)) == (401, "session-unknown")
        assert code(await http.get(NEARBY, headers=HTMX)) == (401, "session-unknown")


async def test_who_left_is_nobody(server: Server, spot: Spot) -> None:
    async with caller(server) as http:
        await place(http, *spot, 500)
        answer = await http.post(LEAVE)
        assert (answer.status_code, answer.text) == (204, "")
        assert code(await http.post(LEAVE)) == (401, "session-unknown")
        assert code(await http.get(NEARBY)) == (401, "session-unknown")


async def test_leaving_from_the_page_takes_its_cookies_away(server: Server) -> None:
    async with browser(server) as http:
        await http.post(CREATE)
        http.cookies.set("text-size", "150", domain=http.base_url.host, path="/")
        assert 'data-text-size="150"' in (await http.get("/rules")).text
        answer = await http.post(LEAVE)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/")
        assert not {"neartalk", "text-size"} & {*http.cookies}
        await http.post(CREATE)
        token = {"csrfmiddlewaretoken": http.cookies["csrftoken"]}
        del http.headers["HX-Request"], http.headers["X-CSRFToken"]
        answer = await http.post(LEAVE, data=token)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert "neartalk" not in http.cookies


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_every_call_has_one_method(server: Server, method: str, path: str) -> None:
    async with caller(server) as http:
        for other in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - {method}:
            for headers in ({}, HTMX):
                answer = await http.request(other, path, headers=headers)
                assert code(answer) == (405, "wrong-method")
                assert answer.headers["Allow"] == ("GET, HEAD" if method == "GET" else method)


async def test_head_is_answered_as_get_is_but_for_the_body(server: Server, spot: Spot) -> None:
    paths = NEARBY, MESSAGES, "/api/voice/ice", "/api/health", "/api/health/live", "/", "/rules"
    async with caller(server) as http:
        for path in (NEARBY, MESSAGES):  # no place yet
            answer = await http.head(path)
            assert (answer.status_code, answer.content) == (409, b"")
        await place(http, *spot, 500)
        for path in paths:
            answer, whole = await http.head(path), await http.get(path)
            assert (answer.status_code, answer.content) == (whole.status_code, b"")
            assert answer.headers["Content-Type"] == whole.headers["Content-Type"]
        for method, path in CALLS:
            if method != "GET":
                assert (await http.head(path)).status_code == 405


async def test_pages_and_lists_of_people_are_compressed_and_what_was_said_is_not(
    server: Server, spot: Spot
) -> None:
    async with browser(server) as http, AsyncExitStack() as stack:
        names = ["bob", *(f"neighbour {turn}" for turn in range(7))]
        people = [person(server, *spot, 500, name) for name in names]
        bob, *_ = [await stack.enter_async_context(one) for one in people]
        for turn in range(10):
            await bob.send_text(f"Words of somebody {turn}")
        await http.post(CREATE, data={"username": "alice"})
        where = {"lat": spot[0], "lon": spot[1], "radius": 500}
        listed = await http.post(PLACE, data=where)
        for answer in (listed, await http.get("/near"), await http.get(NEARBY)):
            assert answer.headers["Content-Encoding"] == "gzip"
            assert "bob" in answer.text
        said = await http.get(MESSAGES)
        assert "Words of somebody 9" in said.text
        assert "Content-Encoding" not in said.headers


@pytest.mark.parametrize(
    "path",
    [
        *("/api", "/api/", "/api/nonsense", "/api/nearby/", "/api/session", "/api/health/x"),
        *("/api/nearby/1", "/api/messages%0A", "/api/%F0%9F%A6%94", "/api/a%0Ab", "/api//nearby"),
    ],
)
async def test_an_address_that_no_call_has_is_answered_as_calls_are(
    server: Server, path: str
) -> None:
    async with api(server) as http:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            for headers in ({}, HTMX, {"Cookie": "neartalk=" + "A" * 43}):
                answer = await http.request(method, path, headers=headers)
                assert code(answer) == (404, "not-found")
                assert answer.headers["NearTalk"] == "1"
        assert (await http.head(path)).status_code == 404


WRITES = [(method, path) for method, path in CALLS if method != "GET"]
BODIES = {PLACE: RIGHT, NAME: {"username": "alma"}}


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_a_call_with_the_cookie_needs_the_token_and_our_origin(
    server: Server, method: str, path: str
) -> None:
    body = {key: str(value) for key, value in BODIES.get(path, {}).items()}
    async with browser(server) as http:
        await http.post(CREATE, data={"username": "alice"})
        del http.headers["HX-Request"]
        token = http.headers.pop("X-CSRFToken")
        wrong: list[dict[str, str]] = [
            {},
            {"X-CSRFToken": "x" * 64},
            *(
                {"X-CSRFToken": token, "Origin": origin}
                for origin in ("http://evil.example", "null", "http://[", "http://127.0.0.1:1")
            ),
        ]
        for headers in wrong:
            answer = await http.request(method, path, data=body, headers=headers)
            assert code(answer) == (403, "csrf")
            answer = await http.request(method, path, data=body, headers={**headers, **HTMX})
            assert code(answer) == (403, "csrf")
        assert (
            await http.patch(NAME, data={"username": "alice"}, headers={"X-CSRFToken": token})
        ).json()["renames_left"] == 3
        answer = await http.request(method, path, data=body, headers={"X-CSRFToken": token})
        assert answer.status_code in {200, 201, 302}


async def test_a_page_that_asks_for_a_cookie_needs_the_token(server: Server) -> None:
    async with api(server, headers={**HTMX, "Origin": "http://evil.example"}) as http:
        answer = await http.post(CREATE)
        assert code(answer) == (403, "csrf")
        assert "set-cookie" not in answer.headers


async def test_a_bearer_needs_neither_token_nor_origin(server: Server, spot: Spot) -> None:
    async with caller(server, "alice") as http:
        http.headers.update({"Origin": "http://evil.example", "Referer": "http://evil.example/"})
        await place(http, *spot, 500)
        assert (await http.patch(NAME, json={"username": "alma"})).status_code == 200
        http.headers["Authorization"] = http.headers["Authorization"].replace("Bearer", "bearer")
        assert (await http.post(LEAVE)).status_code == 204


async def test_a_bearer_counts_where_a_cookie_is_sent_too(server: Server, spot: Spot) -> None:
    async with caller(server, "alice") as alice, caller(server, "bob") as bob:
        await place(alice, *spot, 500)
        key = bob.headers["Authorization"].removeprefix("Bearer ")
        answer = await alice.get(NEARBY, headers={"Cookie": f"neartalk={key}"})
        assert answer.json() == {"count": 0, "people": []}


# ---- What every answer carries ----------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/privacy", "/rules", NEARBY, "/api/health"])
async def test_answers_carry_the_headers_that_keep_a_page_safe(server: Server, path: str) -> None:
    async with api(server) as http:
        headers = (await http.get(path)).headers
        policy = dict(
            part.split(maxsplit=1) for part in headers["content-security-policy"].split("; ")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["worker-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        devices = dict(part.split("=") for part in headers["permissions-policy"].split(", "))
        assert {name for name, who in devices.items() if who != "()"} == {
            "geolocation",
            "microphone",
        }
        assert devices["geolocation"] == devices["microphone"] == "(self)"
        assert {"camera", "display-capture", "usb", "payment"} <= {*devices}
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
        if path.startswith("/api/"):
            assert "no-store" in headers["cache-control"]


async def test_nobody_but_the_owner_is_served_from_a_cache(server: Server, spot: Spot) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        for path in (NEARBY, MESSAGES):
            assert "no-store" in (await alice.http.get(path)).headers["cache-control"]
        async with api(server, cookies={"neartalk": alice.key}) as browser:
            page = await browser.get("/near")
            assert "Cookie" in page.headers["vary"]


async def test_a_page_without_a_session_or_a_place_leads_to_the_welcome(server: Server) -> None:
    async with api(server) as http:
        assert (await http.get("/near")).headers["Location"] == "/"
        key = (await session(http))["session_id"]
        answer = await http.get("/near", headers=bearer_of(key))
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")


async def test_in_production_an_error_is_a_page_of_ours_and_tells_nothing(serve: Serve) -> None:
    env = {"DEBUG": "0", "HTTPS": "0", "ALLOWED_HOSTS": "127.0.0.1"}
    async with api(serve("uvicorn", env)) as http:
        answer = await http.get("/nowhere/52.52")
        assert answer.status_code == 404
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "52.52" not in answer.text
        assert "urlpatterns" not in answer.text
        assert "server" not in answer.headers
        assert (await http.get("/", headers={"Host": "evil.example"})).status_code == 400
