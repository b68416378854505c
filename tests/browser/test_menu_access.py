"""The menu of a person by everybody: by mouse, thumb, keys and ear, on large pages and small."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.menus import menu, pressed, ring, without_an_answer
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
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser


@SIZES
def test_the_menu_goes_by_keyboard_and_gives_the_focus_back(
    server: Server, visit: Invite, meet: Meet, size: dict[str, int]
) -> None:
    spot = elsewhere()
    alice = visit(server, spot, viewport=size).arrive()
    bob = meet(server, north(spot, 2), "bob")
    bob.send_text("One word.")
    page, press = alice.page, alice.page.keyboard.press
    expect(page.locator("#nobody")).to_be_hidden()  # its buttons go, and with them a focus
    page.locator("#text").focus()
    reach(page, ring(alice, "One word."), "Shift+Tab")
    press("Enter")
    expect(menu(alice).get_by_role("button", name="Reply")).to_be_focused()
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
        # Chromium gives what an address names the focus with the next frame, and takes it from
        # whatever the keys have reached by then.
        expect(page.locator("#people")).to_be_focused()
    else:
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
    reach(page, menu(alice).get_by_role("button", name=re.compile("^Block")))
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
    expect(page.locator("#nobody")).to_be_hidden()
    stops = page.locator('#messages button:not([tabindex="-1"])')
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
        called = re.compile(rf"bob {tag}, \d+:\d\d( [AP]M)?: what you can do")
        expect(ring(alice, text)).to_have_accessible_name(called)
    dots = alice.person("bob").get_by_role("button")
    expect(dots).to_have_accessible_name(f"bob {tag}: talk, block or report")
    ring(alice, "Another.").click()
    expect(menu(alice)).to_have_accessible_name(f"bob {tag} ~300 m")
    pressed(alice, "Block")
    expect(menu(alice)).to_have_accessible_name(f"Block bob {tag} ~300 m")
    now = menu(alice).get_by_role("button", name="Not now")
    expect(now).to_have_accessible_description(re.compile("You can undo it"))
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
