"""A room of eight pages, and a ninth. `make room` runs it: nine Chromium pages with a call each to
all others are more than a machine of two cores does beside the other tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.calls import tile
from tests.browser.open_room import arrive, expect_mesh, join
from tests.browser.test_voice_room import OPEN
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from tests.browser.conftest import Invite
    from tests.conftest import Serve

pytestmark = [pytest.mark.browser, pytest.mark.alone]


def test_eight_open_doors_are_a_full_mesh_and_a_ninth_comes_in_when_one_leaves(
    serve: Serve, visit: Invite
) -> None:
    """Directly. Muted: what is sent in place of sound is received as sound is, and costs less than
    to encode fifty-six streams."""
    server, spot = serve("uvicorn", {"VOICE_CONNECTIONS": "7"}), elsewhere()
    room = [arrive(visit, server, north(spot, turn % 3)) for turn in range(9)]
    for turn, one in enumerate(room):
        join(one, OPEN, open_near=turn > 0, muted=True)
    *eight, ninth = room
    expect_mesh(eight, "host")
    waiting = ninth.page.locator('.tile[data-state="waiting"]')
    expect(waiting).to_have_count(8)
    expect(waiting.first).to_contain_text("Next in line. All 7 places are taken.")
    expect(ninth.page.locator("#voice-heard")).to_have_text("You are next.")
    for one in eight:
        expect(tile(one, ninth)).to_have_attribute("data-state", "waiting")
    assert ninth.page.evaluate("window.calls.length") == 0
    eight[0].page.locator("#voice-leave").click()
    expect_mesh([*eight[1:], ninth], "host")
