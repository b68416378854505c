"""Open doors, and requests to talk where one is: two people and their browsers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, expect_sound, id_of, tile, tile_of
from tests.browser.test_access import PHONE, SIDEWAYS, SMALL, TOUCH_PX, complaints
from tests.browser.visitor import wait_until
from tests.browser.voice_person import VoicePerson
from tests.support.client import elsewhere, north
from tests.support.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Invite, VisitVoice
    from tests.browser.visitor import BrowserVisitor
    from tests.support.client import Spot
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

ALLOWED = ["geolocation", "microphone"]
# Notifications and vibrations that a page asks for, in place of the device's.
DEVICE = """
  window.shown = [];
  window.buzzes = 0;
  window.Notification = class { static permission = 'granted'; };
  const active = { state: 'activated', postMessage() {} };
  const drop = (dropped) => { window.shown = window.shown.filter((one) => one !== dropped); };
  const showNotification = async (title, { body, tag }) => void window.shown.push({ body, tag });
  const getNotifications = async () =>
    window.shown.map((one) => ({ tag: one.tag, close: () => drop(one) }));
  const update = async () => {};
  const found = { active, showNotification, getNotifications, update, addEventListener() {} };
  navigator.serviceWorker.register = async () => found;
  navigator.vibrate = () => { window.buzzes += 1; };
