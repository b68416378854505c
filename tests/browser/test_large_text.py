"""Text twice as large, text with more room between its letters, notches and keyboards: everything
can still be seen and reached on the narrowest phone."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from presence.roster import SHOWN_MAX, Entry
from tests.browser.test_access import (
    DESKTOP,
    PHONE,
    SIDEWAYS,
    SMALL,
    SMALLEST,
    TOUCH_PX,
    WORDS,
    live_through,
)
from tests.browser.test_people_list import PageStreet
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

LANDSCAPE = {"width": 740, "height": 360}
# What is cut off: beyond the window's sides, or beyond where anything that scrolls can show it.
WORDS_AND_CONTROLS = "a, button, input, textarea, select, summary, p, h1, h2, output"
SHOWN = """(selector) => [...document.querySelectorAll(selector)]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }))
  .filter((element) => getComputedStyle(element).clipPath === 'none')"""
CUT_OFF = f"""(selector) => ({SHOWN})(selector)
  .filter((element) => {{
    const {{ left, right, top, bottom }} = element.getBoundingClientRect();
    if (left < -1 || right > innerWidth + 1) return true;
    const moves = (box) =>
      box.scrollHeight > box.clientHeight + 1 && getComputedStyle(box).overflowY === 'auto';
    for (let box = element; box; box = box.parentElement) if (moves(box)) return false;
    const fixed = getComputedStyle(document.documentElement).overflowY === 'hidden';
    return fixed && (top < -1 || bottom > innerHeight + 1);
  }})
  .map((element) => element.outerHTML.slice(0, 80))"""
UNDER_A_NOTCH = f"""([selector, {{ left, right }}]) => ({SHOWN})(selector)
  .map((element) => [element, element.getBoundingClientRect()])
  .filter(([, box]) => box.left < left || box.right > innerWidth - right)
  .map(([element]) => element.outerHTML.slice(0, 80))"""
# WCAG 2.2, 1.4.12, by a sheet that the page's policy allows.
SPACED = """(on) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    * { line-height: 1.5 !important; letter-spacing: .12em !important }
    * { word-spacing: .16em !important }
    p { margin-block-end: 2em !important }
  `);
  document.adoptedStyleSheets = on ? [sheet] : [];
}"""
ENLARGED = "(percent) => { document.documentElement.style.fontSize = `${percent}%`; }"
# The newest row of the conversation ends where what is below it begins, or higher.
ABOVE = """() => {
  const bar = document.getElementById('voice-bar');
  const below = bar.hidden ? document.getElementById('composer') : bar;
  const newest = document.querySelector('#messages > :last-child .bubble');
  return newest.getBoundingClientRect().bottom <= below.getBoundingClientRect().top;
}"""
NOT_SENT = """() => {
  const row = document.getElementById('outgoing').content.cloneNode(true).firstElementChild;
  row.dataset.state = 'failed';
  row.querySelector('.text').textContent = 'Not this time.';
  row.querySelector('.life').textContent = 'Not sent';
  document.getElementById('outbox').append(row);
}"""
# How high the head of the page is in each state of the connection.
# That of one line, which a thumb can touch.
HEAD_PX = 56
HEADS = """() => {
  const words = document.getElementById('status-words');
  const before = words.textContent;
  const heights = ['Live', 'Connecting', 'Back in 12 s', 'Offline', 'Banned'].map((now) => {
    words.textContent = now;
    return document.querySelector('.top').offsetHeight;
  });
  words.textContent = before;
  return heights;
}"""
# Resolves once the page knows of the sizes that it has now.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
FITS = """() => {
  const { scrollHeight, clientHeight } = document.querySelector('.near');
  return scrollHeight <= clientHeight;
}"""


def looks(page: Page) -> Iterator[str]:
    """Each way in which somebody may need the text to be, on each size that it may have."""
    for size, percent, spaced in (
        (SMALLEST, 200, False),
        (SMALLEST, 100, True),
        (LANDSCAPE, 100, False),
        (PHONE, 200, False),
        (DESKTOP, 200, False),
    ):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        page.evaluate(ENLARGED, percent)
        page.evaluate(SPACED, spaced)
        yield f"{size['width']} px, {percent} %, {'spaced' if spaced else 'as it is'}"
    page.evaluate(ENLARGED, 100)


def faults(page: Page) -> list[Any]:
    return [
        (look, found)
        for look in looks(page)
        for found in (
            *page.evaluate(SIDEWAYS),
            *page.evaluate(SMALL, TOUCH_PX),
            *page.evaluate(CUT_OFF, WORDS_AND_CONTROLS),
        )
    ]


@pytest.fixture
def alice(server: Server, visit: Invite) -> BrowserVisitor:
    return visit(server, elsewhere(), permissions=["geolocation", "microphone"])


def test_large_and_spaced_text_keeps_every_control_in_sight(
    server: Server, meet: Meet, alice: BrowserVisitor
) -> None:
    page = alice.page
    alice.forgive("status of 404")
    for path in WORDS:
        page.goto(alice.url + path)
        assert faults(page) == []
    alice.arrive()
    assert faults(page) == [], "alone"
    page.evaluate(NOT_SENT)
    assert faults(page) == [], "with a message that was not sent"
    page.evaluate("document.getElementById('outbox').replaceChildren()")
    live_through(alice, server, meet)
    assert faults(page) == [], "with a refusal"
    page.locator("#as").click()
    expect(page.locator("#username")).to_be_focused()
    assert faults(page) == [], "the name editor"
    page.set_viewport_size({"width": 360, "height": 740})
    alice.people.first.locator("button").click()
    assert faults(page) == [], "the menu"
    page.locator('#menu [data-act="report"]').click()
    assert faults(page) == [], "the report"
    page.keyboard.press("Escape")

    page.evaluate("location.hash = 'voice'")
    assert faults(page) == [], "out of voice"
    alice.start_voice()
    expect(page.locator("#voice-check-words")).to_have_text("Say something. Nobody hears it yet.")
    assert faults(page) == [], "on the way into voice"
    page.locator("#voice-join").click()
    expect(page.locator("#voice")).to_have_attribute("data-phase", "in")
    page.locator(".voice-more summary").click()
    assert faults(page) == [], "in voice"
    page.evaluate("location.hash = 'chat'")
    assert faults(page) == [], "in voice, with the chat in sight"


def test_the_head_stays_one_line_whatever_becomes_of_the_connection(alice: BrowserVisitor) -> None:
    page = alice.arrive().page
    street = PageStreet(page, 0)
    for width, crowd in product((320, 352, 360, 390), (0, 5, SHOWN_MAX)):
        page.set_viewport_size({"width": width, "height": 740})
        street.people = {one: Entry(0, one, "Ana", True) for one in map(str, range(crowd))}
        street.send_change()
        expect(page.locator("#people-count")).to_have_text(f"{crowd} people")
        assert {*page.evaluate(HEADS)} == {HEAD_PX}, (width, crowd)
        name = page.locator("#as").bounding_box()
        assert name
        assert name["width"] >= TOUCH_PX, "your name keeps a thumb of room"


def test_the_newest_message_stands_above_whatever_lies_below_it(
    server: Server, meet: Meet, alice: BrowserVisitor
) -> None:
    spot = elsewhere()
    alice.stand(*spot)
    page = alice.arrive().page
    bob = meet(server, north(spot, 1), "bob")
    for turn in range(2):
        bob.send_text(f"Before {turn}. " + "Words " * 30)
    alice.join_voice()
    expect(page.locator("#voice")).to_have_attribute("data-phase", "in")
    expect(alice.messages).to_have_count(2)
    for look in looks(page):
        if "1440 px, 100 %" not in look:
            expect(page.locator("#voice-bar")).to_be_visible()
        wait_until(page, ABOVE)
    # The bar comes in the same moment as a message, before the page knows that it was scrolled.
    page.set_viewport_size({"width": 360, "height": 740})
    page.evaluate("document.getElementById('voice-bar').hidden = true")
    page.evaluate(DRAWN)
    wait_until(page, ABOVE)
    page.evaluate(
        """() => {
          document.getElementById('voice-bar').hidden = false;
          document.getElementById('scroller').dispatchEvent(new Event('scroll'));
        }"""
    )
    assert page.evaluate(FITS), "the conversation is what scrolls"
    bob.send_text("The newest.")
    expect(alice.message("The newest.").locator(".bubble")).to_be_in_viewport(ratio=1)
    wait_until(page, ABOVE)
    # A keyboard that the browser lays over the page.
    page.evaluate(
        """() => {
          Object.defineProperty(visualViewport, 'height', { value: 380 });
          Object.defineProperty(visualViewport, 'offsetTop', { value: 60 });
          visualViewport.dispatchEvent(new Event('resize'));
        }"""
    )
    composer = page.locator("#composer").bounding_box()
    top = page.locator(".top").bounding_box()
    assert composer
    assert top
    assert (top["y"], composer["y"] + composer["height"]) == (60, 440)
    wait_until(page, ABOVE)
    alice.people.first.locator("button").dispatch_event("click")
    ends = "() => document.getElementById('menu').getBoundingClientRect().bottom === 440"
    wait_until(page, ends)
    assert page.evaluate("document.getElementById('menu').getBoundingClientRect().top") >= 60


def test_nothing_stands_under_a_notch(server: Server, meet: Meet, alice: BrowserVisitor) -> None:
    page = alice.page
    page.set_viewport_size({"width": LANDSCAPE["width"], "height": LANDSCAPE["height"]})
    devtools = page.context.new_cdp_session(page)
    insets = {"left": 44, "right": 48, "top": 20, "bottom": 34}
    devtools.send("Emulation.setSafeAreaInsetsOverride", {"insets": insets})
    where = [WORDS_AND_CONTROLS, insets]
    alice.forgive("status of 404")
    for path in WORDS:
        page.goto(alice.url + path)
        assert page.evaluate(UNDER_A_NOTCH, where) == []
    alice.arrive()
    spot = elsewhere()
    alice.stand(*spot)
    meet(server, north(spot, 1), "bob")
    expect(alice.people).to_have_count(1)
    for anchor in ("chat", "people", "voice"):
        page.evaluate("(anchor) => { location.hash = anchor; }", anchor)
        for size in (LANDSCAPE, DESKTOP):
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            assert page.evaluate(UNDER_A_NOTCH, where) == [], (anchor, size)
    lowest = "() => document.getElementById('composer').lastElementChild.previousElementSibling"
    bottom = page.evaluate(f"innerHeight - ({lowest})().getBoundingClientRect().bottom")
    assert bottom >= insets["bottom"]
    alice.people.first.locator("button").click()
    assert page.evaluate(UNDER_A_NOTCH, where) == []
