"""By eye or ear, with a thumb or keys, on a small screen or a wide one, in light and in dark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.visitor import wait_until
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1440, "height": 900}
SMALLEST = {"width": 320, "height": 568}
TOUCH_PX = 44
WORDS = ("/", "/privacy", "/rules", "/safety", "/terms", "/nowhere")
NAMES = ("Ana", "Bo", "Олена", "Zeynep", "Yusuf", "Minh", "עדן", "W" * 24)
TEXTS = (
    "Is the tram at Mill Square running?",
    "https://example.org/" + "a-long-address" * 12,
    "שלום לכולם, מישהו ראה את החתול?",
    "🚲🚌" * 30,
)
# What is still coming up has not its colours yet.
SETTLE = """() => Promise.all(document.getAnimations()
  .filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))
  .map(({ finished }) => finished.catch(() => null)))"""
# Elements that do something and can be seen, with their size; a link in a line of text may be
# narrow, nothing may be low.
SMALL = """(touch) => [...document.querySelectorAll('a, button, input, textarea, select')]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }))
  .map((element) => [element, element.getBoundingClientRect()])
  .filter(([{ localName }, { height, width }]) =>
    Math.round(height) < touch || (localName !== 'a' && Math.round(width) < touch))
  .map(([{ outerHTML }, { height, width }]) => `${outerHTML.slice(0, 90)} ${width} x ${height}`)"""
SIDEWAYS = """() => [...document.querySelectorAll('html, body, #scroller, .panel')]
  .filter((element) => element.scrollWidth > element.clientWidth)
  .map((element) => `${element.localName}#${element.id} ${element.scrollWidth}`)"""
EVERY_AGE = """() => document.querySelectorAll('.message').forEach((row, turn) => {
  row.dataset.age = turn % 6;
})"""
# Whatever the font: some width is just wide enough for the words and not for the dot.
WHERE_IT_IS_ALONE = """() => {
  const title = document.getElementById('title');
  const dot = document.querySelector('#rings-people .stop');
  const alone = (width) => {
    title.style.maxInlineSize = `${width}px`;
    const line = [...document.getElementById('title-words').getClientRects()].at(-1);
    const { top, bottom, left } = dot.getBoundingClientRect();
    return top < line.top || bottom > line.bottom || left < line.right;
  };
  return Array.from({ length: 200 }, (_, turn) => 400 + turn * 4).filter(alone);
}"""
SHADES = pytest.mark.parametrize("shade", ["light", "dark"])
SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])


@SHADES
@SIZES
def test_axe_finds_nothing_on_pages_of_words(
    server: Server, visit: Invite, shade: str, size: dict[str, int]
) -> None:
    alice = visit(server, None, color_scheme=shade, viewport=size)
    alice.forgive("status of 404")
    for path in WORDS:
        alice.page.goto(alice.url + path)
        assert complaints(alice.page) == []


@SHADES
@SIZES
def test_axe_finds_nothing_in_an_empty_place_and_in_a_busy_one(
    server: Server, visit: Invite, meet: Meet, shade: str, size: dict[str, int]
) -> None:
    alice = visit(server, elsewhere(), color_scheme=shade, viewport=size).arrive()
    assert complaints(alice.page) == []
    live_through(alice, server, meet)
    alice.page.evaluate(EVERY_AGE)
    assert complaints(alice.page) == []
    alice.page.locator("#as").click()
    expect(alice.page.locator("#username")).to_be_focused()
    assert complaints(alice.page) == []


@pytest.mark.parametrize("size", [SMALLEST, PHONE, DESKTOP], ids=["smallest", "phone", "desktop"])
def test_nothing_scrolls_sideways_and_every_control_is_large_enough_to_touch(
    server: Server, visit: Invite, meet: Meet, size: dict[str, int]
) -> None:
    alice = visit(server, elsewhere(), viewport=size)
    alice.forgive("status of 404")
    for path in WORDS:
        alice.page.goto(alice.url + path)
        assert (alice.page.evaluate(SIDEWAYS), alice.page.evaluate(SMALL, TOUCH_PX)) == ([], [])
    alice.arrive()
    assert (alice.page.evaluate(SIDEWAYS), alice.page.evaluate(SMALL, TOUCH_PX)) == ([], [])
    live_through(alice, server, meet)
    alice.page.get_by_role("button", name="Your message").first.click()
    assert (alice.page.evaluate(SIDEWAYS), alice.page.evaluate(SMALL, TOUCH_PX)) == ([], [])
    alice.page.keyboard.press("Escape")
    alice.page.locator("#as").click()
    expect(alice.page.locator("#username")).to_be_focused()
    assert (alice.page.evaluate(SIDEWAYS), alice.page.evaluate(SMALL, TOUCH_PX)) == ([], [])


def test_the_dot_that_is_you_never_stands_alone_on_a_line(server: Server, visit: Invite) -> None:
    alice = visit(server, None, viewport=DESKTOP)
    alice.page.goto(alice.url)
    assert alice.page.evaluate(WHERE_IT_IS_ALONE) == []


@SIZES
def test_the_whole_way_can_be_gone_by_keyboard(
    server: Server, visit: Invite, meet: Meet, size: dict[str, int]
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob", radius=2000)
    alice = visit(server, spot, viewport=size)
    page, press = alice.page, alice.page.keyboard.press
    page.goto(alice.url)
    reach(page, page.locator("#arrive"))
    press("Enter")
    page.wait_for_url("**/near")
    alice.expect_here()
    expect(page.locator("#nobody")).to_be_hidden()

    if size is PHONE:
        reach(page, page.get_by_role("button", name="Distance: 500 m"))
        press("Enter")
    reach(page, page.locator("#radius"))
    press("ArrowRight")
    expect(page.locator("#reach-output")).to_have_text("700 m")
    reach(page, page.locator("#text"))
    page.keyboard.type("By keyboard.")
    press("Enter")
    assert bob.await_frame("chat.message")["text"] == "By keyboard."
    expect(alice.message("By keyboard.")).to_be_visible()
    expect(page.locator("#text")).to_be_focused()

    reach(page, page.get_by_role("button", name="Your message"), "Shift+Tab")
    press("Enter")
    reach(page, page.get_by_role("button", name="Remove for everyone"))
    press("Enter")
    expect(alice.messages).to_have_count(0)
    expect(page.locator("#scroller")).to_be_focused()

    if size is PHONE:
        reach(page, page.get_by_role("link", name="1 person"), "Shift+Tab")
        press("Enter")
        expect(alice.person("bob")).to_be_visible()
    reach(page, page.get_by_role("button", name="Change your name"))
    press("Enter")
    expect(page.locator("#username")).to_be_focused()
    press("Escape")
    expect(page.get_by_role("button", name="Change your name")).to_be_focused()
    press("Enter")
    page.keyboard.type("Alice")
    press("Enter")
    expect(page.locator("#self")).to_have_attribute("data-name", "Alice")
    expect(page.get_by_role("button", name="Change your name")).to_be_focused()
    if size is PHONE:
        reach(page, page.get_by_role("link", name="Back to chat"), "Shift+Tab")
        press("Enter")
        expect(page.locator("#text")).to_be_visible()
        reach(page, page.get_by_role("link", name="1 person"), "Shift+Tab")
        press("Enter")
    reach(page, page.get_by_role("button", name="Leave"))
    press("Enter")
    page.wait_for_url(f"{alice.url}/")


def test_a_reader_of_screens_hears_what_arrives_and_how_the_connection_is(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    bob.send_text("What was there before is not read out.")
    alice = visit(server, spot).arrive()
    bob.send_text("What comes is.")
    expect(alice.message("What comes is.")).to_be_visible()
    log = alice.page.get_by_role("log", name="Messages")
    assert (log.get_attribute("aria-live"), log.get_attribute("aria-busy")) == (None, None)
    expect(alice.page.get_by_role("status").first).to_have_text("Live")
    slider = alice.page.get_by_role("slider", name="Distance")
    expect(slider).to_have_attribute("aria-valuetext", "500 metres")
    rings = alice.page.get_by_role("img", name="1 person near: 1 at about 300 m")
    expect(rings).to_be_visible()
    field = alice.page.get_by_role("textbox", name="Message")
    expect(field).to_have_accessible_description(re.compile("1 person will see this"))
    time = alice.message("What comes is.").locator("time")
    expect(time).to_have_attribute("data-ago", "now")


def test_nothing_moves_for_those_who_asked_for_less_motion(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot, reduced_motion="reduce").arrive()
    bob.send_text("Without a move.")
    expect(alice.message("Without a move.")).to_be_visible()
    alice.page.route("**/api/**", lambda route: None)
    assert alice.page.evaluate("document.getAnimations().length") == 0


def test_a_break_of_the_content_policy_would_be_noticed(server: Server, visit: Invite) -> None:
    alice = visit(server, None)
    alice.page.goto(alice.url)
    with alice.page.expect_console_message():
        alice.page.evaluate(
            """() => {
              const script = document.createElement('script');
              script.textContent = 'window.broken = true';
              document.body.append(script);
            }"""
        )
    assert alice.page.evaluate("window.broken") is None
    (said,) = alice.problems()
    assert "Content Security Policy" in said
    alice.forgive("Content Security Policy")


def live_through(alice: BrowserVisitor, server: Server, meet: Meet) -> None:
    """Moves to a place with everything in it: people at all distances, long words, a refusal."""
    spot = elsewhere()
    others = [meet(server, north(spot, turn % 4), name) for turn, name in enumerate(NAMES)]
    for other, text in zip(others, TEXTS * 2, strict=True):
        other.send_text(text)
    alice.stand(*spot)
    expect(alice.people).to_have_count(len(others))
    alice.submit_at_once("One.", "WM" * 150, "Three.", "Four.")
    expect(alice.page.locator("#refusal .notice")).to_be_visible()
    # The fourth waits for its turn, and may have had it by now.
    here = "(least) => document.querySelectorAll('#messages > li').length >= least"
    wait_until(alice.page, here, len(others) + 3)


def complaints(page: Page) -> list[Any]:
    page.emulate_media(reduced_motion="reduce")  # what comes meanwhile has its colours at once
    page.evaluate(SETTLE)
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], node["html"], node["failureSummary"]) for one in found for node in one["nodes"]
    ]


def reach(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Goes on by the key until the focus is there; everything on the way shows that it has it."""
    expect(wanted).to_be_visible()
    for _ in range(40):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.matches(':focus-visible')")
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{key} does not lead to {wanted}")
