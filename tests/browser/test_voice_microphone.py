"""A microphone that is asked for, refused, not there, taken, or gone: each says so, and one can
listen meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, connect, expect_sound, tile
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.conftest import Invite, VisitVoice
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

ALLOWED = ["geolocation", "microphone"]
# What the device answers where Chromium's own, which beeps, never would; '' is the beep.
ANSWER = """
  window.refusal = '%s';
  const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (ask) navigator.mediaDevices.getUserMedia = (...all) =>
    window.refusal ? Promise.reject(new DOMException('', window.refusal)) : ask(...all);
"""
# The question stands until `allow` is called.
WAIT = """
  const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (ask) navigator.mediaDevices.getUserMedia = (...all) =>
    new Promise((allow) => { window.allow = allow; }).then(() => ask(...all));
"""
LOSE = """() => {
  const { track } = window.calls[0].getSenders()[0];
  track.stop();
  track.dispatchEvent(new Event('ended'));
}"""
WRONG = {
    "NotFoundError": "No microphone found. Plug one in and try again.",
    "NotReadableError": "The microphone is busy. Another app may hold it. Close that one and"
    " try again.",
}


def notice(one: BrowserVisitor) -> Locator:
    return one.page.locator("#voice-notices .notice")


def expect_wrong(one: BrowserVisitor, words: str) -> None:
    """The page says so, and that one can listen. Nothing else is wrong, once sound has begun."""
    expect(notice(one)).to_have_count(1)
    expect(notice(one).locator(".notice-words")).to_have_text(f"{words} You can listen meanwhile.")
    expect(notice(one)).to_have_role("alert")


def expect_well(one: BrowserVisitor) -> None:
    expect(notice(one)).to_have_count(0)
    expect(one.page.locator("#voice-level-words")).to_have_text("Your microphone is on")


def test_while_the_browser_asks_the_page_says_so(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere(), permissions=ALLOWED, **WIDE)
    alice.context.add_init_script(WAIT)
    alice.arrive().start_voice()
    check = alice.page.get_by_role("status").filter(has_text="Asking for the microphone")
    expect(check).to_be_visible()
    expect(alice.page.get_by_role("button", name="Join and listen")).to_be_enabled()
    expect(notice(alice)).to_have_count(0)
    alice.page.evaluate("window.allow()")
    expect(alice.page.locator("#voice-check-words")).to_have_text(
        "Say something. Nobody hears it yet."
    )
    expect(alice.page.get_by_role("button", name="Join", exact=True)).to_be_enabled()


def test_who_joins_before_answering_listens_and_starts_muted(
    relayed: Server, visit_voice: VisitVoice, visit: Invite
) -> None:
    spot = elsewhere()
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
    alice = visit(relayed, spot, permissions=ALLOWED, **WIDE)
    alice.context.add_init_script(WAIT)
    alice.arrive().page.locator("#voice-start").click()
    alice.page.get_by_role("button", name="Join and listen").click()
    own = alice.page.locator("#voice-level-words")
    expect(own).to_have_text("Asking for the microphone")
    connect(alice, bob)
    expect_sound(alice)
    alice.page.evaluate("window.allow()")
    expect(own).to_have_text("You are muted")
    expect(tile(bob, alice)).to_contain_text("Muted")
    alice.page.get_by_role("button", name="Muted").click()
    expect_well(alice)
    expect(tile(bob, alice)).to_contain_text("Speaking")


def test_denied_it_says_where_to_allow_it_and_one_listens_until_then(
    relayed: Server, visit_voice: VisitVoice
) -> None:
    spot = elsewhere()
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
    alice = visit_voice(relayed, spot, permissions=["geolocation"], **WIDE)
    words = "No microphone yet. Allow it in the site settings, left of the address."
    expect_wrong(alice, words)
    listens(alice, bob)
    alice.page.get_by_role("button", name="Try again").click()
    expect_wrong(alice, words)
    alice.context.grant_permissions(ALLOWED)
    retry_and_speak(alice, bob)


@pytest.mark.parametrize("refusal", WRONG)
def test_without_a_free_microphone_it_says_so_and_one_listens(
    relayed: Server, visit_voice: VisitVoice, visit: Invite, refusal: str
) -> None:
    spot = elsewhere()
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
    alice = visit(relayed, spot, permissions=ALLOWED, **WIDE)
    alice.context.add_init_script(ANSWER % refusal)
    alice.arrive().page.locator("#voice-start").click()
    expect_wrong(alice, WRONG[refusal])
    expect(alice.page.locator("#voice-check-words")).to_have_text("No microphone")
    alice.page.get_by_role("button", name="Join and listen").click()
    listens(alice, bob)
    alice.page.evaluate("window.refusal = ''")
    retry_and_speak(alice, bob)


def test_a_microphone_that_goes_in_a_call_is_missed_on_both_sides_and_can_come_back(
    relayed: Server, visit_voice: VisitVoice
) -> None:
    spot = elsewhere()
    alice = visit_voice(relayed, spot, **WIDE)
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
    connect(alice, bob)
    expect(tile(bob, alice)).to_contain_text("Speaking")
    alice.page.evaluate(LOSE)
    expect_wrong(alice, "Your microphone is gone. Plug it in again or choose another one.")
    expect_listening(alice, bob)
    expect_sound(alice)
    alice.page.get_by_role("button", name="Try again").click()
    expect_well(alice)
    expect(tile(bob, alice)).to_contain_text("Speaking")


def listens(alice: BrowserVisitor, bob: BrowserVisitor) -> None:
    """Hears somebody, and is shown to both as somebody whom nobody hears."""
    connect(alice, bob)
    expect_sound(alice)
    expect(tile(alice, bob)).to_contain_text("Speaking")
    expect_listening(alice, bob)


def expect_listening(alice: BrowserVisitor, bob: BrowserVisitor) -> None:
    page = alice.page
    expect(page.locator("#voice-level-words")).to_have_text("No microphone")
    expect(page.locator("#voice-heard")).to_have_text(
        f"You hear {bob.name}. Nobody hears you without a microphone."
    )
    for control in ("mute", "hold"):
        expect(page.locator(f"#voice-{control}")).to_be_disabled()
    expect(tile(bob, alice)).to_contain_text("Muted")
    expect(tile(bob, alice)).to_have_attribute("data-state", "live")


def retry_and_speak(alice: BrowserVisitor, bob: BrowserVisitor) -> None:
    """Tries again, comes muted, and is heard in the same call once unmuted."""
    alice.page.get_by_role("button", name="Try again").click()
    expect(alice.page.locator("#voice-level-words")).to_have_text("You are muted")
    alice.page.get_by_role("button", name="Muted").click()
    expect_well(alice)
    expect(tile(bob, alice)).to_contain_text("Speaking")
    assert alice.page.evaluate("window.calls.length") == 1
