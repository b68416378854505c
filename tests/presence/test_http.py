"""The HTTP calls on both servers: what they answer, what they refuse, and what they never say."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import pytest
from django.http import HttpResponse

from neartalk.codes import CODES
from presence.geo import CELL_DEGREES, cell_at, centre
from presence.sessions import keep
from tests.support.client import (
    api,
    bearer_of,
    elsewhere,
    new_ref,
    north,
    person,
    place,
    running,
    session,
)
from tests.support.markup import parse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx
    from pytest_django.fixtures import Settings

    from tests.conftest import Serve
    from tests.support.client import Spot
    from tests.support.servers import Server

CREATE, NAME, LEAVE = "/api/session/create", "/api/session/username", "/api/session/leave"
PLACE, NEARBY, MESSAGES = "/api/location/update", "/api/nearby", "/api/messages"
CALLS = [
    *(("POST", CREATE), ("PATCH", NAME), ("POST", LEAVE)),
    *(("POST", PLACE), ("GET", NEARBY), ("GET", MESSAGES)),
]
HTMX = {"HX-Request": "true"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
IN_JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param, RATE_LIMITS_SCALE="1000") as running_server:
        yield running_server


@pytest.fixture
def spot() -> Spot:
    return elsewhere()


@asynccontextmanager
async def caller(server: Server, name: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Someone who calls with a bearer and has no place yet."""
    async with api(server) as http:
        http.headers.update(bearer_of((await session(http, name))["session_id"]))
        yield http


