"""The head of the page of a place: one line on a phone, its drawer with the dial, crowds on it, the
first moments, and the sheets of invitations and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from presence.roster import Entry
from tests.browser.test_access import PHONE, complaints
from tests.browser.test_people_list import PageStreet
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

ALL_LABELS_M = (
    0,
    100,
    150,
    200,
    250,
    300,
    350,
    400,
    450,
    500,
    600,
    700,
    800,
    900,
    1000,
    1200,
    1400,
)
# Numbers of a crowd that lie upon each other, upon the thumb or outside of the dial.
COLLIDING = """() => {
  const boxOf = (element) => element.getBoundingClientRect();
  const numbers = document.querySelectorAll('#counts:not([hidden]) li');
  const boxes = [...numbers].filter((one) => one.textContent).map(boxOf);
  const { top, height } = boxOf(document.querySelector('.dial-rings svg'));
  const low = top + height / 2 - 10;
  const across = (a, b) => a.left < b.right && b.left < a.right;
  const meets = (a, b) => across(a, b) && a.top < b.bottom && b.top < a.bottom;
  const outside = ({ bottom, right }) => bottom > low || right > innerWidth;
  return boxes.filter((box, turn) =>
    outside(box) || boxes.slice(turn + 1).some((other) => meets(box, other)));
}"""
CROWDS = """async () => {
  const { densityOf, shortNumber, zonesOf } = await import('/static/js/people/crowd.js');
  return [
    [0, 7, 999, 1000, 1234, 9949, 9950, 12_345, 123_456].map(shortNumber),
    zonesOf([[0, 40], [100, 2], [200, 3], [250, 4], [2000, 5]]).map(({ total }) => total),
    [zonesOf([[0, 3]]), zonesOf([[0, 3], [100, 1]])].map(([{ around }]) => around),
    [densityOf(48, 21), densityOf(15, 60.9), densityOf(101, 91.3), densityOf(5, 0)],
  ];
}"""
LONG_NAME = "Wwwwwwwwwwww Mmmmmmmmmmm"
# By the browser's own account, how far anything moved while the page was loaded.
SHIFTED = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (sum += value)))
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => resolve(sum), 50);
})"""


@pytest.fixture
def phone(server: Server, visit: Invite) -> BrowserVisitor:
    return visit(server, elsewhere(), viewport=PHONE)


def test_the_distance_opens_the_dial_and_reading_back_writing_or_escape_closes_it(
    phone: BrowserVisitor,
) -> None:
    page = phone.arrive().page
    toggle, slider = page.get_by_role("button", name="Distance: 500 m"), page.locator("#radius")
    expect(slider).to_be_hidden()
    for close in ("press", "write", "scroll", "escape"):
        toggle.click()
        expect(slider).to_be_visible()
        expect(toggle).to_have_attribute("aria-expanded", "true")
        if close == "press":
            toggle.click()
        elif close == "write":
            phone.write("Hello")
        elif close == "scroll":
            page.locator("#scroller").hover()
            page.mouse.wheel(0, 200)
            expect(slider).to_be_visible()
            page.mouse.wheel(0, -200)
        else:
            slider.focus()
            slider.press("Escape")
            expect(toggle).to_be_focused()
        expect(slider).to_be_hidden()
        expect(toggle).to_have_attribute("aria-expanded", "false")


def test_looking_further_from_an_empty_place_opens_the_dial_where_the_thumb_is(
    phone: BrowserVisitor,
) -> None:
    page = phone.arrive().page
    page.get_by_role("button", name="Look within 1 km").click()
    expect(page.locator("#radius")).to_be_focused()
    expect(page.locator("#here-metres")).to_have_text("1 km")


def test_what_is_wrong_with_the_connection_takes_the_place_of_the_distance(
    phone: BrowserVisitor,
) -> None:
    page = phone.arrive().page
    words, metres = page.locator("#status-words"), page.locator("#here-metres")
    wide = "(element) => element.getBoundingClientRect().width"
    assert (words.evaluate(wide), metres.evaluate(wide) > 1) == (1, True)
    page.evaluate("document.getElementById('status').dataset.state = 'lost'")
    page.evaluate("document.getElementById('status-words').textContent = 'Offline'")
    assert (words.evaluate(wide) > 1, metres.evaluate(wide)) == (True, 1)
    expect(page.locator("#status .cut")).to_be_visible()


