"""In a call: heard or not, louder or not, and still so after a reload. By keys."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, connect, expect_sound, id_of, tile, tile_of
from tests.browser.test_access import reach
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Invite, VisitVoice
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

# The gains in the order they were made, that of everybody first, and where sound was sent to.
COUNT_SOUND = """
  window.gains = [];
  const make = BaseAudioContext.prototype.createGain;
  BaseAudioContext.prototype.createGain = function () {
    window.gains.push(make.call(this));
    return window.gains.at(-1);
  };
  window.outputs = [];
  const route = HTMLMediaElement.prototype.setSinkId;
  HTMLMediaElement.prototype.setSinkId = function (id) {
    window.outputs.push(id);
    return route.call(this, id);
  };
"""
GAIN = "([turn, wanted]) => Math.abs(window.gains.at(turn).gain.value - wanted) < 0.005"
TALKS = """async () => {
  const { microphone } = await import('/static/js/voice/audio/microphone.js');
  return [microphone.track.enabled, !microphone.muted];
}"""
# What Chromium says of a page that begins to play before it is touched.
UNTOUCHED = "The AudioContext was not allowed to start"
CLOSED = """async () => {
  const { microphone } = await import('/static/js/voice/audio/microphone.js');
  const states = window.calls.map(({ signalingState }) => signalingState);
  return !microphone.track && states.every((state) => state === 'closed');
}"""
EVERYBODY, LATEST = 0, -1


def expect_talking(one: BrowserVisitor, talks: bool) -> None:
    """The page says so, and it is so."""
    words = "Your microphone is on" if talks else "You are muted"
    expect(one.page.locator("#voice-level-words")).to_have_text(words)
    assert one.page.evaluate(TALKS) == [talks, talks]


def knocks(one: BrowserVisitor) -> int:
    return sum(json.loads(frame)["type"] == "voice.knock" for frame in one.sent)


def volume_of(one: BrowserVisitor, other: BrowserVisitor) -> Locator:
    """The slider in the menu of somebody."""
    tile(one, other).get_by_role("button", name="More about").click()
    return one.page.get_by_role("dialog").get_by_role("slider")


@pytest.fixture
def muted(server: Server, visit: Invite) -> BrowserVisitor:
    """Somebody alone in voice who is muted."""
    alice = visit(server, elsewhere(), permissions=["geolocation", "microphone"], **WIDE).arrive()
    alice.join_voice(muted=True)
    # Who is still on the way in is muted too, and cannot talk.
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "in")
    expect_talking(alice, False)
    return alice


@pytest.fixture
def listening(
    relayed: Server, visit_voice: VisitVoice, visit: Invite
) -> tuple[BrowserVisitor, BrowserVisitor]:
    """Two in a call; of the first one it is known how loud what is heard is."""
    spot = elsewhere()
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
    alice = visit(relayed, spot, permissions=["geolocation", "microphone"], **WIDE)
    alice.context.add_init_script(COUNT_SOUND)
    alice.arrive().join_voice()
    connect(alice, bob)
    return alice, bob


# ---- Held to talk --------------------------------------------------------------------------------


def test_holding_the_space_bar_talks_and_letting_go_mutes(
    relayed: Server, visit_voice: VisitVoice
) -> None:
    spot = elsewhere()
    alice = visit_voice(relayed, spot, **WIDE)
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
    connect(alice, bob)
    alice.page.locator("#voice-mute").click()
    expect(tile(bob, alice)).to_contain_text("Muted")
    alice.page.locator("#scroller").focus()
    alice.page.keyboard.down(" ")
    expect_talking(alice, True)
    expect(tile(bob, alice)).to_contain_text("Speaking")
    alice.page.keyboard.up(" ")
    expect_talking(alice, False)
    expect(tile(bob, alice)).to_contain_text("Muted")


@pytest.mark.parametrize("key", [" ", "Enter"])
def test_the_button_is_held_by_keys_too(muted: BrowserVisitor, key: str) -> None:
    hold = muted.page.get_by_role("button", name="Hold to talk")
    hold.focus()
    muted.page.keyboard.down(key)
    expect_talking(muted, True)
    expect(hold).to_have_attribute("aria-pressed", "true")
    muted.page.keyboard.up(key)
    expect_talking(muted, False)
    expect(hold).to_have_attribute("aria-pressed", "false")


def test_the_button_is_held_by_a_pointer_until_it_is_let_go_anywhere(muted: BrowserVisitor) -> None:
    hold, mouse = muted.page.get_by_role("button", name="Hold to talk"), muted.page.mouse
    hold.hover()
    mouse.down()
    expect_talking(muted, True)
    mouse.move(5, 5)
    expect_talking(muted, True)
    mouse.up()
    expect_talking(muted, False)


@pytest.mark.parametrize("away", ["dispatchEvent(new Event('blur'))", None])
def test_a_page_that_is_left_while_held_is_muted(muted: BrowserVisitor, away: str | None) -> None:
    muted.page.locator("#scroller").focus()
    muted.page.keyboard.down(" ")
    expect_talking(muted, True)
    if away:
        muted.page.evaluate(away)
    else:
        muted.hide()
    expect_talking(muted, False)


def test_space_where_it_means_something_else_does_not_talk(muted: BrowserVisitor) -> None:
    page = muted.page
    page.locator("#text").focus()
    page.keyboard.down(" ")
    expect_talking(muted, False)
    page.keyboard.up(" ")
    page.keyboard.type("a b")
    expect(page.locator("#text")).to_have_value(" a b")
    for taken in ("#radius", "#voice-sound", ".voice-more summary", "#as"):
        page.locator(taken).focus()
        page.keyboard.down(" ")
        expect_talks_not(page)
        page.keyboard.up(" ")
    told = [frame for frame in muted.sent if '"voice.state"' in frame]
    assert [frame for frame in told if '"muted":false' in frame] == []


def expect_talks_not(page: Page) -> None:
    assert page.evaluate(TALKS) == [False, False]


# ---- How loud ------------------------------------------------------------------------------------


def test_a_person_is_as_loud_as_their_slider_says_or_silent(
    listening: tuple[BrowserVisitor, BrowserVisitor],
) -> None:
    alice, bob = listening
    page, menu = alice.page, alice.page.get_by_role("dialog")
    wait_until(page, GAIN, [LATEST, 1])
    reach(page, tile(alice, bob).get_by_role("button", name="More about"))
    page.keyboard.press("Enter")
    slider = menu.get_by_role("slider", name=f"Volume of {bob.name}")
    expect(slider).to_be_focused()
    page.keyboard.press("End")
    wait_until(page, GAIN, [LATEST, 2.25])
    expect(slider).to_have_attribute("aria-valuetext", "150 %")
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    wait_until(page, GAIN, [LATEST, 0.25])
    expect(slider).to_have_attribute("aria-valuetext", "50 %")
    hush = menu.get_by_role("button", name="Mute for me")
    reach(page, hush)
    page.keyboard.press("Enter")
    wait_until(page, GAIN, [LATEST, 0])
    expect(hush).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    wait_until(page, GAIN, [LATEST, 0.25])
    wait_until(page, GAIN, [EVERYBODY, 1])


def test_further_away_is_softer_if_one_wants_that(
    listening: tuple[BrowserVisitor, BrowserVisitor],
) -> None:
    page = listening[0].page
    wait_until(page, GAIN, [LATEST, 1])
    reach(page, page.locator(".voice-more summary"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("switch", name="Quieter with distance"))
    page.keyboard.press(" ")
    wait_until(page, GAIN, [LATEST, 500 / 800])  # ~300 m, half at 500 m
    page.keyboard.press(" ")
    wait_until(page, GAIN, [LATEST, 1])


def test_everybody_can_be_silenced_and_the_page_says_so(
    listening: tuple[BrowserVisitor, BrowserVisitor],
) -> None:
    alice, bob = listening
    page = alice.page
    reach(page, page.get_by_role("button", name="Silence others"))
    page.keyboard.press("Enter")
    wait_until(page, GAIN, [EVERYBODY, 0])
    own = page.locator("#voice-level-words")
    expect(own).to_have_text("Your microphone is on. Others are silent.")
    expect(tile(bob, alice)).to_contain_text("Speaking")
    page.keyboard.press("Enter")
    wait_until(page, GAIN, [EVERYBODY, 1])
    expect(own).to_have_text("Your microphone is on")


def test_sound_comes_from_the_device_that_is_chosen(
    listening: tuple[BrowserVisitor, BrowserVisitor],
) -> None:
    page = listening[0].page
    reach(page, page.locator(".voice-more summary"))
    page.keyboard.press("Enter")
    chosen = page.get_by_role("combobox", name="Sound comes from")
    reach(page, chosen)
    before = chosen.input_value()
    page.keyboard.press("ArrowDown")
    expect(chosen).not_to_have_value(before)
    wait_until(page, "(id) => window.outputs.at(-1) === id", chosen.input_value())


# ---- After a reload ------------------------------------------------------------------------------


@pytest.mark.parametrize("talks", [True, False])
def test_a_reload_comes_back_into_the_call_as_it_was(
    listening: tuple[BrowserVisitor, BrowserVisitor], talks: bool
) -> None:
    alice, bob = listening
    if not talks:
        alice.page.locator("#voice-mute").click()
    volume_of(alice, bob).press("Home")
    alice.page.keyboard.press("Escape")
    asked = knocks(alice), knocks(bob)
    alice.forgive(UNTOUCHED)
    alice.page.reload()
    for one, other in ((alice, bob), (bob, alice)):
        expect(tile(one, other)).to_have_attribute("data-state", "live")
    expect_sound(alice)
    expect(tile(alice, bob)).to_contain_text("Speaking")
    expect(tile(bob, alice)).to_contain_text("Speaking" if talks else "Muted")
    expect_talking(alice, talks)
    expect(alice.page.locator("#voice-notices .notice")).to_have_count(0)
    expect(volume_of(alice, bob)).to_have_value("0")
    wait_until(alice.page, GAIN, [LATEST, 0])
    assert (knocks(alice), knocks(bob)) == asked


def test_a_reload_while_the_key_is_held_comes_back_muted(muted: BrowserVisitor) -> None:
    muted.page.locator("#voice-mute").click()
    expect_talking(muted, True)
    muted.page.locator("#scroller").focus()
    muted.page.keyboard.down(" ")
    expect_talking(muted, True)
    muted.forgive(UNTOUCHED)
    muted.page.reload()
    expect(muted.page.locator("#voice")).to_have_attribute("data-phase", "in")
    expect_talking(muted, False)


# ---- Blocked -------------------------------------------------------------------------------------


def test_a_call_with_somebody_who_is_blocked_ends_and_the_page_says_nothing_of_them(
    listening: tuple[BrowserVisitor, BrowserVisitor],
) -> None:
    alice, bob = listening
    expect_sound(alice)
    other = id_of(bob)
    row = alice.page.locator(f'#people-list [data-person="{other}"]')
    row.get_by_role("button", name="block or report").click()
    menu = alice.page.get_by_role("dialog")
    menu.get_by_role("button", name="Block").click()
    menu.get_by_role("button", name="Block").click()
    expect(tile(bob, alice)).to_contain_text("Left")  # for 10 s
    expect(menu.get_by_role("status")).to_have_text(re.compile("Neither of you"))
    expect(tile_of(alice, other)).to_have_count(0)
    for one in (alice, bob):
        wait_until(
            one.page, "() => window.calls.every((call) => call.connectionState === 'closed')"
        )
    bob.page.locator("#voice-leave").click()
    bob.join_voice()
    expect(bob.page.locator("#voice")).to_have_attribute("data-phase", "in")
    for one, far in ((alice, bob), (bob, alice)):
        expect(tile(one, far)).to_have_count(0)


# ---- A visit that ends elsewhere -----------------------------------------------------------------


def test_whoever_leaves_in_another_tab_is_out_of_voice_in_this_one_and_told_so(
    listening: tuple[BrowserVisitor, BrowserVisitor],
) -> None:
    alice, bob = listening
    alice_at_bob = tile(bob, alice)
    expect(alice_at_bob).to_be_visible()
    other = alice.context.new_page()
    other.goto(f"{alice.url}/near")
    other.get_by_role("button", name="Leave", exact=True).click()
    other.wait_for_url(f"{alice.url}/")
    for place in ("#alerts", "#voice-notices"):
        expect(alice.page.locator(place)).to_contain_text("You left.")
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "out")
    assert alice.page.evaluate(CLOSED)
    expect(alice_at_bob).to_have_count(0)
    expect(bob.page.locator("#voice-announcement")).to_contain_text("ended their visit")
