"""Blocking somebody by their menu: who is blocked is gone at once, from every tab, for good."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.interceptor import wait_until_true
from tests.browser.menus import menu, pressed, ring, without_an_answer
from tests.browser.test_access import SIZES
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.conftest import Invite, Meet
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
    expect(menu(alice)).to_contain_text("You can undo it in the settings.")
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
    wait_until_true(alice.page, lambda: len(held) == 1, "the call, which waits for others")
    alice.page.keyboard.press("Escape")
    ring(alice, "Of dora.").click()
    pressed(alice, "Report")
    menu(alice).get_by_role("textbox").fill("She means it.")
    held[0].continue_()
    expect(alice.message("Of bob.")).to_have_count(0)
    expect(menu(alice)).to_have_accessible_name(re.compile("^Report dora"))
    expect(menu(alice).get_by_role("textbox")).to_have_value("She means it.")
    assert alice.texts() == ["Of dora."]
