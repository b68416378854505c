"""Somebody who walks: their new place is told, said in half a sentence, and holds a while later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_access import complaints
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere, north, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.conftest import Invite, Meet
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

# A far move takes effect within 20 s, by the rounds of a server that has other things to do.
EFFECT_MS = 60_000
# What the status says, each thing that it says once.
SAID = """() => {
  window.said = [];
  const status = document.getElementById('pending-place-status');
  new MutationObserver(() => status.textContent && window.said.push(status.textContent))
    .observe(status, { childList: true });
}"""
# The seconds that an answer named last.
NOTE_WAIT = """() => document.addEventListener('place-pending', ({ detail }) => {
  window.waitS = detail.effective_in;
})"""


@pytest.fixture(scope="module")
def clocked() -> Iterator[Server]:
    """A server on which places take effect by their clock."""
    with running("uvicorn", RATE_LIMITS_SCALE="1000", PLACE_CLOCK="1") as server:
        yield server


def words_of(seconds: int) -> str:
    """What the page makes of a wait: two minutes at first, of which a slow machine needs some."""
    assert 0 < seconds <= 120
    return f"new place in {'~2 min' if seconds > 90 else '~1 min' if seconds > 30 else 'a moment'}"


def test_a_walker_is_told_that_their_new_place_does_not_hold_yet_and_then_has_its_list(
    clocked: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    here, there = (meet(clocked, north(spot, cells), f"at {cells}") for cells in (0, 10))
    alice = visit(clocked, spot).arrive()
    alice.page.evaluate(SAID)
    expect(alice.person(here.name)).to_be_visible()
    line = alice.page.locator("#pending-place")
    expect(line).to_be_hidden()

    alice.page.evaluate(NOTE_WAIT)
    alice.wander([north((spot[0] + turn / 1e6, spot[1]), 2) for turn in range(3)])
    wait_until(alice.page, "() => window.waitS > 0")
    expect(line).to_have_text(words_of(alice.page.evaluate("window.waitS")))
    expect(alice.person(here.name)).to_be_visible()
    assert complaints(alice.page) == []
    alice.page.reload()
    alice.expect_here()
    expect(line).to_have_text(words_of(int(line.get_attribute("data-seconds") or 0)))
    alice.page.evaluate(SAID)

    alice.stand(*north(spot, 10))
    expect(alice.person(there.name)).to_be_visible(timeout=EFFECT_MS)
    expect(alice.person(here.name)).to_have_count(0)
    expect(line).to_be_hidden(timeout=EFFECT_MS)
    assert alice.page.evaluate("window.said") == [], "it is said once, however it goes on"
