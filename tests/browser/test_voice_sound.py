"""Sound that the browser holds back or the device takes away: told on joining and later, and cured
by a press."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from tests.browser.conftest import Invite
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

# A player that is not allowed to play, while the graph may.
REFUSES = """
  window.refuses = true;
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    if (!window.refuses) return play.call(this);
    return Promise.reject(new DOMException("", "NotAllowedError"));
  };
"""
# A browser with a state of sound that the test sets: suspended, interrupted or running. While it
# `holds`, asking for sound is of no use.
STAND_IN = """
  window.sound = { state: 'suspended', holds: true, asked: 0 };
  window.AudioContext = class extends AudioContext {
    constructor(...all) { super(...all); window.context = this; }
    get state() { return window.sound.state; }
    resume() {
      window.sound.asked += 1;
      if (window.sound.holds) return new Promise(() => {});
      window.setSound('running');
      return Promise.resolve();
    }
  };
  window.setSound = (state) => {
    window.sound.state = state;
    window.context.dispatchEvent(new Event('statechange'));
  };
"""
BLOCKED = "Your browser holds the sound back."
TAKEN = "Your device has taken the sound away."


def test_sound_that_is_held_back_is_told_on_joining_and_later_until_a_press_cures_it(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere(), permissions=["geolocation", "microphone"], **WIDE)
    alice.context.add_init_script(STAND_IN)
    page = alice.arrive().page
    alice.join_voice()
    expect(page.locator("#voice")).to_have_attribute("data-phase", "in")
    notice = page.locator("#voice-notices .notice")
    expect(notice).to_contain_text(BLOCKED)

    page.set_viewport_size({"width": 360, "height": 740})
    bar = page.locator("#voice-bar")
    expect(bar).to_contain_text("There is no sound. Tap to turn it on")
    page.evaluate("window.sound.holds = false")
    bar.locator("#voice-bar-words").click()
    expect(bar).to_contain_text("In voice, with nobody yet")
    expect(notice).to_have_count(0)

    # A phone call: nothing helps until it is over, and then coming back to the page does.
    page.evaluate("window.sound.holds = true")
    page.evaluate("window.setSound('interrupted')")
    expect(bar).to_contain_text("There is no sound")
    page.set_viewport_size(WIDE["viewport"])
    expect(notice).to_contain_text(TAKEN)
    page.evaluate("window.setSound('suspended')")
    expect(notice).to_contain_text(BLOCKED)
    page.evaluate("window.sound.holds = false")
    notice.get_by_role("button", name="Turn sound on").click()
    expect(notice).to_have_count(0)

    page.evaluate("window.sound.holds = true")
    page.evaluate("window.setSound('interrupted')")
    expect(notice).to_contain_text(TAKEN)
    page.evaluate("window.sound.holds = false")
    alice.hide()
    alice.hide(False)
    expect(notice).to_have_count(0)

    page.locator("#voice-leave").click()
    expect(page.locator("#voice-start")).to_be_visible()
    asked = page.evaluate("window.sound.asked")
    page.evaluate("window.setSound('suspended')")
    page.locator("#text").click()
    assert page.evaluate("window.sound.asked") == asked, "out of voice nothing plays"
    expect(notice).to_have_count(0)


def test_a_player_that_may_not_play_is_no_sound_either(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere(), permissions=["geolocation", "microphone"], **WIDE)
    alice.context.add_init_script(REFUSES)
    page = alice.arrive().page
    alice.join_voice()
    notice = page.locator("#voice-notices .notice")
    expect(notice).to_contain_text(BLOCKED)
    page.evaluate("window.refuses = false")
    notice.get_by_role("button", name="Turn sound on").click()
    expect(notice).to_have_count(0)
