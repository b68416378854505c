"""Asking somebody to talk by the menu of their message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, tile
from tests.browser.menus import menu, pressed, ring
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from tests.browser.conftest import Invite, Meet, VisitVoice
    from tests.support.servers import Server

pytestmark = pytest.mark.browser


def test_somebody_in_voice_can_be_asked_to_talk_from_their_message(
    relayed: Server, visit: Invite, visit_voice: VisitVoice, meet: Meet
) -> None:
    spot = elsewhere()
    alice, bob = visit_voice(relayed, spot, **WIDE), visit_voice(relayed, north(spot, 2), **WIDE)
    dora = meet(relayed, spot, "dora")
    bob.send_text("Say it aloud.")
    dora.send_text("I only write.")
    expect(tile(alice, bob)).to_be_visible()  # or nobody could be asked yet
    ring(alice, "I only write.").click()
    expect(menu(alice).get_by_role("button", name=re.compile("^Ask"))).to_have_count(0)
    alice.page.keyboard.press("Escape")
    ring(alice, "Say it aloud.").click()
    pressed(alice, "Ask")
    expect(menu(alice)).to_have_count(0)
    expect(tile(alice, bob)).to_have_attribute("data-state", "knocked")
    expect(tile(bob, alice)).to_have_attribute("data-state", "knocks")