@asynccontextmanager
async def browser(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on the welcome page: it holds the CSRF cookie and sends the token and its Origin,
    as HTMX does there."""
    async with api(server, headers={**HTMX, "Origin": server.url}) as http:
        assert (await http.get("/")).status_code == 200
        http.headers["X-CSRFToken"] = http.cookies["csrftoken"]
        yield http


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, which must be whole and in the form that was asked for."""
    if "hx-request" in answer.request.headers:
        (notice,) = parse(answer.text)
        found = notice["data-code"]
        words = notice.only("notice-words").text
    else:
        found, words = answer.json()["code"], answer.json()["message"]
        assert {*answer.json()} <= {"code", "message", "retry_after"}
    assert words == f"{CODES[found].title} {CODES[found].words}"
    return answer.status_code, found


# ---- Coming -----------------------------------------------------------------------------------


async def test_the_admin_asks_who_one_is(server: Server) -> None:
    async with browser(server) as guest:
        answer = await guest.get("/admin/", follow_redirects=True)
    assert answer.status_code == 200
    assert "csrfmiddlewaretoken" in answer.text


async def test_a_new_session_is_told_its_key_once(server: Server) -> None:
    async with api(server) as http:
        answer = await http.post(CREATE, json={"username": " Ａlice  B "})
        assert answer.status_code == 201
        assert answer.json() == {
            "session_id": answer.json()["session_id"],
            "person_id": answer.json()["person_id"],
            "username": "Alice B",
            "renames_left": 3,
            "expires_in": 1800,
        }
        assert re.fullmatch(r"[\w-]{43}", answer.json()["session_id"], re.ASCII)
        assert re.fullmatch(r"[0-9a-f]{16}", answer.json()["person_id"])
        assert "set-cookie" not in answer.headers


async def test_who_gives_no_name_is_given_one(server: Server) -> None:
    async with api(server) as http:
        bodies: list[Any] = [{}, {"username": ""}, {"username": None}, {"other": 1}]
        names = [(await http.post(CREATE, json=body)).json()["username"] for body in bodies]
        names.append((await http.post(CREATE)).json()["username"])
        assert all(re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+", name) for name in names)
        assert len({*names}) > 1


async def test_every_session_is_another(server: Server) -> None:
    async with api(server) as http:
        made = [await session(http, "alice") for _ in range(20)]
        assert len({one["session_id"] for one in made}) == 20
        assert len({one["person_id"] for one in made}) == 20


async def test_the_page_is_given_a_cookie_and_no_key(server: Server) -> None:
    async with browser(server) as http:
        answer = await http.post(CREATE, data={"username": "alice"})
        assert (answer.status_code, answer.text) == (201, "")
        cookie, _ = answer.headers.get_list("set-cookie")
        name_and_key, *attributes = cookie.split("; ")
        assert re.fullmatch(r"neartalk=[\w-]{43}", name_and_key, re.ASCII)
        assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax"]


async def test_behind_tls_the_cookie_is_bound_to_the_host(serve: Serve) -> None:
    server = serve("uvicorn", {"HTTPS": "1"})
    origin = server.url.replace("http:", "https:")
    secure = {"X-Forwarded-Proto": "https", "Origin": origin, **HTMX}
    async with api(server, headers=secure) as http:
        csrf = (await http.get("/")).headers["set-cookie"]
        assert "; Secure" in csrf
        token = re.findall(r"csrftoken=(\w+)", csrf)[0]
        http.headers.update({"Cookie": f"csrftoken={token}", "X-CSRFToken": token})
        cookie, device = (await http.post(CREATE)).headers.get_list("set-cookie")
        assert device.startswith("__Host-device=")
        name_and_key, *attributes = cookie.split("; ")
        assert name_and_key.startswith("__Host-neartalk=")
        assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]
        http.headers["Cookie"] = f"csrftoken={token}; {name_and_key}"
        gone = (await http.post(LEAVE)).headers["set-cookie"]
        assert gone.startswith('__Host-neartalk="";')
        assert "; Secure" in gone


def test_the_key_outlives_no_browser_session_and_the_device_every_ban(settings: Settings) -> None:
    for https in (False, True):
        settings.HTTPS = https
        response = HttpResponse()
        keep(response, "A" * 43, "b" * 32)
        cookie, device = response.cookies.values()
        assert device.key == ("__Host-device" if https else "device")
        assert (device["max-age"], device["domain"]) == (90 * 24 * 3600, "")
        assert (device["httponly"], device["samesite"], device["path"]) == (True, "Lax", "/")
        assert bool(device["secure"]) == https
        assert cookie.key == ("__Host-neartalk" if https else "neartalk")
        assert (cookie["max-age"], cookie["expires"], cookie["domain"]) == ("", "", "")
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        assert bool(cookie["secure"]) == https


async def test_the_key_is_in_no_answer_to_the_page(server: Server, spot: Spot) -> None:
    async with browser(server) as http:
        answers = [await http.post(CREATE, data={"username": "alice"})]
        key = http.cookies["neartalk"]
        where = {"lat": str(spot[0]), "lon": str(spot[1]), "radius": "500"}
        answers.append(await http.post(PLACE, data=where))
        answers += [await http.get(path) for path in (NEARBY, MESSAGES, "/near", "/", "/privacy")]
        answers.append(await http.patch(NAME, data={"username": "alma"}))
        answers.append(await http.patch(NAME, data={"username": ""}))
        answers.append(await http.get(NEARBY, headers={"HX-Request": ""}))
        answers.append(await http.post(LEAVE))
        assert [answer.status_code for answer in answers] == [201, *[200] * 7, 422, 200, 200]
        for answer in answers:
            assert key not in answer.text
            assert not any(
                key in value for name, value in answer.headers.items() if name != "set-cookie"
            )
            assert "session_id" not in answer.text
        assert not any(key in value for one in answers[1:] for value in one.headers.values())


async def test_who_starts_anew_is_not_here_twice(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, 2), 500, "bob") as bob,
    ):
        assert (await alice.http.post(CREATE, json={})).status_code == 201
        assert await alice.closed() == 4410
        assert (await bob.http.get(NEARBY)).json()["count"] == 0


# ---- Names ------------------------------------------------------------------------------------

NAMES_REFUSED: list[tuple[Any, int, str]] = [
    ("", 422, "name-empty"),
    ("   ", 422, "name-empty"),
    ("\n\t", 422, "name-empty"),
    ("\u202e\u200b\x00", 422, "name-empty"),
    ("\ud800", 422, "name-empty"),
    ("x" * 25, 422, "name-too-long"),
    ("ﬃ" * 9, 422, "name-too-long"),
    ("x" * 10_000, 422, "name-too-long"),
    (None, 400, "bad-frame"),
    (1, 400, "bad-frame"),
    (True, 400, "bad-frame"),
    (["alice"], 400, "bad-frame"),
    ({"name": "alice"}, 400, "bad-frame"),
]