"""
# So many people knock at once, or none.
ASKED_BY = """async (count) => {
  const { facts } = await import('/static/js/voice/calls/facts.js');
  const { scheduleRender } = await import('/static/js/voice/panel/renderer.js');
  facts.peers = Array.from({ length: count }, (_, turn) => ({
    person_id: turn.toString(16).padStart(16, '0'), username: `Ana ${turn}`,
    distance: '~300 m', state: 'knocks', door: 'ask',
  }));
  scheduleRender();
}"""


def here(visit: Invite, server: Server, spot: Spot, **options: object) -> BrowserVisitor:
    visitor = visit(server, spot, permissions=ALLOWED, **{**WIDE, **options})
    visitor.context.add_init_script(DEVICE)
    return visitor.arrive()


def ready(page: Page) -> None:
    expect(page.locator("#voice-check-words")).to_contain_text("Say something")


def sent(one: BrowserVisitor, kind: str) -> list[str]:
    return [frame for frame in one.sent if json.loads(frame)["type"] == kind]


def test_three_taps_lead_from_the_chat_to_whoever_has_an_open_door(
    relayed: Server, visit: Invite
) -> None:
    spot = elsewhere()
    bob = here(visit, relayed, north(spot, 2))
    bob.page.locator("#voice-start").click()
    chosen = bob.page.get_by_role("radio", name="Ask me first")
    expect(chosen).to_be_checked()
    ready(bob.page)
    bob.page.get_by_role("radio", name="Open door").check()
    bob.page.locator("#voice-join").click()

    alice = here(visit, relayed, spot, viewport=PHONE)
    page, taps = alice.page, 0
    for control in ("#voice-link", "#voice-join-them", "#voice-join"):
        page.locator(control).click()
        taps += 1
        if control == "#voice-join-them":
            expect(page.get_by_role("radio", name="Open door")).to_be_checked()
            expect(page.locator("#voice-open-now")).to_have_text(f"Now: {bob.name}.")
            ready(page)
    for one, other in ((alice, bob), (bob, alice)):
        expect(tile(one, other)).to_have_attribute("data-state", "live")
        expect_sound(one)
    assert taps == 3
    for one in (alice, bob):
        assert sent(one, "voice.knock") + sent(one, "voice.accept") == []

    # A reload comes back with the door that was chosen, and closing it ends no call.
    page.get_by_role("radio", name="Nobody new").check()
    until(lambda: sent(alice, "voice.door"), "the door", pause=lambda: page.wait_for_timeout(20))
    expect(page.locator("#voice-door-words")).to_contain_text("Calls go on")
    expect(tile(alice, bob)).to_have_attribute("data-state", "live")
    alice.forgive("AudioContext")
    page.reload()
    expect(page.get_by_role("radio", name="Nobody new")).to_be_checked()
    expect(tile(alice, bob)).to_have_attribute("data-state", "live")
    assert json.loads(sent(alice, "voice.join")[-1])["door"] == "locked"


def test_a_request_is_answered_where_one_is_and_goes_when_it_is_taken_back(
    relayed: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = here(visit, relayed, spot, viewport=PHONE)
    page = alice.page
    page.locator("#voice-link").click()
    page.locator("#voice-start").click()
    ready(page)
    page.locator("#voice-join").click()
    expect(page.locator("#voice")).to_have_attribute("data-phase", "in")
    page.get_by_role("link", name="Back to chat").first.click()
    with VoicePerson(relayed, north(spot, 2), "Zeynep") as zeynep:
        alice.hide()
        zeynep.ask("knock", to=id_of(alice))
        card = page.locator("#voice-asks").get_by_role("group")
        expect(card).to_have_accessible_name(re.compile("^Zeynep ... wants to talk, ~300 m$"))
        wait_until(page, "() => window.shown.length === 1")
        assert page.evaluate("window.buzzes") == 1
        expect(page.locator("#voice-knock-announcement")).to_contain_text("wants to talk")
        assert page.title().startswith("Zeynep")
        assert complaints(page) == []
        assert (page.evaluate(SIDEWAYS), page.evaluate(SMALL, TOUCH_PX)) == ([], [])

        zeynep.ask("decline", to=id_of(alice))  # taken back
        expect(card).to_have_count(0)
        wait_until(page, "() => window.shown.length === 0")
        assert not page.title().startswith("Zeynep")
        alice.hide(False)
    with VoicePerson(relayed, north(spot, 1), "Minh") as minh:
        minh.ask("knock", to=id_of(alice))
        expect(card).to_contain_text("Minh")
        card.get_by_role("button", name="Let in").click()
        expect(card).to_have_count(0)
        expect(tile_of(alice, minh.person_id)).to_have_attribute("data-state", "connecting")


def test_somebody_is_asked_from_their_message_by_way_of_the_dialog(
    relayed: Server, visit: Invite, visit_voice: VisitVoice
) -> None:
    spot = elsewhere()
    bob = visit_voice(relayed, north(spot, 2), **WIDE)
    alice = here(visit, relayed, spot, viewport=PHONE)
    bob.send_text("Say it aloud.")
    page = alice.page
    alice.message("Say it aloud.").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Ask to talk").click()
    expect(page.locator("#voice-wish")).to_contain_text(f"{bob.name} ")
    expect(page.get_by_role("radio", name="Ask me first")).to_be_checked()
    ready(page)
    assert sent(alice, "voice.join") == []
    page.locator("#voice-join").click()
    expect(tile(alice, bob)).to_have_attribute("data-state", "knocked")
    expect(tile(bob, alice)).to_have_attribute("data-state", "knocks")
    bob.page.locator("#voice-asks").get_by_role("button", name="Let in").click()
    expect(tile(alice, bob)).to_have_attribute("data-state", "live")


def test_somebody_in_voice_is_reported_as_that(server: Server, visit: Invite) -> None:
    spot = elsewhere()
    with VoicePerson(server, north(spot, 2), "Bob") as bob:
        bob.ask("join", policy="direct", instance="without-a-relay")
        alice = here(visit, server, spot)
        alice.join_voice()
        menu = alice.page.get_by_role("dialog")
        ring = tile_of(alice, bob.person_id).get_by_role("button", name="More about")
        ring.click()
        expect(menu.locator("#menu-call-words")).to_have_text("~300 m")
        expect(menu.get_by_role("button", name="Ask to talk")).to_be_visible()
        menu.get_by_role("button", name=re.compile("^Report")).click()
        expect(menu.get_by_text("Nothing that is said aloud is recorded")).to_be_visible()
        expect(menu.get_by_text("This message and up to five")).to_be_hidden()
        assert complaints(alice.page) == []
        menu.get_by_text("Harassment").click()
        menu.get_by_role("button", name="Send report").click()
        expect(menu.get_by_role("status")).to_have_text(re.compile("^Sent."))

        (call,) = alice.calls("/api/report")
        asked = dict(parse_qsl(str(call.post_data)))
        assert asked == {"person_id": bob.person_id, "reason": "harassment", "where": "voice"}
        menu.get_by_role("button", name="Close").click()
        expect(ring).to_be_focused()


def test_however_many_ask_at_once_the_chat_keeps_its_room_and_one_signal_says_so(
    server: Server, visit: Invite
) -> None:
    alice = here(visit, server, elsewhere())
    alice.join_voice()
    page = alice.page
    expect(page.locator("#voice")).to_have_attribute("data-phase", "in")
    cards = page.locator("#voice-asks").get_by_role("group")
    page.evaluate(ASKED_BY, 64)
    expect(cards).to_have_count(2)
    expect(page.locator('.tile[data-state="knocks"]')).to_have_count(64)
    expect(page.get_by_role("link", name="62 more want to talk")).to_be_visible()
    assert page.evaluate("window.buzzes") == 1

    # The focus goes on to the next who asks, and to the chat after the last.
    cards.first.get_by_role("button", name="Not now").focus()
    page.evaluate(ASKED_BY, 0)
    expect(cards).to_have_count(0)
    expect(page.locator("#chat")).to_be_focused()
    expect(page.get_by_role("link", name="more want to talk")).to_have_count(0)


def test_a_reload_joins_nobody_who_has_begun_to_choose_anew(server: Server, visit: Invite) -> None:
    page = here(visit, server, elsewhere()).page
    expect(page.locator("#voice-start")).to_be_visible()
    phase = page.evaluate(
        """async () => {
        const load = (name) => import(`/static/js/voice/${name}.js`);
        const [lifecycle, { save, touch }] = [await load('lifecycle'), await load('session-state')];
        const { display } = await load('panel/renderer');
        save({ joined: true, door: 'open', policy: 'direct' });
        touch();
        const resumed = lifecycle.resume();
        lifecycle.startCheck();
        await resumed;
        const { phase } = display;
        lifecycle.exit();
        return phase;
      }"""
    )
    assert phase == "check", "nobody is heard before they press Join"


def test_a_name_stands_where_the_sentence_of_a_language_has_it(
    server: Server, visit: Invite
) -> None:
    page = here(visit, server, elsewhere()).page
    lines = page.evaluate(
        """async () => {
        const { renderWho } = await import('/static/js/voice/panel/tiles.js');
        const ana = { name: 'Ana', tag: '2mq' };
        const line = document.createElement('p');
        line.innerHTML = '<bdi class="name">Ana</bdi> <span class="tag">2mq</span>';
        const sentences = [[ana, ' wants to talk'], ['Let ', ana, ' talk'], ['Talk: ', ana], []];
        return sentences.map((sentence) => {
          renderWho(line, sentence);
          return [line.textContent, line.querySelectorAll('.name, .tag').length];
        });
      }"""
    )
    said = ["Ana 2mq wants to talk", "Let Ana 2mq talk", "Talk: Ana 2mq", "Ana 2mq"]
    assert lines == [[line, 2] for line in said]


def test_the_link_to_all_who_ask_keeps_the_focus_and_hands_it_on(
    server: Server, visit: Invite
) -> None:
    page = here(visit, server, elsewhere()).page
    focused = page.evaluate(
        """async () => {
        const { renderAsks } = await import('/static/js/voice/panel/asks.js');
        const ana = (turn) => ({ name: `Ana ${turn}`, tag: 'abc', colour: 1, initial: 'A' });
        const asking = (count) => Array.from({ length: count }, (_, turn) => ({
          ...ana(turn), id: `${turn}`, distance: '~300 m', words: 'Let them in?',
          asks: [ana(turn), ' wants to talk'],
        }));
        renderAsks(asking(3));
        document.querySelector('.asks-rest').focus();
        const found = [4, 3].map((count) => {
          renderAsks(asking(count));
          return document.activeElement.className;
        });
        renderAsks(asking(2));
        found.push(document.activeElement.closest('.ask')?.dataset.person);
        renderAsks([]);
        return found;
      }"""
    )
    assert focused == ["asks-rest", "asks-rest", "0"]
