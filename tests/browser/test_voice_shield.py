"""The shield: nobody's network address is seen unless both chose that, relay or not."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, call_stats, connect, expect_bytes, expect_sound, tile
from tests.browser.conftest import through
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.conftest import Invite, VisitVoice
    from tests.browser.visitor import BrowserVisitor
    from tests.conftest import Serve
    from tests.support.servers import Server
    from tests.support.turn import Turn

pytestmark = pytest.mark.browser

ALLOWED = ["geolocation", "microphone"]
NO_RELAY = (
    "The shield needs a relay, and this server has none."
    " Stay out, or talk directly: the people you talk with can then see your network address."
)
# Returns once sound goes by a way whose own end is of this kind.
WAY = """async (kind) => {
  const end = performance.now() + 60_000;
  while (performance.now() < end) {
    const stats = await window.calls.at(-1).getStats();
    const transport = [...stats.values()].find(({ type }) => type === 'transport');
    const pair = stats.get(transport?.selectedCandidatePairId);
    if (pair && stats.get(pair.localCandidateId)?.candidateType === kind) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`no sound by a way of kind ${kind} within 60 s`);
}"""
# No word of it to anybody, as between two sentences.
HUSH = "() => { window.calls[0].getSenders()[0].track.enabled = false; }"


def own_networks() -> str:
    """Every address of this machine: Chromium prefers even a relay to loopback alone."""
    each = psutil.net_if_addrs().values()
    return ",".join(one.address for all in each for one in all if one.family is socket.AF_INET)


def at_the_door(visit: Invite, server: Server, spot: tuple[float, float]) -> BrowserVisitor:
    """Somebody before the check of the microphone."""
    visitor = visit(server, spot, permissions=ALLOWED, **WIDE).arrive()
    visitor.page.locator("#voice-start").click()
    return visitor


def shield(one: BrowserVisitor) -> Locator:
    return one.page.get_by_role("switch", name="Shield")


def joins(one: BrowserVisitor) -> list[str]:
    """The policies that the page asked for."""
    return [json.loads(frame)["policy"] for frame in one.sent if '"voice.join"' in frame]


def policies(one: BrowserVisitor) -> Any:
    """Those of the connections that are not closed."""
    return one.page.evaluate(
        """() => window.calls
          .filter(({ signalingState }) => signalingState !== 'closed')
          .map((call) => call.getConfiguration().iceTransportPolicy)"""
    )


def test_without_a_relay_nobody_talks_directly_before_they_chose_to(
    serve: Serve, visit: Invite
) -> None:
    server = serve("uvicorn", {"VOICE_NETWORKS": own_networks()})
    spot = elsewhere()
    alice, bob = (at_the_door(visit, server, north(spot, turn)) for turn in (0, 2))
    alice.forgive("AudioContext")  # of a page that was loaded anew and not touched yet
    alice.page.locator("#voice-join").click()
    notice = alice.page.get_by_role("alert").filter(has_text="The shield")
    expect(notice.locator(".notice-words")).to_have_text(NO_RELAY)
    expect(notice.get_by_role("button")).to_have_text(["Stay out", "Talk directly"])
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "barred")
    expect(shield(alice)).to_be_checked()

    # A reload changes nothing, and neither does somebody who waits to talk directly.
    shield(bob).uncheck()
    bob.page.locator("#voice-join").click()
    expect(bob.page.locator("#voice")).to_have_attribute("data-phase", "in")
    alice.page.reload()
    expect(notice.locator(".notice-words")).to_have_text(NO_RELAY)
    expect(bob.page.locator("#voice-rest")).to_contain_text("Nobody else near is in voice")

    notice.get_by_role("button", name="Stay out").click()
    expect(alice.page.locator("#voice-start")).to_be_visible()
    alice.page.locator("#voice-start").click()
    alice.page.locator("#voice-join").click()
    expect(notice.locator(".notice-words")).to_have_text(NO_RELAY)
    assert {*joins(alice)} == {"relay"}
    assert [one.page.evaluate("window.calls.length") for one in (alice, bob)] == [0, 0]

    notice.get_by_role("button", name="Talk directly").click()
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "in")
    expect(notice).to_have_count(0)
    expect(shield(alice)).not_to_be_checked()
    connect(alice, bob)
    for one, other in ((alice, bob), (bob, alice)):
        expect_bytes(one)
        one.page.evaluate(WAY, "host")
        one.page.evaluate(HUSH)
        expect(tile(other, one)).to_contain_text("~300 m, direct")
        assert policies(one) == ["all"]
    assert joins(alice)[-1] == "direct"


def test_one_shield_is_enough_for_both_and_the_page_says_what_holds(
    relayed: Server, visit: Invite, visit_voice: VisitVoice
) -> None:
    spot = elsewhere()
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
    alice = at_the_door(visit, relayed, spot)
    shield(alice).uncheck()
    expect(alice.page.locator("#voice-shield-name")).to_have_text("Shield off")
    expect(shield(alice)).to_have_accessible_description(
        "Faster. People you talk with who chose the same can see your network address."
    )
    alice.page.locator("#voice-join").click()
    connect(alice, bob)
    expect(shield(alice)).not_to_be_checked()
    expect(shield(bob)).to_be_checked()
    expect(shield(bob)).to_have_accessible_description("Nobody sees your network address.")
    for one, other in ((alice, bob), (bob, alice)):
        expect_sound(one)
        expect(tile(one, other)).to_contain_text("Speaking")
        expect(tile(one, other)).not_to_contain_text("direct")
        assert {*call_stats(one)["candidateTypes"]} == {"relay"}
        assert policies(one) == ["relay"]


def test_a_call_goes_directly_once_both_chose_that_and_back_through_the_relay_once_one_did_not(
    serve: Serve, relay: Turn, visit_voice: VisitVoice
) -> None:
    server = serve("uvicorn", {**through(relay), "VOICE_NETWORKS": own_networks()})
    spot = elsewhere()
    alice = visit_voice(server, spot, **WIDE)
    bob = visit_voice(server, north(spot, 2), **WIDE)
    connect(alice, bob)
    for one, other in ((alice, bob), (bob, alice)):
        shield(one).uncheck()
        one.page.evaluate(HUSH)
        expect(tile(other, one)).to_contain_text("~300 m")
    for one, other in ((alice, bob), (bob, alice)):
        expect(tile(one, other)).to_contain_text("~300 m, direct")
        one.page.evaluate(WAY, "host")
    assert policies(alice) == policies(bob) == ["all"]
    shield(bob).check()
    for one, other in ((alice, bob), (bob, alice)):
        one.page.evaluate(WAY, "relay")
        expect_bytes(one)
        expect(tile(one, other)).not_to_contain_text("direct")
    assert policies(alice) == policies(bob) == ["relay"]
    assert [one.page.evaluate("window.calls.length") for one in (alice, bob)] == [2, 2]
