"""The way in: a location is asked for after the button, and each trouble with it has its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from presence.geo import cell_at, centre
from tests.browser.conftest import INSECURE_HOST
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Invite
    from tests.browser.visitor import BrowserVisitor
    from tests.support.client import Spot
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

PATIENCE_MS = 10_000
# Chromium without a position has one answer at once, where a phone keeps looking: the wait, and
# the third error code, must come from a stand-in for the device.
NEVER_FOUND = """
  window.lost = true;
  const found = navigator.geolocation.watchPosition;
  navigator.geolocation.watchPosition = (fix, trouble, options) =>
    window.lost
      ? window.setTimeout(() => trouble({ code: 3 }), options.timeout)
      : found(fix, trouble, options);
"""
# Nor does it ask anybody without a screen, who could wave the question away.
WAVED_AWAY = """
  navigator.permissions.query = async () => ({ state: 'prompt' });
  navigator.geolocation.watchPosition = (found, failed) =>
    window.setTimeout(() => failed({ code: 1 }));
"""


# A browser without the API, and a page that a policy keeps from it.
IMPOSSIBLE = {
    "missing": """Object.defineProperty(navigator, 'geolocation', { value: undefined });""",
    "forbidden": """Object.defineProperty(document, 'featurePolicy', {
      value: { allowsFeature: (name) => name !== 'geolocation' },
    });""",
}


@dataclass(frozen=True)
class Trouble:
    """How it comes about, after which time it shows, and what is said then."""

    begin: Callable[[BrowserVisitor], None]
    after_ms: int
    title: str
    words: str
    action: str
    steps: int = 0


def granted_but_unknown(visitor: BrowserVisitor) -> None:
    visitor.context.set_geolocation(None)


def never_found(visitor: BrowserVisitor) -> None:
    visitor.context.add_init_script(NEVER_FOUND)


def not_allowed(visitor: BrowserVisitor) -> None:
    visitor.context.clear_permissions()


def rough(visitor: BrowserVisitor) -> None:
    visitor.stand(*elsewhere(), accuracy_m=3000)


def polar(visitor: BrowserVisitor) -> None:
    visitor.stand(85.001, 10.0)


TROUBLES = {
    "polar": Trouble(
        polar,
        0,  # no other fix would help
        "Too near to a pole",
        "NearTalk is there from 85 degrees south to 85 degrees north. Nothing was sent.",
        "Try again",
    ),
    "denied": Trouble(
        not_allowed,
        0,  # Chromium is sure: nobody will be asked
        "Your location is off for this page",
        "Without it NearTalk cannot tell who is near, and it does not guess a place for you.",
        "Try again",
        steps=3,
    ),
    "unavailable": Trouble(
        granted_but_unknown,
        PATIENCE_MS,
        "Your device cannot find itself",
        "This happens indoors or with location services off. Nothing was sent.",
        "Try again",
    ),
    "timed out": Trouble(
        never_found,
        20_000,
        "Still looking for you",
        "It took longer than 20 seconds. A spot near a window helps.",
        "Keep looking",
    ),
    "coarse": Trouble(
        rough,
        PATIENCE_MS,
        "Only your town, not your block",
        "Your device shares a rough position, give or take 3 km."
        " Turn on precise location for this browser to meet people near you.",
        "Try again",
    ),
}


def test_the_location_is_asked_for_after_the_button_and_not_before(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot)
    alice.page.goto(alice.url)
    button = alice.page.get_by_role("button", name="See who is near")
    expect(button).to_be_enabled()
    assert alice.page.evaluate("window.asked") == 0
    assert alice.calls("/api/") == []
    button.click()
    alice.page.wait_for_url("**/near")
    alice.expect_here()
    created, placed = (one.url.removeprefix(alice.url) for one in alice.calls("/api/")[:2])
    assert created == "/api/session/create"
    assert placed.startswith("/api/location/update?near=")


def test_the_button_says_what_it_waits_for(server: Server, visit: Invite) -> None:
    alice = visit(server, None, clock=True)
    never_found(alice)
    alice.page.goto(alice.url)
    alice.stop_time()  # it looks for 20 s
    button = alice.page.locator("#arrive")
    button.click()
    expect(button).to_have_text("Looking for you")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("aria-busy", "true")
    expect(alice.page.locator("#arrive-next")).to_have_text(
        "Your browser may ask for your location now."
    )


@pytest.mark.parametrize("kind", TROUBLES)
def test_a_trouble_with_the_location_has_its_own_words_and_a_way_on(
    server: Server, visit: Invite, kind: str
) -> None:
    trouble = TROUBLES[kind]
    alice = visit(server, None, clock=True)
    trouble.begin(alice)
    alice.page.goto(alice.url)
    button = alice.page.locator("#arrive")
    button.click()
    if trouble.after_ms:
        expect(button).to_have_text("Looking for you")
        alice.page.clock.run_for(trouble.after_ms)

    expect(alice.page.locator("#title-words")).to_have_text(trouble.title)
    expect(alice.page.locator("#lede")).to_have_text(trouble.words)
    expect(alice.page.locator("#steps li")).to_have_count(trouble.steps)
    expect(alice.page.locator("#title")).to_be_focused()
    expect(alice.page).to_have_title(trouble.title)
    expect(button).to_have_text(trouble.action)
    expect(button).to_be_enabled()
    assert alice.calls("/api/") == [], "no place was made up"

    spot = elsewhere()
    restore_position(alice, spot)
    button.click()
    alice.page.wait_for_url("**/near")
    alice.expect_here()
    lat, lon = centre(cell_at(*spot))
    assert alice.calls("/api/location/update")[0].post_data == f"lat={lat}&lon={lon}&radius=500"


def test_a_no_is_told_at_once_also_where_the_browser_would_ask_again(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, None, clock=True)
    alice.context.add_init_script(WAVED_AWAY)
    alice.page.goto(alice.url)
    alice.stop_time()
    alice.page.locator("#arrive").click()
    alice.page.clock.run_for(1)
    expect(alice.page.locator("#title-words")).to_have_text(TROUBLES["denied"].title)


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("missing", "This browser shares no location"),
        ("forbidden", "This page may not ask where you are"),
    ],
)
def test_where_no_location_can_be_had_nobody_is_asked_for_one(
    server: Server, visit: Invite, kind: str, title: str
) -> None:
    alice = visit(server, elsewhere())
    alice.context.add_init_script(IMPOSSIBLE[kind])
    alice.page.goto(alice.url)
    expect(alice.page.locator("#title-words")).to_have_text(title)
    again = alice.page.get_by_role("link", name="Load again")
    expect(again).to_have_attribute("href", "/")
    expect(alice.page.locator("#arrive")).to_be_hidden()


def test_an_address_that_is_not_secure_says_so_and_leads_to_the_one_that_is(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere())
    alice.forgive("Cross-Origin-Opener-Policy header has been ignored")
    insecure = f"{INSECURE_HOST}:{server.port}"
    alice.page.goto(f"http://{insecure}/")
    assert alice.page.evaluate("isSecureContext") is False
    expect(alice.page.locator("#title-words")).to_have_text("This address is not secure")
    expect(alice.page.locator("#lede")).to_contain_text(
        "Browsers share a location over https only."
    )
    way = alice.page.get_by_role("link", name="Open it over https")
    expect(way).to_have_attribute("href", f"https://{insecure}/")
    expect(alice.page.locator("#arrive")).to_be_hidden()
    assert alice.page.evaluate("window.asked") == 0
    assert [one for one in alice.requests if "/api/" in one.url] == []


def test_a_server_that_does_not_answer_is_told_apart_and_can_be_asked_again(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere())
    alice.forgive("net::ERR_FAILED")
    alice.forgive("htmx:")
    alice.page.route("**/api/session/create", lambda route: route.abort())
    alice.page.goto(alice.url)
    alice.page.locator("#arrive").click()
    expect(alice.page.locator("#arrive-next")).to_have_text(
        "NearTalk did not answer. Nothing was changed."
    )
    alice.page.unroute("**/api/session/create")
    alice.page.get_by_role("button", name="Try again").click()
    alice.page.wait_for_url("**/near")


def test_a_location_lost_later_is_said_beside_the_chat_and_the_block_stays(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere(), clock=True).arrive()
    not_allowed(alice)
    alice.page.reload()
    alice.expect_here()
    alice.stop_time()
    notice = alice.page.locator("#alerts .notice:not(#undo)")
    expect(notice).to_contain_text(TROUBLES["denied"].title)
    expect(notice).to_contain_text(TROUBLES["denied"].words)
    expect(notice.get_by_role("button")).to_have_text("Try again")
    alice.send_text("Still here.")
    restore_position(alice, elsewhere())
    expect(notice).to_have_count(0)
    # And taken away again while it is watched.
    not_allowed(alice)
    expect(notice).to_contain_text(TROUBLES["denied"].title)
    restore_position(alice, elsewhere())
    expect(notice).to_have_count(0)


def test_a_page_that_was_never_let_in_does_not_ask_by_itself(server: Server, visit: Invite) -> None:
    """Another tab left a session: this one has no place of its own and must ask first."""
    alice = visit(server, elsewhere()).arrive()
    alice.context.clear_permissions()
    alice.page.close()
    page = alice.page = alice.tab()
    page.add_init_script("navigator.permissions.query = async () => ({ state: 'prompt' });")
    page.goto(f"{alice.url}/near")
    alice.expect_here()
    expect(page.locator("#alerts .notice:not(#undo)")).to_contain_text(
        re.compile("NearTalk follows you only if you let it. *Until then you stay in the block")
    )
    assert page.evaluate("window.asked") == 0
    page.get_by_role("button", name="Use my location").click()
    wait_until(page, "() => window.asked === 1")


def restore_position(visitor: BrowserVisitor, spot: Spot) -> None:
    """The device finds itself again, and the browser lets the page know."""
    visitor.context.grant_permissions(["geolocation"])
    visitor.stand(*spot)
    visitor.page.evaluate("window.lost = false")