def test_a_place_that_waits_is_said_while_the_dial_is_folded_away(phone: BrowserVisitor) -> None:
    page = phone.arrive().page
    page.evaluate("async () => (await import('/static/js/place/pending-place.js')).showPending(60)")
    expect(page.get_by_text("new place in ~1 min")).to_be_visible()
    expect(page.locator("#radius")).to_be_hidden()
    page.evaluate("async () => (await import('/static/js/place/pending-place.js')).showPending(0)")
    expect(page.locator("#reach")).to_be_hidden()


def test_numbers_of_a_crowd_never_meet_each_other_or_the_thumb(phone: BrowserVisitor) -> None:
    page = phone.arrive().page
    page.locator("#here").click()
    street = PageStreet(page, 0)
    for width in (320, 360, 1440):
        page.set_viewport_size({"width": width, "height": 740})
        for each in (2, 12, 150):
            street.people = {
                f"{far:08x}{turn:08x}": Entry(far, f"{far:08x}{turn:08x}", "Ana", False)
                for far in ALL_LABELS_M
                for turn in range(each)
            }
            street.send_change()
            expect(page.locator("#dial")).to_have_class("dial crowded")
            assert page.evaluate(COLLIDING) == [], (width, each)
    words = page.get_by_role("img", name="people near: ")
    expect(words).to_have_accessible_name(
        "2,550 people near: 300 up to 100 m, 300 up to 200 m, 900 up to 500 m, 750 up to 1 km,"
        " 300 up to 2 km"
    )
    street.people = dict([*street.people.items()][:23])
    street.send_change()
    expect(page.locator("#dial")).to_have_class("dial")
    expect(page.locator("#ring-words")).to_have_text("each ring is a person")


def test_zones_of_a_crowd_and_their_numbers(phone: BrowserVisitor) -> None:
    phone.page.goto(phone.url)
    numbers, totals, around, densities = phone.page.evaluate(CROWDS)
    assert numbers == ["0", "7", "999", "1k", "1.2k", "9.9k", "10k", "12k", "123k"]
    assert totals == [42, 3, 4, 0, 5]
    assert (around, densities) == ([True, False], [3, 1, 2, 3])


def test_ones_own_name_is_shown_in_full(phone: BrowserVisitor) -> None:
    page = phone.arrive().page
    page.evaluate(f"document.querySelector('#as bdi').textContent = '{LONG_NAME}'")
    for width in (320, 360, 1440):
        page.set_viewport_size({"width": width, "height": 740})
        fits = "(name) => name.scrollWidth <= name.clientWidth && name.offsetHeight >= 44"
        assert page.locator("#as").evaluate(fits), width
        assert page.locator("#as").evaluate("(name) => name.getBoundingClientRect().right") <= width


def test_where_people_are_near_and_nothing_is_said_there_is_a_way_to_begin(
    server: Server, meet: Meet, phone: BrowserVisitor
) -> None:
    spot = elsewhere()
    phone.stand(*spot)
    page = phone.arrive().page
    hello = page.locator("#hello")
    expect(hello).to_be_hidden()
    bob = meet(server, north(spot, 2), "bob")
    expect(hello.locator("h2")).to_have_text("One person is here. Say hello.")
    expect(hello.locator("#hello-name text").last).to_have_text("bob, ~300 m")
    assert complaints(page) == []
    hello.get_by_role("button", name="Ask to talk").click()
    expect(page.locator("#menu h2")).to_contain_text("bob")
    page.keyboard.press("Escape")
    meet(server, north(spot, 1), "cem")
    expect(hello.locator("h2")).to_have_text("2 people are here. Say hello.")
    expect(hello.get_by_role("button", name="Ask to talk")).to_be_hidden()
    hello.get_by_role("button", name="Say hello").click()
    expect(page.locator("#text")).to_be_focused()
    bob.send_text("Hello.")
    expect(phone.message("Hello.")).to_be_visible()
    expect(hello).to_be_hidden()


