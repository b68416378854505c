"""A call between Firefox and Chromium, through a relay: two open doors, and nobody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.calls import expect_sound, tile_of
from tests.browser.open_room import arrive, join
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from tests.browser.browser_guest import BrowserGuest
    from tests.browser.conftest import Invite, Receive
    from tests.support.servers import Server

pytestmark = [pytest.mark.browser, pytest.mark.alone]

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


def test_firefox_and_chromium_with_open_doors_hear_each_other_also_after_a_reload_of_firefox(
    relayed: Server, receive_firefox: Receive, visit: Invite
) -> None:
    spot = elsewhere()
    bob = arrive(visit, relayed, north(spot, 2))
    join(bob, "Open door", open_near=False)
    alice = receive_firefox(relayed, spot).arrive()
    me = alice.evaluate("document.getElementById('self').dataset.person")
    alice.until("document.getElementById('voice-join-them').checkVisibility()", "bob is seen")
    alice.tab.click("#voice-join-them")
    alice.until(f"{PHASE} === 'check' && !{ASKING}", "the microphone")
    alice.tab.click("#voice-join")
    expect_call(alice)
    tile = tile_of(bob, me)
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
