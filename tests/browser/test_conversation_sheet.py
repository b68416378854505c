"""The sheet of a message: how it opens, what is gone from it, reactions and whose they are, with
what a socket brings said by the test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.said_rows import ANA, YUSUF, bubble, row, sent, sheet

if TYPE_CHECKING:
    from tests.browser.interceptor import Interceptor
    from tests.browser.said_rows import ScriptedTalk
    from tests.browser.visitor import BrowserVisitor

pytestmark = pytest.mark.browser

TOUCH = """([id, type]) => {
  const bubble = document.querySelector(`[id="m-${id}"] .bubble`);
  const { x, y } = bubble.getBoundingClientRect();
  const at = { clientX: x + 9, clientY: y + 9, pointerType: 'touch', bubbles: true };
  bubble.dispatchEvent(new PointerEvent(type, at));
}"""


def test_the_sheet_opens_by_a_held_finger_and_a_right_click_but_not_over_links_or_a_selection(
    alice: BrowserVisitor, talk: ScriptedTalk
) -> None:
    said = talk.bring(ANA, "Words and https://example.org/")
    menu = alice.page.locator("#menu")
    bubble(alice, said).click(button="right", position={"x": 15, "y": 20})
    expect(menu).to_be_visible()
    alice.page.keyboard.press("Escape")
    alice.page.evaluate(TOUCH, [said, "pointerdown"])
    alice.page.mouse.move(0, 0)  # another pointer than the finger
    bubble(alice, said).dispatch_event("pointermove", {"pointerType": "mouse", "pointerId": 1})
    expect(menu).to_be_visible()
    alice.page.evaluate(TOUCH, [said, "pointerup"])
    alice.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    bubble(alice, said).evaluate("(words) => getSelection().selectAllChildren(words)")
    alice.page.evaluate("(id) => document.querySelector(`[id='m-${id}'] .bubble`).click()", said)
    expect(menu).to_be_hidden()
    alice.page.evaluate("getSelection().empty()")
    ring = row(alice, said).locator(".o")
    ring.focus()
    alice.page.keyboard.press("ArrowRight")
    expect(bubble(alice, said).locator("a")).to_be_focused()
    alice.page.keyboard.press("ArrowLeft")
    alice.page.keyboard.press("Enter")
    expect(menu).to_be_visible()


def test_what_is_gone_is_gone_from_its_sheet_which_keeps_what_can_be_done_about_its_author(
    alice: BrowserVisitor, talk: ScriptedTalk
) -> None:
    said = talk.bring(ANA, "Left side only.")
    menu = alice.page.locator("#menu")
    bubble(alice, said).click()
    expect(sheet(alice, "reply")).to_be_focused()
    talk.signal(f"gone|ids={said}")
    expect(menu.locator("blockquote").first).to_have_text("This message is gone.")
    for act in ("reply", "copy"):
        expect(sheet(alice, act)).to_be_hidden()
    expect(menu.locator("#menu-reactions")).to_be_hidden()
    assert menu.evaluate("(menu) => menu.contains(document.activeElement)")
    sheet(alice, "report").click()
    expect(menu.locator("form blockquote")).to_have_text("This message is gone.")
    alice.page.keyboard.press("Escape")

    said = talk.bring(ANA, "See https://example.org/lost")
    bubble(alice, said).locator("a").click()
    expect(menu.locator(".link-whole")).to_have_text("https://example.org/lost")
    talk.signal(f"gone|ids={said}")
    expect(menu).to_be_hidden()
    bubble(alice, talk.bring(ANA, "Right side.")).click()
    expect(sheet(alice, "reply")).to_be_visible()
    alice.page.keyboard.press("Escape")
    expect(menu.locator("blockquote").first).to_have_text("")
    assert not [one for one in ("lost", "Left", "Right") if one in str(menu.text_content())]


def test_reactions_stand_under_a_message_and_yours_is_given_taken_back_and_refused(
    alice: BrowserVisitor, wire: Interceptor, talk: ScriptedTalk
) -> None:
    wire.edit = lambda frame: "" if '"chat.react' in frame else None
    said = talk.bring(ANA, "The bakery gives away rolls.")
    talk.signal(f"reactions|id={said}|counts=yes:12 love:2")
    chips = row(alice, said).locator(".chip")
    expect(chips).to_have_text(["12", "2"])
    chips.nth(1).click()
    expect(chips).to_have_text(["12", "3"])
    expect(chips.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(chips.nth(1)).to_have_accessible_name("Love: 3, you too")
    bubble(alice, said).click()
    expect(sheet(alice, "react").nth(1)).to_have_attribute("aria-pressed", "true")
    sheet(alice, "react").filter(has_text="Me too").click()
    expect(chips).to_have_text(["12", "2", "1"])
    chips.nth(2).click()
    expect(chips).to_have_text(["12", "2"])
    frames = sent(wire, "chat.react")
    assert [(one["id"], one["reaction"]) for one in frames] == [
        (said, "love"),
        (said, "me-too"),
        (said, None),
    ]
    for one in frames:
        talk.signal(f"reacted|id={said}|reaction={one['reaction'] or ''}|ref={one['ref']}")
    chips.first.click()
    expect(chips).to_have_text(["13", "2"])
    talk.refuse(sent(wire, "chat.react")[-1]["ref"], "too-fast", "In 3 s.")
    expect(chips).to_have_text(["12", "2"])
    talk.signal(f"reacted|id={said}|reaction=wow", f"reactions|id={said}|counts=wow:1")
    expect(chips).to_have_text(["1"])
    talk.signal(f"reacted|id={said}|reaction=", f"reactions|id={said}|counts=")
    expect(chips).to_have_count(0)


def test_its_author_alone_is_shown_who_reacted(
    alice: BrowserVisitor, wire: Interceptor, talk: ScriptedTalk
) -> None:
    wire.edit = lambda frame: "" if '"chat.reactors"' in frame else None
    talk.people(ANA)
    said = talk.bring_own("On my way.")
    talk.signal(f"reactions|id={said}|counts=love:1 yes:5")
    row(alice, said).locator(".chip").first.click()
    assert sent(wire, "chat.reactors")[0]["id"] == said
    some = (
        f'<b data-person="{ANA.person_id}" data-reaction="yes" data-tag="e3r">Ana</b>'
        f'<b data-person="{YUSUF.person_id}" data-reaction="love" data-tag="74k"><i>Y</i></b>'
    )
    talk.send(
        '<div id="signals" hx-swap-oob="innerHTML">'
        f'<data class="reactors" data-id="{said}" data-count="6">{some}</data></div>'
    )
    listed = alice.page.locator("#menu-reactors li")
    expect(listed).to_have_text([re.compile("Yes ?Ana e3r and 4 more"), re.compile("Love ?Y 74k")])