@pytest.mark.parametrize(("name", "status", "why"), NAMES_REFUSED)
async def test_a_name_that_is_none_changes_nothing(
    server: Server, name: object, status: int, why: str
) -> None:
    async with caller(server, "alice") as http:
        answer = await http.patch(NAME, content=json.dumps({"username": name}), headers=IN_JSON)
        assert code(answer) == (status, why)
        kept = (await http.patch(NAME, json={"username": "alice"})).json()
        assert (kept["username"], kept["renames_left"]) == ("alice", 3)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x" * 24, "x" * 24),
        ("  a \n b  ", "a b"),
        ("al\x00ice\u202e", "alice"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("{{ name }}", "{{ name }}"),
        ("' OR 1=1 --", "' OR 1=1 --"),
    ],
)
async def test_a_name_is_cleaned_and_else_taken_as_it_is(
    server: Server, name: str, shown: str
) -> None:
    async with caller(server, "bob") as http:
        answer = await http.patch(NAME, json={"username": name})
        assert answer.status_code == 200
        assert answer.json() == {**answer.json(), "username": shown, "renames_left": 2}
        assert {*answer.json()} == {"person_id", "username", "renames_left", "expires_in"}


async def test_a_first_name_is_judged_like_any_other(server: Server) -> None:
    async with api(server) as http:
        for name, status, why in NAMES_REFUSED:
            if name in ("", None):  # these ask for a generated one
                continue
            body = json.dumps({"username": name})
            assert code(await http.post(CREATE, content=body, headers=IN_JSON)) == (status, why)


async def test_a_name_may_be_changed_three_times(server: Server) -> None:
    async with caller(server, "alice") as http:
        for left, name in ((2, "a"), (2, "a"), (1, "b"), (0, "c"), (0, "c")):
            answer = await http.patch(NAME, json={"username": name})
            assert answer.json()["renames_left"] == left
        answer = await http.patch(NAME, json={"username": "d"})
        assert code(answer) == (403, "renames-spent")
        assert (await http.patch(NAME, json={"username": "c"})).json()["username"] == "c"


async def test_the_page_is_shown_its_name_editor_again(server: Server, spot: Spot) -> None:
    async with browser(server) as http:
        await http.post(CREATE, data={"username": "alice"})
        where = {"lat": str(spot[0]), "lon": str(spot[1]), "radius": "500"}
        await http.post(PLACE, data=where)
        right = await http.patch(NAME, data={"username": "<b>"})
        editor = next(one for one in parse(right.text) if one.id == "self")
        assert editor["data-name"] == "<b>"
        assert "2 name changes left" in editor.text

        wrong = await http.patch(NAME, data={"username": '"><script>' * 3})
        assert wrong.status_code == 422
        editor = next(one for one in parse(wrong.text) if one.id == "self")
        field = next(one for one in editor.within() if one.id == "username")
        assert (field["value"], field["aria-invalid"]) == ('"><script>' * 3, "true")
        assert CODES["name-too-long"].title in editor.text
        assert editor["data-name"] == "<b>"


# ---- Places -----------------------------------------------------------------------------------

RIGHT: dict[str, Any] = {"lat": 52.52, "lon": 13.4, "radius": 500}
PLACES_REFUSED: list[tuple[dict[str, Any], str]] = [
    *(
        ({side: wrong}, "bad-place")
        for side in ("lat", "lon")
        for wrong in (
            *(None, "", " ", "north", "52,5", "0x10", "NaN", "Infinity", "-Infinity"),
            *(float("nan"), float("inf"), float("-inf"), True, False, [52.5], {"deg": 52}),
            *(180.0001, -180.0001, 1e308, -1e9, int("9" * 400), "1e400"),
        )
    ),
    ({"lat": 90.0001}, "bad-place"),
    ({"lat": -90.0001}, "bad-place"),
    *(
        ({"radius": wrong}, "bad-radius")
        for wrong in (
            *(None, "", "500m", "500 m", "1.5", "5e2", "-500", "+500", "0x1f4", "far", "NaN"),
            *(99, 2001, 0, -500, 1.5, 500.0, 500.5, 5e2, 10**400, 99999, True, [500]),
            *(float("nan"), float("inf"), {"m": 500}),
        )
    ),
]


