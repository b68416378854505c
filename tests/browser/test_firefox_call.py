"""A call between Firefox and Chromium, through a relay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, expect_sound, tile_of
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from tests.browser.browser_guest import BrowserGuest
    from tests.browser.conftest import Receive, VisitVoice
    from tests.support.servers import Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PHASE = "document.getElementById('voice').dataset.phase"
ASKING = "document.getElementById('voice-check-words').textContent.includes('Asking')"
NOTICES = "document.getElementById('voice-notices').textContent"


def in_tile(what: str) -> str:
    """JavaScript: what the page's only tile has."""
    return f"document.querySelector('#voice-tiles .tile')?.{what}"


def expect_call(alice: BrowserGuest) -> None:
    """The page's own ear has heard the other."""
    alice.until(f"{in_tile('dataset.state')} === 'live'", "the call")
    alice.until(f"{in_tile('textContent')}.includes('Speaking')", "the other's sound")


def test_firefox_and_chromium_hear_each_other_also_after_a_reload_of_firefox(
    relayed: Server, receive_firefox: Receive, visit_voice: VisitVoice
) -> None:
    spot = elsewhere()
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
    alice = receive_firefox(relayed, spot).arrive()
    me = alice.evaluate("document.getElementById('self').dataset.person")
    alice.tab.click("#voice-start")
    alice.until(f"{PHASE} === 'check' && !{ASKING}", "the microphone")
    alice.tab.click("#voice-join")
    alice.until(f"{PHASE} === 'in'", "alice is in voice")

    tile = tile_of(bob, me)
    tile.locator('[data-act="knock"]').click()
    alice.until(f"{in_tile('dataset.state')} === 'knocks'", "the knock")
    alice.tab.click("#voice-tiles [data-act=accept]")
    expect_call(alice)
    expect(tile).to_contain_text("Speaking")
    expect_sound(bob)

    alice.tab.reload()
    alice.until(f"{in_tile('dataset.state')} === 'live'", "the call again")
    alice.until(f"{NOTICES}.includes('Turn sound on')", "Firefox waits for a press, and is told on")
    alice.tab.click("#voice h2")
    expect_call(alice)
    alice.until(f"{NOTICES} === ''", "nothing holds the sound back")
    expect(tile).to_have_attribute("data-state", "live")
    expect(tile).to_contain_text("Speaking")
    expect_sound(bob)
