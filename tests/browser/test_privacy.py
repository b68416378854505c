"""Where somebody is stays on their device: of it, the network sees the middle of a cell."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pygeohash
import pytest
from playwright.sync_api import expect

from presence.geo import CELL_DEGREES, cell_at, centre, middle_cell, tile_of
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere, north, route_hint

if TYPE_CHECKING:
    from playwright.sync_api import Request

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.support.client import Spot
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

UPDATE = "/api/location/update"
METRES = 1 / 111_195  # in degrees of latitude
# Where no other test is, and always the same: by chance one place holds digits of another.
SPOTS: list[Spot] = [centre(cell_at(61.37, 151.6 + degrees)) for degrees in range(3)]
# All that a page can keep, and all that it shows.
KEPT = """async () => JSON.stringify({
  session: { ...sessionStorage },
  local: { ...localStorage },
  databases: await indexedDB.databases(),
  caches: await caches.keys(),
  cookies: document.cookie,
  history: history.state,
  title: document.title,
  html: document.documentElement.outerHTML,
  fields: [...document.querySelectorAll('input, textarea')].map((field) => field.value),
})"""
# The place is kept with the answer to the last one that was told.
KEEPS = """(wanted) => {
  const kept = JSON.parse(sessionStorage.getItem('neartalk.place'));
  return Object.entries(wanted).every(([name, value]) => kept[name] === value);
}"""


def test_nothing_that_chromium_sends_or_keeps_holds_a_position_but_the_middle_of_a_cell(
    server: Server, visit: Invite, meet: Meet
) -> None:
    exact = off_centre(SPOTS[0], 0.31, -0.37)
    cell = cell_at(*exact)
    bob = meet(server, north(centre(cell), 2), "bob")
    alice = visit(server, exact).arrive()
    alice.send_text("Is anybody here?")
    bob.send_text("I am.")
    expect(alice.message("I am.")).to_be_visible()
    alice.reach(7)
    await_kept(alice, radius=1000)
    alice.page.locator("#rename-open").click()
    alice.page.locator("#username").fill("Alice")
    alice.page.locator("#username").press("Enter")
    expect(alice.page.locator("#self")).to_have_attribute("data-name", "Alice")
    alice.page.reload()
    alice.expect_here()
    further = off_centre(north(centre(cell), 10), 0.29, 0.41)
    alice.stand(*further)
    await_kept(alice, cell=cell_at(*further))
    alice.await_pong()

    updates = alice.calls(UPDATE)
    places = [place for place, _ in groupby(map(place_in, updates))]
    assert places == [centre(cell), centre(cell_at(*further))]
    assert len(updates) >= 3
    sent = everything_sent(alice)
    assert len(sent) > 20, "the whole visit was recorded"
    kept = alice.page.evaluate(KEPT)
    for spot in (exact, further):
        for digits in revealing_digits(spot):
            assert [one for one in [*sent, kept] if digits in one] == []
    assert decimals_near(exact, [*sent, kept]) == {
        *map(str, [*centre(cell), *centre(cell_at(*further))])
    }
    queries = [parse_qs(urlsplit(one.url).query) for one in alice.sockets]
    assert [query["near"] for query in queries] == [[str(route_hint(cell))]] * 2
    assert {name for query in queries for name in query} <= {"near", "since", "epoch"}
    addresses = [*(one.url for one in alice.requests), *(one.url for one in alice.sockets)]
    for secret in (tile_of(cell), tile_of(cell_at(*further)), "lat=", "lon="):
        assert [address for address in addresses if secret in address] == []
    place = {"cell": cell_at(*further), "radius": 1000}
    assert json.loads(json.loads(kept)["session"]["neartalk.place"]) == place


def test_of_whoever_chose_an_area_nothing_finer_leaves_the_device_or_is_kept(
    server: Server, visit: Invite, meet: Meet
) -> None:
    tile = tile_of(cell_at(*SPOTS[1]))
    middle = centre(middle_cell(tile))
    exact = off_centre((middle[0] + CELL_DEGREES, middle[1] - 3 * CELL_DEGREES), 0.31, -0.37)
    cell = cell_at(*exact)
    assert (tile_of(cell), cell[6:] == "s") == (tile, False)
    bob = meet(server, north(middle, 3), "bob", radius=1000)
    alice = visit(server, exact)
    alice.page.goto(alice.url)
    alice.page.get_by_label("an area").check()
    expect(alice.page.locator("#arrive-next")).to_contain_text("the area you are in")
    alice.page.get_by_role("button", name="See who is near").click()
    alice.expect_here()
    alice.reach(7)
    await_kept(alice, radius=1000)
    expect(alice.person("bob")).to_have_attribute("data-m", "500")
    alice.send_text("Is anybody here?")
    assert bob.await_frame("chat.message")["metres"] == 500
    alice.wander([(exact[0] - turn * METRES, exact[1]) for turn in (180, 181, 182, 183)])
    alice.page.reload()
    alice.expect_here()
    expect(alice.page.get_by_label("an area")).to_be_checked()

    places = [place_in(one) for one in alice.calls(UPDATE)]
    assert (set(places), len(places) >= 2) == ({middle}, True), "a slow hand stops on the way"
    sent, kept = everything_sent(alice), alice.page.evaluate(KEPT)
    assert [one for one in [*sent, kept] if cell in one] == []
    assert decimals_near(exact, [*sent, kept]) == {*map(str, middle)}
    place = {"cell": middle_cell(tile), "radius": 1000, "roughness": "area"}
    assert json.loads(json.loads(kept)["session"]["neartalk.place"]) == place

    here = alice.page.evaluate("window.fixes")
    with alice.page.expect_request(f"**{UPDATE}?near=*") as request:
        alice.page.get_by_label("a block").check()
    assert place_in(request.value) == centre(cell_at(exact[0] - 183 * METRES, exact[1]))
    assert alice.page.evaluate("window.fixes") > here, "of an area no block can be made"
    with alice.page.expect_request(f"**{UPDATE}?near=*") as request:
        alice.page.get_by_label("an area").check()
    assert place_in(request.value) == middle


def test_what_another_browser_hears_says_how_far_and_neither_cell_nor_place(
    server: Server, visit: Invite
) -> None:
    spot = SPOTS[2]
    exact = off_centre(spot, -0.33, 0.38)
    bob = visit(server, north(spot, 2)).arrive()
    alice = visit(server, exact).arrive()
    alice.send_text("Is anybody here?")
    expect(bob.message("Is anybody here?")).to_be_visible()
    expect(bob.person(alice.name)).to_be_visible()
    alice.send_text("Somebody.")
    expect(bob.message("Somebody.")).to_be_visible()

    pages = [bob.page.evaluate("fetch('/near').then((answer) => answer.text())")]
    pages += [
        bob.page.evaluate(f"fetch('{path}').then((answer) => answer.text())")
        for path in ("/api/nearby", "/api/messages")
    ]
    assert alice.name in pages[1]
    heard = [*bob.received, *pages]
    assert any(alice.name in one for one in bob.received)
    for secret in (cell_at(*exact), tile_of(cell_at(*exact)), *revealing_digits(exact)):
        assert [one for one in heard if secret in one] == []


def test_noise_at_a_cells_edge_is_not_published_and_a_real_move_is_at_once(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    edge = off_centre(spot, 0.49, 0.0)
    alice = visit(server, edge).arrive()
    alice.wander([off_centre(spot, 0.5 + turn * 0.02, 0.02) for turn in range(1, 9)])
    # Two steps of 200 m out and back again: never three fixes outside in a row.
    away = edge[0] + 200 * METRES, edge[1]
    alice.wander([away, (away[0] + METRES, away[1]), edge, away, edge])
    far = north(edge, 7)
    alice.wander([far])
    expect(alice.page.locator("#status")).to_have_text("Live")

    alice.await_pong()
    assert [place_in(one) for one in alice.calls(UPDATE)] == [
        centre(cell_at(*edge)),
        centre(cell_at(*far)),
    ]


def test_somebody_who_walks_is_published_with_the_third_step_outside(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    steps = [north((spot[0] + turn * METRES, spot[1]), 2) for turn in range(3)]
    alice.wander(steps[:2])
    assert len(alice.calls(UPDATE)) == 1
    with alice.page.expect_request(f"**{UPDATE}?near=*") as request:
        alice.wander(steps[2:])
    assert place_in(request.value) == centre(cell_at(*steps[2]))


def test_a_device_that_lies_still_outside_is_published_after_twenty_seconds(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot, clock=True).arrive()
    alice.stop_time()
    alice.wander([north(spot, 2)])
    alice.page.clock.run_for(19_000)
    alice.await_pong()
    assert len(alice.calls(UPDATE)) == 1
    with alice.page.expect_request(f"**{UPDATE}?near=*") as request:
        alice.page.clock.run_for(2000)
    assert place_in(request.value) == centre(cell_at(*north(spot, 2)))


def test_after_a_minute_hidden_the_first_place_that_is_another_is_published(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot, clock=True).arrive()
    wait_until(alice.page, "() => window.fixes === 1")
    alice.hide()
    alice.stand(*north(spot, 2))
    alice.pass_time(60_000)
    assert alice.page.evaluate("window.fixes") == 1, "a hidden page is not told"
    with alice.page.expect_request(f"**{UPDATE}?near=*") as request:
        alice.hide(False)
    assert place_in(request.value) == centre(cell_at(*north(spot, 2)))


def await_kept(visitor: BrowserVisitor, **fields: object) -> None:
    """Returns once the page was answered that its place has these fields: a slow hand that moves
    the slider publishes others on the way."""
    wait_until(visitor.page, KEEPS, fields)


def off_centre(spot: Spot, up: float, right: float) -> Spot:
    """An odd place in the same cell, in shares of the cell from its centre, to the millimetre."""
    lat, lon = centre(cell_at(*spot))
    return round(lat + up * CELL_DEGREES, 8), round(lon + right * CELL_DEGREES, 8)


def place_in(request: Request) -> Spot:
    """The position in a location update, which must hold nothing but that, a radius and perhaps a
    choice of how rough it is."""
    fields = parse_qs(request.post_data or "")
    assert fields.keys() - {"roughness"} == {"lat", "lon", "radius"}
    return float(fields["lat"][0]), float(fields["lon"][0])


def everything_sent(visitor: BrowserVisitor) -> list[str]:
    """Addresses, headers and bodies of all requests, and all frames."""
    requests = [
        f"{one.method} {one.url}\n{one.all_headers()}\n{one.post_data or ''}"
        for one in visitor.requests
    ]
    return [*requests, *(socket.url for socket in visitor.sockets), *visitor.sent]


def revealing_digits(spot: Spot) -> list[str]:
    """Pieces of an exact position that its cell's centre does not have, in several spellings."""
    of_centre = [f"{degrees:.8f}" for degrees in centre(cell_at(*spot))]
    pieces = [pygeohash.encode(*spot, 8)]
    for degrees, middle in zip(spot, of_centre, strict=True):
        exact = f"{degrees:.8f}"
        differs = next(at for at, digit in enumerate(exact) if digit != middle[at])
        until = max(differs + 2, exact.index(".") + 6)  # to the metre at least
        pieces += [exact[:until], exact[:until].replace(".", ""), exact[-7:]]
    return pieces


def decimals_near(spot: Spot, texts: list[str]) -> set[str]:
    """Every decimal number that could be a latitude or longitude around here."""
    numbers = {number for text in texts for number in re.findall(r"-?\d+\.\d{3,}", text)}
    return {
        number for number in numbers if any(abs(float(number) - degrees) < 1 for degrees in spot)
    }
