"""Whoever chose an area is in the middle cell of their tile, and told of in steps of 500 m."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from chat.messages import Draft, StreamId, entry_of, message_of, to_fields
from presence.geo import (
    AREA_STEP_M,
    CELL_DEGREES,
    RADIUS_STOPS_M,
    Roughness,
    apart,
    cell_at,
    centre,
    label_m,
    middle_cell,
    published_cell,
    tile_of,
)
from presence.hub.events import event_of, to_event
from presence.registry.redis_fields import from_fields, snapshot_of, to_entry
from presence.registry.redis_fields import to_fields as session_fields
from presence.values import PendingPlace, Person, Place, Session, TileEvent, Timing
from tests.presence.http_callers import CREATE, NEARBY, PLACE, browser, caller, code
from tests.presence.process_pair import process_pair
from tests.presence.test_roster import ALIVE, BERLIN, NOW_MS, people_around, roster_of
from tests.support.client import api, bearer_of, north, person
from tests.support.html_elements import parse
from tests.support.processes import Page
from tests.support.processes import person as opened

if TYPE_CHECKING:
    from tests.support.client import Spot
    from tests.support.servers import Server

AREA, BLOCK = Roughness.AREA, Roughness.BLOCK
CELLS = st.builds(cell_at, st.floats(-84, 84), st.floats(-180, 179.9))
PLACES = st.builds(
    Place,
    st.builds(cell_at, st.floats(52.5, 52.53), st.floats(13.37, 13.43)),
    st.sampled_from(RADIUS_STOPS_M),
    st.sampled_from(Roughness),
)


# ---- Pure ----------------------------------------------------------------------------------------


@examples(deadline=None)
@given(CELLS)
def test_an_area_has_one_cell_whichever_of_its_tile_somebody_is_in(cell: str) -> None:
    assert published_cell(cell, BLOCK) == cell
    middle = published_cell(cell, AREA)
    assert middle == middle_cell(tile_of(cell))
    assert tile_of(middle) == tile_of(cell)
    assert published_cell(middle, AREA) == middle


@examples(deadline=None)
@given(st.floats(0, 5_000))
def test_a_label_of_an_area_is_the_nearest_step_of_500_metres(metres: float) -> None:
    told = label_m(metres, AREA)
    assert told % AREA_STEP_M == 0
    assert abs(told - metres) <= AREA_STEP_M / 2


@examples(deadline=None)
@given(PLACES, PLACES)
def test_two_are_told_the_same_and_in_steps_of_500_metres_if_either_is_an_area(
    one: Place, other: Place
) -> None:
    told = one.label_m(other)
    assert told == other.label_m(one)
    roughness = AREA if AREA in (one.roughness, other.roughness) else BLOCK
    assert told == label_m(apart(one.cell, other.cell), roughness)
    assert one.in_range(other) == other.in_range(one)


def test_a_list_has_the_label_and_the_order_of_whoever_is_told_of_more_roughly() -> None:
    rng = random.Random(16)
    people = [
        one.changed(roughness=rough, cell=published_cell(one.cell, rough))
        for one in people_around(rng, *BERLIN, 300)
        for rough in [rng.choice([*Roughness])]
    ]
    roster = roster_of(people)
    for rough in Roughness:
        for radius_m in (100, 500, 2000):
            at = Place(published_cell(people[0].cell, rough), radius_m, rough)
            due = sorted(
                (at.label_m(one.place), one.person_id)
                for one in people
                if at.in_range(one.place) and one.alive(ALIVE, NOW_MS)
            )
            found = roster.nearby(at, ALIVE, NOW_MS)
            assert [(one.label_m, one.person_id) for one in found.shown] == due[:51]
            assert found.totals == Counter(far for far, _ in due)


def test_who_changes_how_rough_they_are_is_listed_once() -> None:
    fine = Person("ana", "Ana", *Place(middle_cell("u33dc0"), 500), version=1, process="alive")
    rough = fine.changed(roughness=AREA, version=2)
    roster = roster_of([fine, *people_around(random.Random(1), *BERLIN, 3)])
    roster.apply(TileEvent(fine.tile, 2, True, rough))
    roster.apply(TileEvent(fine.tile, 3, False, rough))
    assert all("ana" not in people for people in roster.people.values())


def test_how_rough_somebody_is_travels_with_them_everywhere() -> None:
    place = Place(middle_cell("u33dc0"), 500, AREA)
    ana = Person("ana", "Ana", *place, version=3, process="one")
    assert event_of(to_event(TileEvent("u33dc0", 7, True, ana))).person == ana
    assert snapshot_of({"v": "7", "ana": to_entry(ana)}).people == {"ana": ana}
    fields = session_fields(Session("digest", ana, 3))
    assert from_fields({name: str(value) for name, value in fields.items()}).person == ana
    said = message_of(Draft("ana", "Ana", place, "Hello", "ref"), StreamId(NOW_MS, 0))
    read = {name: str(value) for name, value in to_fields(said).items()}
    assert entry_of(str(said.at), read) == said


def test_what_the_release_before_wrote_is_a_block() -> None:
    ana = Person("ana", "Ana", *Place("u33dc0q", 500), version=3, process="one")
    assert snapshot_of({"ana": '[3,"Ana","u33dc0q",500,"one",0]'}).people == {"ana": ana}
    assert to_entry(ana) == '[3, "Ana", "u33dc0q", 500, "one", 0]'
    fields = {name: str(value) for name, value in session_fields(Session("", ana, 3)).items()}
    del fields["roughness"]
    assert from_fields(fields).person == ana
    event = to_event(TileEvent("u33dc0", 7, True, ana))
    assert event["person"].keys().isdisjoint({"roughness", "lingers"})
    assert event_of(event).person == ana


def test_whom_the_release_before_moves_nothing_moves_back() -> None:
    """It writes the cell alone, at once: what waited until then was told earlier."""
    pending = PendingPlace(Place(cell_at(52.52, 13.41), 500), 2, 2, 0, 2)
    al = Person("id", "Al", cell_at(52.52, 13.4), 500)
    told = Session("digest", al, 3, 1, timing=Timing(1, 0, pending))
    fields = {name: str(one) for name, one in session_fields(told).items()}
    assert from_fields(fields).timing == told.timing
    moved = from_fields({**fields, "cell": cell_at(52.52, 13.42), "placed_ms": "9"})
    assert moved.timing == Timing(9)


# ---- What sockets are sent -----------------------------------------------------------------------


def at(columns: int, roughness: Roughness = BLOCK) -> Place:
    """A place so many columns east of a middle cell."""
    lat, lon = centre(middle_cell("u33dc0"))
    return Place(cell_at(lat, lon + columns * CELL_DEGREES), 2000, roughness)


async def test_what_is_said_with_an_area_is_heard_in_steps_of_500_metres_live_and_later() -> None:
    async with process_pair() as pair:
        each = {
            name: await pair.first.join(await opened(pair.registry, name, place))
            for name, place in (("rough", at(0, AREA)), ("fine", at(0)), ("reader", at(7)))
        }
        pair.now_ms += 1
        for name in ("rough", "fine"):
            await pair.first.send_text(each[name], name)
        later = await pair.second.join(each["reader"].session)
        for page in (each["reader"].page, later.page):
            await page.until(partial(has_heard, page, "rough", "fine"))
            heard = {one["text"]: one["metres"] for one in page.all("chat.message")}
            assert heard == {"rough": 500, "fine": 700}
            listed = {one["username"]: one["metres"] for one in page.listing.entries}
            assert listed == {"rough": 500, "fine": 700}
        await pair.first.send_text(each["reader"], "Hello")
        for name, due in (("rough", 500), ("fine", 700)):
            page = each[name].page
            await page.until(partial(has_heard, page, "rough", "fine", "Hello"))
            assert [one["metres"] for one in page.all("chat.message")][-1] == due


# ---- Calls ---------------------------------------------------------------------------------------


async def test_an_area_is_the_same_to_everybody_wherever_in_it_somebody_is(
    server: Server, spot: Spot
) -> None:
    tile = tile_of(cell_at(*spot))
    lat, lon = centre(middle_cell(tile))
    corners = [(lat - 1.9 * CELL_DEGREES, lon - 3.9 * CELL_DEGREES), (lat, lon + 3 * CELL_DEGREES)]
    assert {tile_of(cell_at(*corner)) for corner in corners} == {tile}
    async with (
        person(server, *north((lat, lon), 3), 1000, "bob") as bob,
        person(server, lat, lon, 1000, "alice") as alice,
    ):
        seen = []
        for corner in corners:
            answer = await placed(alice.http, *corner, roughness="area")
            assert answer["cell"] == middle_cell(tile)
            assert answer["roughness"] == "area"
            listed = (await bob.http.get(NEARBY)).json()
            mine = (await alice.http.get(NEARBY)).json()
            await alice.send_text("Hello")
            heard = await bob.expect("chat.message")
            seen.append((listed, mine, heard["distance"]))
        assert seen[0] == seen[1]
        assert seen[0][2] == "~500 m"
        assert [one["metres"] for one in (*seen[0][0]["people"], *seen[0][1]["people"])] == [
            500
        ] * 2


async def test_how_rough_somebody_is_holds_until_they_say_otherwise(
    server: Server, spot: Spot
) -> None:
    middle = middle_cell(tile_of(cell_at(*spot)))
    async with api(server) as http:
        made = (await http.post(CREATE, json={"roughness": "area"})).json()
        http.headers.update(bearer_of(made["session_id"]))
        turns: list[tuple[dict[str, Any], str]] = [
            ({}, middle),
            ({"roughness": "block"}, cell_at(*spot)),
            ({}, cell_at(*spot)),
            ({"roughness": "area"}, middle),
            ({"roughness": ""}, middle),
        ]
        for said, due in turns:
            assert (await placed(http, *spot, **said))["cell"] == due


async def test_nobody_is_placed_in_another_way_than_the_two(server: Server) -> None:
    wrong = ("tile", "BLOCK", "1", 1, True, ["area"], {"area": 1})
    async with api(server) as http, caller(server) as known, browser(server) as page:
        for value in wrong:
            answer = await http.post(CREATE, json={"roughness": value})
            assert code(answer) == (422, "bad-roughness"), value
            spot = {"lat": 52.52, "lon": 13.4, "radius": 500, "roughness": value}
            assert code(await known.post(PLACE, json=spot)) == (422, "bad-roughness"), value
        assert code(await page.post(CREATE, data={"roughness": "tile"})) == (422, "bad-roughness")


async def test_the_page_comes_with_how_rough_its_person_is(server: Server, spot: Spot) -> None:
    async with browser(server) as page:
        await page.post(CREATE, data={"roughness": "area"})
        for said in ("area", "block"):
            lat, lon = map(str, spot)
            values = {"lat": lat, "lon": lon, "radius": "500", "roughness": said}
            assert (await page.post(PLACE, data=values)).status_code == 200
            roots = parse((await page.get("/near")).text)
            chosen = [
                one["value"]
                for root in roots
                for one in root.within()
                if one.attributes.get("name") == "roughness" and "checked" in one.attributes
            ]
            assert chosen == [said]


def has_heard(page: Page, *texts: str) -> bool:
    return page.texts == [*texts]


async def placed(http: Any, lat: float, lon: float, **more: Any) -> dict[str, Any]:
    answer = await http.post(PLACE, json={"lat": lat, "lon": lon, "radius": 1000, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