async def test_a_place_that_is_none_gets_its_error_and_moves_nobody(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, 2), 500, "bob") as bob,
    ):
        for wrong, why in PLACES_REFUSED:
            body = json.dumps({**RIGHT, **wrong})
            answer = await alice.http.post(PLACE, content=body, headers=IN_JSON)
            assert (wrong, *code(answer)) == (wrong, 422, why)
        for missing, why in (("lat", "bad-place"), ("lon", "bad-place"), ("radius", "bad-radius")):
            body = json.dumps({key: value for key, value in RIGHT.items() if key != missing})
            answer = await alice.http.post(PLACE, content=body, headers=IN_JSON)
            assert code(answer) == (422, why)
        (listed,) = (await bob.http.get(NEARBY)).json()["people"]
        assert listed == {"person_id": alice.person_id, "username": "alice", "distance": "~300 m"}


async def test_the_page_is_told_what_is_wrong_with_a_place(server: Server) -> None:
    async with browser(server) as http:
        await http.post(CREATE)
        for wrong, why in (({"lat": "91"}, "bad-place"), ({"radius": "99"}, "bad-radius")):
            body = {key: str(value) for key, value in {**RIGHT, **wrong}.items()}
            assert code(await http.post(PLACE, data=body)) == (422, why)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "hello",
        "[]",
        "null",
        "1",
        '"lat"',
        "[" * 16_000,
        '{"lat": 52.52, "lon": 13.4, "radius": 500',
        b"\xff\xfe\xfa",
        b'{"lat": "\xc3"}',
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(server: Server, body: str | bytes) -> None:
    async with caller(server) as http:
        answer = await http.post(PLACE, content=body, headers=IN_JSON)
        assert code(answer) == ((400, "bad-json") if body else (422, "bad-place"))
        assert code(await http.get(NEARBY)) == (409, "no-place")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "text/json", ""])
async def test_a_body_of_another_type_is_refused(server: Server, kind: str) -> None:
    async with caller(server) as http:
        answer = await http.post(
            PLACE, content=json.dumps(RIGHT), headers={"Content-Type": kind} if kind else {}
        )
        assert code(answer) == (400, "bad-json")
        in_parts = await http.post(PLACE, files={key: (None, str(RIGHT[key])) for key in RIGHT})
        assert code(in_parts) == (400, "bad-json")


async def test_a_form_is_as_good_as_json(server: Server) -> None:
    async with caller(server) as http:
        right = {key: str(value) for key, value in RIGHT.items()}
        answers = [await http.post(PLACE, data=right), await http.post(PLACE, json=RIGHT)]
        assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("headers", [FORM, IN_JSON])
async def test_a_body_larger_than_16_kb_is_refused(server: Server, headers: dict[str, str]) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 1024

    async with caller(server) as http:
        for content in (b" " * 17 * 1024, b"x" * 1024 * 1024, pieces()):
            answer = await http.post(PLACE, content=content, headers=headers)
            assert code(answer) == (413, "too-large")
        assert code(await http.post(CREATE, content=b"x" * 17 * 1024)) == (413, "too-large")


async def test_the_page_is_told_that_a_body_is_too_large(server: Server) -> None:
    async with browser(server) as http:
        await http.post(CREATE)
        answer = await http.post(PLACE, data={"lat": "1" * 17 * 1024})
        assert code(answer) == (413, "too-large")


async def test_a_form_of_a_thousand_fields_is_refused(server: Server) -> None:
    async with caller(server) as http:
        answer = await http.post(PLACE, content="a=1&" * 2_000, headers=FORM)
        assert code(answer) == (413, "too-large")


async def test_two_spots_in_one_cell_are_the_same_to_everybody(server: Server, spot: Spot) -> None:
    nudge = CELL_DEGREES * 0.49
    corners = [(spot[0] + nudge, spot[1] + nudge), (spot[0] - nudge, spot[1] - nudge)]
    async with (
        person(server, *north(spot, 2), 500, "bob") as bob,
        person(server, *spot, 500, "alice") as alice,
    ):
        seen = []
        for corner in corners:
            answer = await alice.move(*corner, 500)
            assert answer == {"cell": cell_at(*spot), "radius": 500, "in_range": 1}
            listed = (await bob.http.get(NEARBY)).json()
            mine = (await alice.http.get(NEARBY)).json()
            await alice.say("Hello")
            heard = await bob.expect("chat.message")
            seen.append((listed, mine, heard["distance"]))
        assert seen[0] == seen[1]
        assert seen[0][2] == "~300 m"


