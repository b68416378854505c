"""The modules of a page are fetched beside each other, each of them once: those of voice when it is
live."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.support.client import elsewhere
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Route

    from tests.browser.conftest import Invite
    from tests.browser.visitor import BrowserVisitor
    from tests.conftest import Serve
    from tests.support.servers import Server

PRELOADED = "links => links.map(({ href }) => new URL(href).pathname)"
LATER = """(id = 'later-modules') => [...document.getElementById(id).content.children]
  .map((link) => link.getAttribute('href'))"""
LOADED = """() => performance.getEntriesByType('resource')
  .filter(({ initiatorType }) => initiatorType !== 'fetch')
  .map(({ name }) => new URL(name).pathname).filter((path) => path.startsWith('/static/js/'))"""
SAVES_DATA = """Object.defineProperty(navigator, 'connection', {
  value: { saveData: true, addEventListener() {} },
})"""
# Resolves once the module runs that keeps what is pressed: a page can be seen before that.
KEEPS_TAPS = "import('/static/js/page/early-taps.js').then(() => true)"
CONTROLS = "**/static/js/voice/controls.js"
PAGE = "**/static/js/near*.js"
PRESSING = "**/static/js/chat/pressing*.js"
START = "#voice-start"
OPENS = ".views [data-opens=settings]"
# One that nobody speaks with.
RELAY = {"TURN_URLS": "turn:127.0.0.1:9", "TURN_SECRET": "4mXz0vQ9hT7kLw2Rb8NcYp5Jd"}


def test_every_module_that_chromium_loads_was_named_and_is_loaded_once(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    named = alice.page.eval_on_selector_all("link[rel=modulepreload]", PRELOADED)
    later = [
        *alice.page.evaluate(LATER, "chat-modules"),
        *alice.page.evaluate(LATER, "later-modules"),
    ]
    start = next(turn for turn, one in enumerate(alice.requests) if one.url.endswith("/near"))

    def modules() -> list[str]:
        # Not what is fetched ahead.
        loaded = (one for one in alice.requests[start:] if one.resource_type == "script")
        asked = [urlsplit(one.url).path for one in loaded]
        return [path for path in asked if path.startswith("/static/js/")]

    until(
        lambda: len(modules()) > len(named) + len(later),
        "the modules of voice",
        pause=lambda: alice.page.wait_for_timeout(20),
    )
    first = modules()[: len(named) + 1]
    assert sorted(first) == sorted(["/static/js/near.js", *named])
    assert sorted(modules()[len(first) :]) == sorted(later)
    assert len(named) > 50
    assert len(later) > 15


@contextmanager
def held(alice: BrowserVisitor, module: str = CONTROLS) -> Iterator[None]:
    """A module, that of voice say, is on its way until the end."""
    waiting: list[Route] = []
    over = False

    def hold(route: Route) -> None:
        if over:
            route.continue_()
        else:
            waiting.append(route)

    alice.context.route(module, hold)
    yield
    over = True
    for one in waiting:
        one.continue_()


def test_what_is_pressed_before_its_modules_are_there_is_done_once_they_are(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    alice.send_text("Said before.")
    page = alice.page
    said, menu, settings = alice.message("Said before."), page.locator("#menu"), page.locator(OPENS)
    with held(alice, PRESSING):
        with held(alice, PAGE):
            page.reload(wait_until="commit")
            page.evaluate(KEEPS_TAPS)
            settings.click()
            expect(settings).to_have_attribute("aria-busy", "true")
            alice.submit("Said early.")
        alice.expect_here()
        expect(alice.message("Said early.")).to_be_visible()
        expect(page.locator("#settings")).to_be_visible()
        expect(settings).not_to_have_attribute("aria-busy", "true")
        page.keyboard.press("Escape")
        said.locator(".bubble").click()
        expect(said.locator(".bubble")).to_have_attribute("aria-busy", "true")
        expect(menu).to_be_hidden()
    expect(menu).to_be_visible()
    expect(menu.locator("blockquote").first).to_have_text("Said before.")


def test_a_page_is_live_without_voice_and_a_tap_on_it_waits_and_is_not_lost(
    serve: Serve, visit: Invite
) -> None:
    alice = visit(serve("uvicorn", RELAY), elsewhere(), permissions=["geolocation", "microphone"])
    with held(alice):
        alice.arrive()
        alice.send_text("Before voice.")
        alice.page.locator(START).click()
        expect(alice.page.locator(START)).to_have_attribute("aria-busy", "true")
        alice.page.locator("#voice-shield").uncheck()
        alice.page.locator(START).click()
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "check")
    expect(alice.page.locator("#voice-shield")).not_to_be_checked()
    expect(alice.page.locator(START)).not_to_have_attribute("aria-busy", "true")
    expect(alice.page.locator("#voice-join")).to_have_text("Join")


def test_what_is_chosen_of_the_way_before_voice_is_there_holds(serve: Serve, visit: Invite) -> None:
    alice = visit(serve("uvicorn", RELAY), elsewhere())
    with held(alice):
        alice.arrive()
        alice.page.locator("#voice-shield").uncheck()
    words = alice.page.locator("#voice-shield-words")
    expect(words).to_have_text(re.compile("^Your voice goes straight to them"))
    expect(alice.page.locator("#voice-shield")).not_to_be_checked()


def test_voice_that_does_not_load_says_so(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere())
    alice.forgive("net::ERR_FAILED")
    alice.context.route(CONTROLS, lambda route: route.abort())
    alice.arrive()
    alice.page.locator(START).click()
    notice = alice.page.locator("#voice-notices .notice")
    expect(notice).to_contain_text("Voice did not load.")
    alice.context.unroute(CONTROLS)
    notice.get_by_role("button", name="Load the page again").click()
    alice.expect_here()
    alice.start_voice()
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "check")


def test_who_saves_data_is_sent_voice_with_the_tap(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere(), permissions=["geolocation", "microphone"])
    alice.context.add_init_script(SAVES_DATA)
    alice.arrive()
    alice.page.wait_for_load_state("networkidle")
    later = {*alice.page.evaluate(LATER, "later-modules")}
    assert not later & {*alice.page.evaluate(LOADED)}
    alice.start_voice()
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "check")
    assert later <= {*alice.page.evaluate(LOADED)}
