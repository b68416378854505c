"""Typing: by an input method, whose keys are its own, and in fields that grow with their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Invite, Meet
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

# What a browser without `field-sizing` says and shows; of what is typed, the lines it has.
NO_FIELD_SIZING = """
  const supports = CSS.supports.bind(CSS);
  CSS.supports = (...all) => !all[0].includes('field-sizing') && supports(...all);
  document.addEventListener('DOMContentLoaded', () => {
    const rules = [...document.styleSheets].flatMap(({ cssRules }) => [...cssRules]);
    const inner = rules.flatMap(({ cssRules }) => [...(cssRules ?? [])]);
    for (const { style } of [...rules, ...inner]) style?.removeProperty('field-sizing');
  });
"""
HIDDEN_PX = "(field) => field.scrollHeight - field.clientHeight"
PROCESSED = 229


def compose(page: Page, key: str) -> None:
    """A key as Safari reports it that an input method has used: after the composition's end."""
    # What Chromium does by itself on Enter hangs on the character, which comes with the text.
    pressed = {"key": key, "windowsVirtualKeyCode": PROCESSED}
    devtools = page.context.new_cdp_session(page)
    text = "\r" if key == "Enter" else ""
    devtools.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": text, **pressed})
    devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **pressed})
    devtools.detach()


def height(field: Locator) -> float:
    box = field.bounding_box()
    assert box
    return box["height"]


def test_keys_of_an_input_method_neither_send_nor_save_nor_close(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    meet(server, north(spot, 1), "bob").send_text("Hello.")
    alice = visit(server, spot).arrive()
    page = alice.page
    alice.write("東京")
    compose(page, "Enter")
    page.locator("#text").dispatch_event("keydown", {"key": "Enter", "isComposing": True})

    page.get_by_role("button", name="Change your name").click()
    name = page.locator("#username")
    name.fill("花子")
    compose(page, "Enter")
    compose(page, "Escape")
    expect(name).to_be_focused()

    ring = alice.message("Hello.").locator(".o")
    ring.click()
    page.locator('#menu [data-act="report"]').click()
    page.locator("#menu-text").focus()
    compose(page, "Escape")
    expect(page.locator("#menu")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).not_to_have_attribute("open", "")

    alice.await_pong()
    assert [call.method for call in alice.calls("/api/session/username")] == []
    assert len(alice.texts()) == 1
    expect(alice.pending).to_have_count(0)
    name.press("Escape")
    expect(name).to_be_hidden()
    page.locator("#text").press("Enter")
    expect(alice.message("東京")).to_be_visible()


def test_fields_grow_with_their_text_in_browsers_that_do_not_do_it_by_style(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 1), "bob")
    bob.send_text("Hello.")
    alice = visit(server, spot, viewport={"width": 320, "height": 568})
    alice.context.add_init_script(NO_FIELD_SIZING)
    page = alice.arrive().page
    field = page.locator("#text")
    assert field.evaluate("(field) => getComputedStyle(field).fieldSizing") == "fixed"
    one_line = height(field)
    alice.write("A line that is too long for one line of this narrow field")
    assert field.evaluate(HIDDEN_PX) <= 0
    assert height(field) > one_line + 15
    two_lines = height(field)
    page.set_viewport_size({"width": 1000, "height": 568})
    expect(field).to_have_css("height", f"{one_line:g}px")
    page.set_viewport_size({"width": 320, "height": 568})
    expect(field).to_have_css("height", f"{two_lines:g}px")
    page.reload()
    alice.expect_here()
    assert height(field) == two_lines, "a draft that is kept"
    alice.write("Many lines.\n" * 30)
    assert field.evaluate(HIDDEN_PX) > 100, "the rest is scrolled to"
    assert height(field) == 128
    alice.write("A line that is too long for one line of this narrow field")
    field.press("Enter")
    expect(field).to_have_value("")
    assert height(field) == one_line

    alice.message("Hello.").locator(".o").click()
    page.locator('#menu [data-act="report"]').click()
    words = page.locator("#menu-text")
    empty = height(words)
    words.fill("They did not stop.\n" * 3)
    assert (words.evaluate(HIDDEN_PX), height(words) > empty) == (0, True)
