"""Which way a voice goes: nobody's network address is seen unless both chose that, relay or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, call_stats, connect, expect_bytes, expect_sound, tile
from tests.browser.module_scripts import run
from tests.browser.test_access import PHONE
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.conftest import Invite, VisitVoice
    from tests.browser.visitor import BrowserVisitor
    from tests.conftest import Serve
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

ALLOWED = ["geolocation", "microphone"]
STRAIGHT = (
    "Your voice goes straight to them."
    " They can see your address, and from it your provider and often your town."
)
NO_RELAY = f"This server has no relay. {STRAIGHT}"
RELAYED = "Your voice goes through our relay. The people you talk with cannot see your address."
# Returns once sound goes by a way whose own end is of this kind.
WAY = """async (kind) => {
  const end = performance.now() + 60_000;
  while (performance.now() < end) {
    const stats = await window.statsOf(window.calls.at(-1));
    const transport = [...stats.values()].find(({ type }) => type === 'transport');
    const pair = stats.get(transport?.selectedCandidatePairId);
    if (pair && stats.get(pair.localCandidateId)?.candidateType === kind) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`no sound by a way of kind ${kind} within 60 s`);
}"""
# No word of it to anybody, as between two sentences.
HUSH = "() => { window.calls[0].getSenders()[0].track.enabled = false; }"
# The page as it was while the server had one.
HAD_RELAY = """
  document.addEventListener('readystatechange', () => {
    const way = document.getElementById('voice-way');
    if (way) way.dataset.relay = 'yes';
  });
"""
# How often the page asked for a microphone.
COUNT_QUESTIONS = """
  window.questions = 0;
  const ask = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = function (wanted) {
    window.questions += 1;
    return ask.call(this, wanted);
  };