async def test_beyond_85_degrees_everybody_stands_at_85(server: Server) -> None:
    async with caller(server) as http:
        for sign in (1, -1):
            answers = [await place(http, sign * lat, 180, 2000) for lat in (90, 85.1, 85)]
            assert answers[0] == answers[1] == answers[2]
            assert abs(centre(answers[0]["cell"])[0]) < 85.01


# ---- Who is near, and what they said ----------------------------------------------------------


async def test_the_nearest_stand_first_and_nothing_more_is_told(server: Server, spot: Spot) -> None:
    async with (
        person(server, *north(spot, 6), 2000, "dora"),
        person(server, *north(spot, 20), 2000, "charlie"),
        person(server, *north(spot, 1), 2000, "bob") as bob,
        person(server, *north(spot, 3), 2000, "clara"),
        person(server, *spot, 2000, "alice") as alice,
    ):
        answer = (await alice.http.get(NEARBY)).json()
        assert {*answer} == {"count", "people"}
        assert answer["count"] == 3
        assert all({*one} == {"person_id", "username", "distance"} for one in answer["people"])
        assert [(one["username"], one["distance"]) for one in answer["people"]] == [
            *(("bob", "right around you"), ("clara", "~450 m"), ("dora", "~900 m")),
        ]
        assert answer["people"][0]["person_id"] == bob.person_id

        page = await alice.http.get(NEARBY, headers=HTMX)
        listed = next(one for one in parse(page.text) if one.id == "people-list")
        names = [name.text for row in listed.every("person-row") for name in row.every("name")]
        assert names == ["bob", "clara", "dora"]
        assert next(one for one in parse(page.text) if one.id == "people-count").text == "3 people"


async def test_who_only_calls_is_seen_and_sees(server: Server, spot: Spot) -> None:
    async with caller(server, "alice") as alice, caller(server, "bob") as bob:
        await place(alice, *spot, 500)
        assert (await place(bob, *north(spot, 2), 500))["in_range"] == 1
        (listed,) = (await alice.get(NEARBY)).json()["people"]
        assert listed["username"] == "bob"
        assert (await bob.post(LEAVE)).status_code == 204
        assert (await alice.get(NEARBY)).json() == {"count": 0, "people": []}


async def test_older_messages_are_read_page_by_page(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, 20), 500, "charlie") as charlie,
    ):
        said = [f"message {number}" for number in range(450)]
        for text in said:
            await alice.send("chat.send", text=text, ref=new_ref())
        await alice.expect("chat.message", text=said[-1])
        pages = [await alice.messages()]
        while pages[0]:
            pages.insert(0, await alice.messages(before=pages[0][0]["id"]))
        assert [len(page) for page in pages] == [0, 50, 200, 200]
        assert [message["text"] for page in pages for message in page] == said
        assert await charlie.messages() == []

        rows = parse((await alice.http.get(MESSAGES, headers=HTMX)).text)
        assert [row["data-id"] for row in rows] == [one["id"] for one in pages[-1]]
        for nonsense in ("", "nonsense", "1", "-1-0.00000000", "1-0"):
            answer = await alice.http.get(MESSAGES, params={"before": nonsense})
            assert code(answer) == (400, "bad-frame")


async def test_before_a_place_nobody_is_near(server: Server) -> None:
    async with caller(server) as http:
        for path in (NEARBY, MESSAGES):
            assert code(await http.get(path)) == (409, "no-place")
            assert code(await http.get(path, headers=HTMX)) == (409, "no-place")
        assert (await http.post(LEAVE)).status_code == 204


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


async def test_leaving_from_the_page_takes_the_cookie_away(server: Server) -> None:
    async with browser(server) as http:
        await http.post(CREATE)
        answer = await http.post(LEAVE)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/")
        assert "neartalk" not in http.cookies
        await http.post(CREATE)
        token = {"csrfmiddlewaretoken": http.cookies["csrftoken"]}
        del http.headers["HX-Request"], http.headers["X-CSRFToken"]
        answer = await http.post(LEAVE, data=token)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert "neartalk" not in http.cookies


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_every_call_has_one_method(server: Server, method: str, path: str) -> None:
    async with caller(server) as http:
        for other in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {method}:
            assert code(await http.request(other, path)) == (405, "wrong-method")
            assert code(await http.request(other, path, headers=HTMX)) == (405, "wrong-method")


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
