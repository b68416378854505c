"""Places and people near by HTTP, on both servers: what is answered, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from presence.geo import CELL_DEGREES, cell_at
from tests.presence.http_callers import (
    CREATE,
    FORM,
    HTMX,
    IN_JSON,
    LEAVE,
    MESSAGES,
    NEARBY,
    PLACE,
    RIGHT,
    browser,
    caller,
    code,
)
from tests.support.client import (
    frames_of_html,
    new_ref,
    north,
    person,
    place,
)
from tests.support.html_elements import parse
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.client import Spot
    from tests.support.servers import Server


# ---- Places -----------------------------------------------------------------------------------

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
        assert listed == {
            **{"person_id": alice.person_id, "username": "alice"},
            **{"distance": "~300 m", "metres": 300},
        }


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
            where = {"cell": cell_at(*spot), "radius": 500}
            told = {**where, "roughness": "block", "effective_in": 0}
            assert answer == {**told, "in_range": 1, "namesakes": 0}
            listed = (await bob.http.get(NEARBY)).json()
            mine = (await alice.http.get(NEARBY)).json()
            await alice.send_text("Hello")
            heard = await bob.expect("chat.message")
            seen.append((listed, mine, heard["distance"]))
        assert seen[0] == seen[1]
        assert seen[0][2] == "~300 m"


async def test_beyond_85_degrees_nobody_stands_and_it_is_said(server: Server) -> None:
    async with caller(server) as http, browser(server) as page:
        await page.post(CREATE)
        for sign in (1, -1):
            assert (await place(http, sign * 85, 180, 2000))["cell"] == cell_at(sign * 85, 180)
            for lat in (90, 85.1, 85.0000001, "85.00000000001", "90"):
                beyond = {**RIGHT, "lat": f"{'-' if sign < 0 else ''}{lat}"}
                assert code(await http.post(PLACE, json=beyond)) == (422, "beyond-85")
                answer = await page.post(PLACE, data={key: str(beyond[key]) for key in beyond})
                assert code(answer) == (422, "beyond-85")
                assert "from 85 degrees south to 85 degrees north" in answer.text
        assert (await http.get(NEARBY)).json()["count"] == 0
        assert code(await page.get(NEARBY)) == (409, "no-place")
        for wrong in ({"lon": 181}, {"lon": "NaN"}):
            both = await http.post(PLACE, json={**RIGHT, "lat": 86, **wrong})
            assert code(both) == (422, "bad-place")
        assert code(await http.post(PLACE, json={**RIGHT, "lat": 86, "radius": 1})) == (
            422,
            "beyond-85",
        )


@pytest.mark.parametrize(("asked", "stop"), [(101, 100), (499, 400), (501, 500), (1999, 1500)])
async def test_between_two_stops_a_reach_is_that_of_the_stop_below_and_it_is_said(
    server: Server, spot: Spot, asked: int, stop: int
) -> None:
    async with caller(server) as http, browser(server) as page:
        await page.post(CREATE)
        assert (await place(http, *spot, asked))["radius"] == stop
        where = {"lat": str(spot[0]), "lon": str(spot[1]), "radius": str(asked)}
        answer = await page.post(PLACE, data=where)
        assert f'data-radius="{stop}"' in answer.text
        assert "HX-Trigger" not in answer.headers


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
        fields = {"person_id", "username", "distance", "metres"}
        assert all({*one} == fields for one in answer["people"])
        listed = [(one["username"], one["distance"], one["metres"]) for one in answer["people"]]
        assert listed == [
            ("bob", "right around you", 0),
            ("clara", "~450 m", 450),
            ("dora", "~900 m", 900),
        ]
        assert answer["people"][0]["person_id"] == bob.person_id

        page = await alice.http.get(NEARBY, headers=HTMX)
        (shown,) = frames_of_html(page.text)
        assert (shown["count"], shown["version"]) == (3, 0)
        assert [(one["username"], one["metres"]) for one in shown["people"]] == [
            (name, metres) for name, _, metres in listed
        ]


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
        async with deadline("pages up to the oldest"):
            while pages[0]:
                pages.insert(0, await alice.messages(before=pages[0][0]["id"]))
        assert [len(page) for page in pages] == [0, 50, 200, 200]
        assert [message["text"] for page in pages for message in page] == said
        assert await charlie.messages() == []

        rows = parse((await alice.http.get(MESSAGES, headers=HTMX)).text)
        assert [row["id"] for row in rows] == [f"m-{one['id']}" for one in pages[-1]]
        for nonsense in ("", "nonsense", "1", "-1-0.00000000", "1-0"):
            answer = await alice.http.get(MESSAGES, params={"before": nonsense})
            assert code(answer) == (400, "bad-frame")


async def test_before_a_place_nobody_is_near(server: Server) -> None:
    async with caller(server) as http:
        for path in (NEARBY, MESSAGES):
            assert code(await http.get(path)) == (409, "no-place")
            assert code(await http.get(path, headers=HTMX)) == (409, "no-place")
        assert (await http.post(LEAVE)).status_code == 204