"""
# bit/s at which Chromium encodes for each call.
TARGETS = """async () => {
  const open = window.calls.filter(({ signalingState }) => signalingState !== 'closed');
  const stats = await Promise.all(open.map((call) => window.statsOf(call)));
  return stats.flatMap((each) => [...each.values()])
    .filter(({ type }) => type === 'outbound-rtp').map(({ targetBitrate }) => targetBitrate);
}"""


def at_the_door(visit: Invite, server: Server, spot: tuple[float, float]) -> BrowserVisitor:
    """Somebody who has asked to join voice."""
    visitor = visit(server, spot, permissions=ALLOWED, **WIDE).arrive()
    visitor.page.locator("#voice-start").click()
    return visitor


def shield(one: BrowserVisitor) -> Locator:
    return one.page.get_by_role("switch", name="Hide my network address")


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


def test_without_a_relay_it_is_said_before_the_microphone_and_two_who_chose_it_talk_directly(
    serve: Serve, visit: Invite
) -> None:
    """As on plain `make run` without coturn: no setting names a network of this machine."""
    server = serve("uvicorn")
    spot = elsewhere()
    alice = visit(server, spot, permissions=ALLOWED, viewport=PHONE)
    bob = visit(server, north(spot, 2), permissions=ALLOWED, **WIDE)
    for one in (alice, bob):
        one.context.add_init_script(COUNT_QUESTIONS)
        one.arrive()
    alice.forgive("AudioContext")  # of a page that was loaded anew and not touched yet
    bob.page.locator("#voice-start").filter(has_text="Join voice directly").click()
    bob.page.get_by_role("radio", name="Open door").check()
    bob.page.locator("#voice-join").click()
    expect(bob.page.locator("#voice")).to_have_attribute("data-phase", "in")
    # Neither a reload nor somebody who talks directly changes what one chose.
    alice.page.reload()
    page = alice.page
    page.locator("#voice-link").click()  # the first tap
    expect(shield(alice)).to_be_disabled()
    expect(shield(alice)).not_to_be_checked()
    expect(shield(alice)).to_have_accessible_description(NO_RELAY)
    expect(page.locator("#voice-straight")).to_contain_text("can see your network address")
    them = page.locator("#voice-join-them")
    expect(them).to_have_text("Join them directly")
    assert joins(alice) == []
    assert page.evaluate("window.questions") == 0, "the microphone is asked for afterwards"
    assert page.evaluate("window.calls.length") == 0
    them.click()  # the second: what one presses says what one chooses
    expect(page.locator("#voice-check-words")).to_contain_text("Say something")
    assert page.evaluate("window.questions") == 1
    page.locator("#voice-join").click()  # and the third
    for one, other in ((alice, bob), (bob, alice)):
        expect(tile(one, other)).to_have_attribute("data-state", "live")
    for one, other in ((alice, bob), (bob, alice)):
        expect_bytes(one)
        one.page.evaluate(WAY, "host")
        one.page.evaluate(HUSH)
        expect(tile(other, one)).to_contain_text("~300 m, direct")
        assert policies(one) == ["all"]
        assert one.page.evaluate(TARGETS) == [24_000]
    assert {*joins(alice)} == {*joins(bob)} == {"direct"}


def test_one_shield_is_enough_for_both_and_the_page_says_what_holds(
    relayed: Server, visit: Invite, visit_voice: VisitVoice
) -> None:
    spot = elsewhere()
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
    alice = at_the_door(visit, relayed, spot)
    shield(alice).uncheck()
    expect(shield(alice)).to_have_accessible_description(STRAIGHT)
    alice.page.locator("#voice-join").click()
    connect(alice, bob)
    expect(shield(alice)).not_to_be_checked()
    expect(shield(bob)).to_be_checked()
    expect(shield(bob)).to_have_accessible_description(RELAYED)
    for one, other in ((alice, bob), (bob, alice)):
        expect_sound(one)
        expect(tile(one, other)).to_contain_text("Speaking")
        expect(tile(one, other)).not_to_contain_text("direct")
        assert {*call_stats(one)["candidateTypes"]} == {"relay"}
        assert policies(one) == ["relay"]


def test_a_call_goes_directly_once_both_chose_that_and_back_through_the_relay_once_one_did_not(
    relayed: Server, visit_voice: VisitVoice
) -> None:
    spot = elsewhere()
    alice = visit_voice(relayed, spot, **WIDE)
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
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


def test_a_relay_that_is_gone_since_the_page_came_is_told_and_nothing_goes_on_before_a_choice(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere(), permissions=ALLOWED, **WIDE)
    alice.context.add_init_script(HAD_RELAY)
    alice.arrive()
    expect(shield(alice)).to_be_checked()
    expect(shield(alice)).to_have_accessible_description(RELAYED)
    alice.page.locator("#voice-start").click()
    expect(shield(alice)).to_have_accessible_description(NO_RELAY)
    expect(shield(alice)).not_to_be_checked()
    alice.page.locator("#voice-join").click()
    notice = alice.page.locator("#voice-notices .notice")
    expect(notice).to_have_count(1)  # who joins before their sound has begun is told of that too
    expect(notice).to_contain_text(NO_RELAY)
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "barred")
    notice.get_by_role("button", name="Cancel").click()
    expect(alice.page.locator("#voice-start")).to_be_visible()
    assert joins(alice) == ["relay"]
    # By what does not say so, such as the menu of a person, it is asked first.
    run(alice.page, "(await load('voice/lifecycle')).startCheck()")
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "barred")
    notice.get_by_role("button", name="Talk directly").click()
    alice.page.locator("#voice-join").click()
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "in")
    assert joins(alice) == ["relay", "direct"]


def test_an_address_that_is_hidden_while_voice_is_lost_stays_so_over_a_reload(
    server: Server, visit: Invite
) -> None:
    page = visit(server, elsewhere()).arrive().page
    policies = page.evaluate(
        """async () => {
        const load = (name) => import(`/static/js/voice/${name}.js`);
        const [lifecycle, { save, saved }] = [await load('lifecycle'), await load('session-state')];
        const [{ facts }, { display }] = [await load('calls/facts'), await load('panel/renderer')];
        save({ policy: 'direct' });
        Object.assign(facts, { online: false, policy: 'direct', requestedPolicy: 'direct' });
        display.phase = 'in';
        const found = [true, false].map((hidden) => {
          lifecycle.setShield(hidden);
          return saved.policy;
        });
        lifecycle.leave();
        return found;
      }"""
    )
    assert policies == ["relay", "direct"]
