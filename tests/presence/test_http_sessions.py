"""Sessions and names by HTTP, on both servers: what is answered, and what is refused."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpResponse

from neartalk.codes import CODES
from presence.sessions import keep
from tests.presence.http_callers import (
    CREATE,
    HTMX,
    IN_JSON,
    LEAVE,
    MESSAGES,
    NAME,
    NEARBY,
    PLACE,
    browser,
    caller,
    code,
)
from tests.support.client import (
    api,
    north,
    person,
    session,
)
from tests.support.html_elements import parse

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.conftest import Serve
    from tests.support.client import Spot
    from tests.support.servers import Server


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
    ("Admin", 422, "name-reserved"),
    ("NеarTalk Suрроrt", 422, "name-reserved"),
    ("x" * 25, 422, "name-too-long"),
    ("👩‍👩‍👧‍👦" * 25, 422, "name-too-long"),
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
        ("👩‍👩‍👧‍👦" * 24, "👩‍👩‍👧‍👦" * 24),
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


async def test_a_name_that_looks_like_somebodys_in_range_is_refused(
    server: Server, spot: Spot
) -> None:
    where = {"lat": spot[0], "lon": spot[1], "radius": 500}
    async with caller(server, "Alice") as alice, caller(server, "bob") as bob:
        assert (await alice.post(PLACE, json=where)).status_code == 200
        # Without a place nobody is told who is anywhere.
        assert (await bob.patch(NAME, json={"username": "Alicе"})).status_code == 200
        assert (await bob.patch(NAME, json={"username": "bob"})).status_code == 200
        assert (await bob.post(PLACE, json=where)).status_code == 200
        for name in ("Alice", "Alicе", "AL\u200dICE", "A1ice"):
            assert code(await bob.patch(NAME, json={"username": name})) == (409, "name-taken")
        # One's own name is nobody else's, whatever it looks like.
        assert (await alice.patch(NAME, json={"username": "ALICE"})).status_code == 200
        # Whom one does not see one is not told of.
        who = (await alice.patch(NAME, json={"username": "Alice"})).json()["person_id"]
        assert (await bob.post("/api/block", json={"person_id": who})).status_code == 204
        answer = await bob.patch(NAME, json={"username": "Alice"})
        assert (answer.status_code, answer.json()["username"]) == (200, "Alice")


async def test_whoever_comes_is_told_how_many_whom_they_are_shown_are_called_alike(
    server: Server, spot: Spot
) -> None:
    here = {"lat": spot[0], "lon": spot[1], "radius": 500}
    away = {**here, "lat": spot[0] + 0.02}
    async with caller(server, "Alice") as alice, caller(server, "Аlicе") as other:
        assert (await alice.post(PLACE, json=here)).json()["namesakes"] == 0
        # Out of reach they are told of nobody, arriving or moving.
        assert (await other.post(PLACE, json=away)).json()["namesakes"] == 0
        assert (await other.post(PLACE, json=here)).json()["namesakes"] == 1
        assert (await alice.post(PLACE, json={**here, "radius": 700})).json()["namesakes"] == 1
        # One's own name is no new one, whoever has come since.
        again = await alice.patch(NAME, json={"username": "Alice"})
        assert (again.status_code, again.json()["username"]) == (200, "Alice")
        assert (await other.post(PLACE, json=away)).json()["namesakes"] == 0
        # Nor of anybody who is hidden from them.
        who = (await alice.patch(NAME, json={"username": "Alice"})).json()["person_id"]
        assert (await other.post("/api/block", json={"person_id": who})).status_code == 204
        assert (await other.post(PLACE, json=here)).json()["namesakes"] == 0


async def test_the_page_says_that_somebody_has_the_name(server: Server, spot: Spot) -> None:
    where = {"lat": str(spot[0]), "lon": str(spot[1]), "radius": "500"}
    async with caller(server, "Alice") as alice, browser(server) as http:
        assert (await alice.post(PLACE, json=where)).status_code == 200
        await http.post(CREATE, data={"username": "Аlicе"})
        await http.post(PLACE, data=where)
        page = await http.get("/near")
        roots = parse(page.text)
        me = next(one for root in roots for one in root.within() if one.id == "self")
        assert "Two people near you are called Аlicе." in " ".join(me.text.split())
        refused = await http.patch(NAME, data={"username": "ALICE"})
        assert refused.status_code == 409
        editor = next(one for one in parse(refused.text) if one.id == "self")
        assert CODES["name-taken"].title in editor.text
        assert editor["data-name"] == "Аlicе"


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

        half = await http.patch(
            NAME,
            content='{"username": "Moderator \\ud83d"}',
            headers={"Content-Type": "application/json"},
        )
        assert half.status_code == 422
        editor = next(one for one in parse(half.text) if one.id == "self")
        field = next(one for one in editor.within() if one.id == "username")
        assert field["value"] == "Moderator "
