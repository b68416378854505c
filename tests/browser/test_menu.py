"""What somebody can do about somebody else: by mouse, thumb, keys and ear."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, tile
from tests.browser.test_access import (
    DESKTOP,
    PHONE,
    SHADES,
    SIDEWAYS,
    SIZES,
    SMALL,
    SMALLEST,
    TOUCH_PX,
    complaints,
    reach,
)
from tests.browser.test_connection import without_a_server
from tests.support.client import elsewhere, north
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Route

    from tests.browser.conftest import Invite, Meet, VisitVoice
    from tests.browser.visitor import BrowserVisitor
    from tests.conftest import Serve
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

# A frame that was on its way when its sender was blocked, and a page of older messages.
LATE = """async () => {
  const { addMessages } = await import('/static/js/chat/messages.js');
  addMessages(window.rows);
  return document.querySelectorAll('#messages > li').length;
}"""
KEEP_ROWS = """() => {
  window.rows = [...document.querySelectorAll('#messages > li')].map((row) => row.cloneNode(true));
}"""


def ring(visitor: BrowserVisitor, text: str) -> Locator:
    return visitor.message(text).get_by_role("button", name=re.compile("block or report"))


def menu(visitor: BrowserVisitor) -> Locator:
    return visitor.page.get_by_role("dialog")


def pressed(visitor: BrowserVisitor, *names: str) -> None:
    for name in names:
        menu(visitor).get_by_role("button", name=re.compile(f"^{name}")).click()


def reported(server: Server) -> list[Any]:
    """What the database holds of reports."""
    with sqlite3.connect(server.folder / "db.sqlite3") as database:
        query = "SELECT person_id, reason, words, message_id, evidence FROM chat_report"
        return database.execute(query).fetchall()


# ---- Block ---------------------------------------------------------------------------------------


@SIZES
def test_who_is_blocked_is_gone_from_the_page_at_once_and_stays_gone(
    server: Server, visit: Invite, meet: Meet, size: dict[str, int]
) -> None:
    spot = elsewhere()
    bob, dora = meet(server, north(spot, 2), "bob"), meet(server, north(spot, 2), "dora")
    alice = visit(server, spot, viewport=size).arrive()
    for text in ("One word.", "Another."):
        bob.send_text(text)
    dora.send_text("Not of bob.")
    expect(alice.messages).to_have_count(3)
    alice.page.evaluate(KEEP_ROWS)

    ring(alice, "Another.").click()
    pressed(alice, "Block")
    expect(menu(alice)).to_contain_text("It cannot be taken back.")
    expect(menu(alice).get_by_role("button", name="Not now")).to_be_focused()
    assert alice.calls("/api/block") == []
    pressed(alice, "Block")
    expect(menu(alice).get_by_role("status")).to_have_text(re.compile("Neither of you sees"))
    assert alice.texts() == ["Not of bob."]
    assert alice.page.evaluate(LATE) == 1
    pressed(alice, "Close")
    expect(menu(alice)).to_have_count(0)
    expect(alice.page.locator("#scroller")).to_be_focused()
    expect(alice.person("bob")).to_have_count(0)
    expect(alice.page.locator("#people-count")).to_have_attribute("data-count", "1")

    bob.send_text("Can you hear me?")
    dora.send_text("I can.")
    expect(alice.message("I can.")).to_be_visible()
    alice.page.reload()
    alice.expect_here()
    assert alice.texts() == ["Not of bob.", "I can."]


def test_another_tab_of_the_blocker_drops_them_too(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    bob.send_text("One word.")
    expect(alice.message("One word.")).to_be_visible()
    other = alice.tab()
    other.goto(f"{alice.url}/near")
    expect(other.locator("#messages > li")).to_have_count(1)
    ring(alice, "One word.").click()
    pressed(alice, "Block", "Block")
    expect(other.locator("#messages > li")).to_have_count(0)
    expect(other.locator("#people-list .person-row")).to_have_count(0)


def test_a_block_that_nobody_answers_is_said_and_hides_nobody(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    bob.send_text("One word.")
    without_an_answer(alice, "**/api/block")
    ring(alice, "One word.").click()
    pressed(alice, "Block", "Block")
    expect(menu(alice).get_by_role("alert")).to_contain_text("Nobody was blocked.")
    expect(alice.message("One word.")).to_be_visible()
    alice.page.unroute("**/api/block")
    pressed(alice, "Block")
    expect(alice.messages).to_have_count(0)


def test_an_answer_that_comes_late_is_about_whom_was_asked(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob, dora = meet(server, north(spot, 2), "bob"), meet(server, north(spot, 2), "dora")
    alice = visit(server, spot).arrive()
    bob.send_text("Of bob.")
    dora.send_text("Of dora.")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    alice.page.route("**/api/block", hold)
    ring(alice, "Of bob.").click()
    pressed(alice, "Block", "Block")
    alice.page.keyboard.press("Escape")
    ring(alice, "Of dora.").click()
    pressed(alice, "Report")
    menu(alice).get_by_role("textbox").fill("She means it.")
    held[0].continue_()
    expect(alice.message("Of bob.")).to_have_count(0)
    expect(menu(alice)).to_have_accessible_name(re.compile("^Report dora"))
    expect(menu(alice).get_by_role("textbox")).to_have_value("She means it.")
    assert alice.texts() == ["Of dora."]


# ---- Report --------------------------------------------------------------------------------------


def test_a_message_is_reported_by_its_ring_with_the_servers_copy(
    serve: Serve, visit: Invite, meet: Meet
) -> None:
    server = serve(migrate=True)
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    bob.send_text("One word.")
    message_id = bob.send_text("Another.")
    bob.send_text("A third.")
    ring(alice, "Another.").click()
    pressed(alice, "Report")
    expect(menu(alice).locator("blockquote")).to_have_text("Another.")
    expect(menu(alice)).to_contain_text("kept for 30 days")
    menu(alice).get_by_text("Threats or violence").click()
    menu(alice).get_by_role("textbox").fill("He means it.")
    pressed(alice, "Send report")
    expect(menu(alice).get_by_role("status")).to_have_text(re.compile("^Sent."))
    until(lambda: reported(server), "the row of the report")
    ((person_id, reason, words, named, evidence),) = reported(server)
    assert (person_id, reason, words) == (bob.person_id, "threats", "He means it.")
    assert named == message_id
    assert [one["text"] for one in json.loads(evidence)] == ["One word.", "Another."]
    # Nothing is gone, and whom they reported they may block.
    assert alice.texts() == ["One word.", "Another.", "A third."]
    pressed(alice, "Block them too", "Block")
    expect(alice.messages).to_have_count(0)


def test_a_person_is_reported_from_their_row_without_a_message(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    # The whole row opens it, not just its dots.
    alice.person("bob").click(position={"x": 20, "y": 20})
    pressed(alice, "Report")
    expect(menu(alice).locator("blockquote")).to_be_hidden()
    expect(menu(alice)).to_contain_text("Nothing they said goes with it.")
    with alice.page.expect_request("**/api/report") as sent:
        menu(alice).get_by_text("Spam or fraud").click()
        pressed(alice, "Send report")
    assert sent.value.post_data == f"person_id={bob.person_id}&reason=spam&words="
    expect(menu(alice).get_by_role("status")).to_have_text(re.compile("^Sent."))


def test_a_report_needs_a_reason_and_what_was_typed_stays_until_it_is_taken(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    meet(server, north(spot, 2), "bob").send_text("One word.")
    ring(alice, "One word.").click()
    pressed(alice, "Report")
    text = menu(alice).get_by_role("textbox")
    text.fill("He means it.")
    pressed(alice, "Send report")
    assert alice.calls("/api/report") == []
    menu(alice).get_by_text("Hate").click()

    without_an_answer(alice, "**/api/report")
    pressed(alice, "Send report")
    notice = menu(alice).get_by_role("alert")
    expect(notice).to_have_text(re.compile("did not answer. The report is not sent."))
    alice.page.unroute("**/api/report")
    words = "Many reports at once. You can report again in 6 min."
    alice.forgive("status of 429")
    alice.forgive("Response Status Error Code 429")
    alice.page.route("**/api/report", refusing(429, words))
    pressed(alice, "Send report")
    expect(notice).to_have_text(words)
    alice.page.unroute("**/api/report")
    # Closed by mistake and opened again, the words are still there.
    alice.page.mouse.click(5, 5)
    expect(menu(alice)).to_have_count(0)
    ring(alice, "One word.").click()
    pressed(alice, "Report")
    expect(text).to_have_value("He means it.")
    expect(menu(alice).get_by_label("Hate")).to_be_checked()
    pressed(alice, "Send report")
    expect(menu(alice).get_by_role("status")).to_have_text(re.compile("^Sent."))
    pressed(alice, "Close")
    ring(alice, "One word.").click()
    pressed(alice, "Report")
    expect(text).to_have_value("")


def refusing(status: int, words: str) -> Callable[[Route], None]:
    notice = f'<p class="notice" role="alert" data-code="x">{words}</p>'
    return lambda route: route.fulfill(status=status, body=notice, content_type="text/html")


def without_an_answer(alice: BrowserVisitor, path: str) -> None:
    without_a_server(alice)
    alice.page.route(path, lambda route: route.abort())


# ---- Ask -----------------------------------------------------------------------------------------


def test_somebody_in_voice_can_be_asked_to_talk_from_their_message(
    relayed: Server, visit: Invite, visit_voice: VisitVoice, meet: Meet
) -> None:
    spot = elsewhere()
    alice, bob = visit_voice(relayed, spot, **WIDE), visit_voice(relayed, north(spot, 2), **WIDE)
    dora = meet(relayed, spot, "dora")
    bob.send_text("Say it aloud.")
    dora.send_text("I only write.")
    ring(alice, "I only write.").click()
    expect(menu(alice).get_by_role("button", name=re.compile("^Ask"))).to_have_count(0)
    alice.page.keyboard.press("Escape")
    ring(alice, "Say it aloud.").click()
    pressed(alice, "Ask")
    expect(menu(alice)).to_have_count(0)
    expect(tile(alice, bob)).to_have_attribute("data-state", "knocked")
    expect(tile(bob, alice)).to_have_attribute("data-state", "knocks")


# ---- By everybody --------------------------------------------------------------------------------


@SIZES
def test_the_menu_goes_by_keyboard_and_gives_the_focus_back(
    server: Server, visit: Invite, meet: Meet, size: dict[str, int]
) -> None:
    spot = elsewhere()
    alice = visit(server, spot, viewport=size).arrive()
    bob = meet(server, north(spot, 2), "bob")
    bob.send_text("One word.")
    page, press = alice.page, alice.page.keyboard.press
    page.locator("#text").focus()
    reach(page, ring(alice, "One word."), "Shift+Tab")
    press("Enter")
    expect(menu(alice).get_by_role("button", name=re.compile("^Ask to talk"))).to_be_focused()
    press("Escape")
    expect(ring(alice, "One word.")).to_be_focused()

    press("Enter")
    reach(page, menu(alice).get_by_role("button", name=re.compile("^Report")))
    press("Enter")
    expect(menu(alice).get_by_label("Harassment")).to_be_focused()
    press("ArrowDown")
    expect(menu(alice).get_by_label("Threats or violence")).to_be_checked()
    reach(page, menu(alice).get_by_role("textbox"))
    page.keyboard.type("He means it.")
    reach(page, menu(alice).get_by_role("button", name="Send report"))
    press("Enter")
    expect(menu(alice).get_by_role("button", name="Close")).to_be_focused()
    press("Enter")
    expect(ring(alice, "One word.")).to_be_focused()

    if size is PHONE:
        page.goto(f"{alice.url}/near#people")
        alice.expect_here()
    page.locator("#people").focus()
    dots = alice.person("bob").get_by_role("button")
    reach(page, dots)
    press("Enter")
    # The list is drawn anew meanwhile, and again while a row has the focus.
    meet(server, north(spot, 1), "dora")
    expect(alice.people).to_have_count(2)
    press("Escape")
    expect(dots).to_be_focused()
    meet(server, north(spot, 1), "erik")
    expect(alice.people).to_have_count(3)
    expect(dots).to_be_focused()
    press("Enter")
    press("Tab")
    press("Enter")
    page.keyboard.press("Shift+Tab")
    press("Enter")
    expect(menu(alice).get_by_role("button", name="Close")).to_be_focused()
    press("Enter")
    expect(page.locator("#people")).to_be_focused()


def test_all_rings_are_one_stop_and_the_arrows_go_from_one_to_the_other(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    bob, dora = meet(server, north(spot, 2), "bob"), meet(server, north(spot, 2), "dora")
    page, press = alice.page, alice.page.keyboard.press
    bob.send_text("One.")
    alice.send_text("Of my own.")
    bob.send_text("Two.")
    bob.send_text("Three.")
    expect(alice.messages).to_have_count(4)
    stops = page.locator('#messages .clock button:not([tabindex="-1"])')
    page.locator("#text").focus()
    reach(page, ring(alice, "Three."), "Shift+Tab")
    own = alice.message("Of my own.").get_by_role("button", name="Your message")
    for other in (ring(alice, "Two."), own, ring(alice, "One."), ring(alice, "One.")):
        press("ArrowUp")
        expect(other).to_be_focused()
    press("ArrowDown")
    press("ArrowDown")
    dora.send_text("Four.")
    expect(alice.messages).to_have_count(5)
    expect(ring(alice, "Two.")).to_be_focused()
    expect(stops).to_have_count(1)
    # Back to where you were, not to the newest.
    press("Tab")
    press("Shift+Tab")
    expect(ring(alice, "Two.")).to_be_focused()
    press("Enter")
    pressed(alice, "Block", "Block", "Close")
    expect(stops).to_have_accessible_name(re.compile("^dora"))


def test_a_reader_of_screens_hears_whom_it_is_about_and_what_follows(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    bob = meet(server, north(spot, 2), "bob")
    bob.send_text("One word.")
    bob.send_text("Another.")
    tag = alice.person("bob").locator(".tag").inner_text()
    for text in ("One word.", "Another."):
        called = f"bob {tag}: talk, block or report"
        expect(ring(alice, text)).to_have_accessible_name(called)
    dots = alice.person("bob").get_by_role("button")
    expect(dots).to_have_accessible_name(f"bob {tag}: talk, block or report")
    ring(alice, "Another.").click()
    expect(menu(alice)).to_have_accessible_name(f"bob {tag} ~300 m")
    pressed(alice, "Block")
    expect(menu(alice)).to_have_accessible_name(f"Block bob {tag} ~300 m")
    now = menu(alice).get_by_role("button", name="Not now")
    expect(now).to_have_accessible_description(re.compile("It cannot be taken back"))
    pressed(alice, "Not now", "Report")
    expect(menu(alice).get_by_role("group", name="What is wrong?")).to_be_visible()
    expect(menu(alice).get_by_role("textbox")).to_have_accessible_name(re.compile("your words"))


@SHADES
@SIZES
def test_axe_finds_nothing_in_any_step_of_the_menu(
    server: Server, visit: Invite, meet: Meet, shade: str, size: dict[str, int]
) -> None:
    alice = facing(server, visit, meet, viewport=size, color_scheme=shade)
    for _ in steps(alice):
        assert complaints(alice.page) == []


@pytest.mark.parametrize("size", [SMALLEST, PHONE, DESKTOP], ids=["smallest", "phone", "desktop"])
def test_every_step_of_the_menu_fits_and_can_be_touched(
    server: Server, visit: Invite, meet: Meet, size: dict[str, int]
) -> None:
    alice = facing(server, visit, meet, viewport=size)
    for _ in steps(alice):
        assert (alice.page.evaluate(SIDEWAYS), alice.page.evaluate(SMALL, TOUCH_PX)) == ([], [])
        box = menu(alice).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        assert box["y"] + box["height"] <= size["height"]


def facing(server: Server, visit: Invite, meet: Meet, **options: Any) -> BrowserVisitor:
    """Somebody with the longest of names says the longest of words."""
    spot = elsewhere()
    alice = visit(server, spot, reduced_motion="reduce", **options).arrive()
    bob = meet(server, north(spot, 2), "W" * 24)
    bob.send_text("https://example.org/" + "a-long-address" * 30)
    expect(alice.messages).to_have_count(1)
    return alice


def steps(alice: BrowserVisitor) -> Iterator[str]:
    """Goes through every step, and stops in each."""
    ring(alice, "example.org").click()
    yield "acts"
    pressed(alice, "Block")
    yield "block"
    pressed(alice, "Not now", "Report")
    menu(alice).get_by_text("Hate").click()
    menu(alice).get_by_role("textbox").fill("WM " * 160)
    yield "report"
    without_an_answer(alice, "**/api/report")
    pressed(alice, "Send report")
    expect(menu(alice).get_by_role("alert")).to_be_visible()
    yield "refused"
    alice.page.unroute("**/api/report")
    pressed(alice, "Send report")
    expect(menu(alice).get_by_role("status")).to_be_visible()
    yield "done"