def test_the_sheets_have_no_complaints_and_lead_to_each_other_and_back(
    phone: BrowserVisitor,
) -> None:
    page = phone.arrive().page
    settings = page.get_by_role("button", name="Settings")
    settings.click()
    expect(page.get_by_role("heading", name="Settings")).to_be_focused()
    assert complaints(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Invite somebody").click()
    expect(page.get_by_role("heading", name="Invite somebody near")).to_be_visible()
    expect(page.locator("#settings")).to_be_hidden()
    assert complaints(page) == []
    page.mouse.click(180, 10)  # beside it
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_the_size_of_text_is_chosen_for_this_browser_and_gone_when_one_leaves(
    phone: BrowserVisitor,
) -> None:
    page = phone.arrive().page
    size = "() => parseFloat(getComputedStyle(document.documentElement).fontSize)"
    before = page.evaluate(size)
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="150 %").check()
    assert page.evaluate(size) == before * 1.5
    page.reload()
    phone.expect_here()
    assert page.evaluate(size) == before * 1.5
    assert page.evaluate(SHIFTED) < 0.1
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("radio", name="150 %")).to_be_checked()
    page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    page.wait_for_url(f"{phone.url}/")
    assert page.evaluate(size) == before
    assert "text-size" not in page.evaluate("document.cookie")


BLOCKED = "".join(
    f'<li data-person="{letter * 16}"><bdi>{name}</bdi> <i>{letter * 3}</i>'
    ' <button type="button">Unblock</button></li>'
    for letter, name in (("a", "Ana"), ("b", "Bo"))
)


def test_whom_one_blocked_is_listed_in_the_settings_with_a_way_back(phone: BrowserVisitor) -> None:
    """The server's part is played here: the page is held to what it answers."""
    phone.forgive("status of 50")
    phone.forgive("Response Status Error Code 50")
    asked: list[Any] = []

    def unblock(route: Any) -> None:
        asked.append(route.request.post_data)
        route.fulfill(status=503 if len(asked) == 1 else 204, headers={"NearTalk": "1"})

    phone.context.route("**/api/blocks", lambda route: answer(route, f"<ul>{BLOCKED}</ul>"))
    phone.context.route("**/api/unblock", unblock)
    page = phone.arrive().page
    page.evaluate("document.getElementById('blocked').dataset.from = '/api/blocks'")
    page.get_by_role("button", name="Settings").click()
    blocked = page.locator("#blocked")
    expect(page.locator("#blocked-count")).to_have_text("2")
    blocked.locator("summary").click()
    first = blocked.get_by_role("button", name="Unblock").first
    first.click()
    expect(page.locator("#blocked-status")).to_have_text(
        "NearTalk did not answer. Nothing changed."
    )
    expect(page.locator("#blocked-count")).to_have_text("2")
    first.click()
    expect(page.locator("#blocked-status")).to_have_text("Ana is no longer blocked.")
    expect(page.locator("#blocked-count")).to_have_text("1")
    expect(blocked.locator("summary")).to_be_focused()
    assert all("person_id=aaaaaaaaaaaaaaaa" in body for body in asked)


def answer(route: Any, html: str) -> None:
    route.fulfill(status=200, content_type="text/html", headers={"NearTalk": "1"}, body=html)


LINES_OF_NAME = """(name) => {
  const own = document.querySelector('#self .who bdi');
  own.textContent = name;
  return new Set([...own.getClientRects()].map(({ top }) => Math.round(top))).size;
}"""


def test_a_long_name_of_yours_has_the_line_of_the_panel_to_itself(alice: BrowserVisitor) -> None:
    alice.page.set_viewport_size({"width": 1440, "height": 900})
    assert alice.page.evaluate(LINES_OF_NAME, "Quiet Heron of Mill Street") == 1
    leave = alice.page.locator("#self").get_by_role("button", name="Leave").bounding_box()
    panel = alice.page.locator("#self").bounding_box()
    assert leave
    assert panel
    assert leave["x"] + leave["width"] <= panel["x"] + panel["width"]
