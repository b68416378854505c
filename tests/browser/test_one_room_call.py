"""Two on one table, one of them muted: whose voice is in the air is silent here, which is told, and
can be heard here anyway; then it howls. Nobody else is told anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, call_stats, connect, expect_bytes, tile
from tests.browser.test_access import complaints
from tests.browser.test_one_room import ROOMS
from tests.browser.test_voice_talking import COUNT_SOUND, EVERYBODY, GAIN, LATEST
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from tests.browser.conftest import Invite
    from tests.browser.visitor import BrowserVisitor
    from tests.support.client import Spot
    from tests.support.servers import Server

pytestmark = [pytest.mark.browser, pytest.mark.alone]

# A microphone that hears a voice, the same for both and at the same time, as near as the clocks of
# two pages of one machine are: `window.hears` is what of it reaches this one.
MICROPHONE = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  await context.resume();
  const { chanceOf, inRoom, voice } = window.rooms;
  const sound = voice(11, 24);
  const air = () => inRoom(sound, chanceOf(3)).map((sample) => sample / 10);
  const heard = window.hears === 'air' ? air() : sound;
  const buffer = context.createBuffer(1, heard.length, 24_000);
  buffer.copyToChannel(heard, 0);
  const source = new AudioBufferSourceNode(context, { buffer, loop: true });
  const end = context.createMediaStreamDestination();
  source.connect(end);
  source.start(0, (Date.now() / 1000) % buffer.duration);
  window.ear = { context, end };
  return end.stream;
};
window.copies = [];
const { clone } = MediaStreamTrack.prototype;
MediaStreamTrack.prototype.clone = function () {
  window.copies.push(clone.call(this));
  return window.copies.at(-1);
};
"""
COPIES = """() => window.copies.map(({ enabled, readyState }) => `${enabled} ${readyState}`)"""
# A tone that grows for three seconds, again and again.
HOWL = """() => {
  const { context, end } = window.ear;
  const gain = new GainNode(context, { gain: 0 });
  const tone = new OscillatorNode(context, { frequency: 1500 });
  tone.connect(gain).connect(end);
  tone.start();
  for (let turn = 0; turn < 15; turn += 1) {
    const from = context.currentTime + 4 * turn;
    gain.gain.setValueAtTime(0.001, from).exponentialRampToValueAtTime(0.8, from + 3);
  }
}"""


def come(server: Server, visit: Invite, spot: Spot, hears: str, *, muted: bool) -> BrowserVisitor:
    one = visit(server, spot, permissions=["geolocation", "microphone"], **WIDE)
    for script in (f"window.hears = '{hears}';", ROOMS, MICROPHONE, COUNT_SOUND):
        one.context.add_init_script(script)
    one.arrive().join_voice(muted=muted)
    return one


def frames_of(one: BrowserVisitor) -> set[str]:
    return {json.loads(frame)["type"] for frame in one.sent}


def test_whose_voice_comes_through_the_air_is_silent_here_until_one_wants_it_anyway(
    relayed: Server, visit: Invite
) -> None:
    spot = elsewhere()
    ana = come(relayed, visit, spot, "voice", muted=False)
    bob = come(relayed, visit, spot, "air", muted=True)  # as most phones on a table are
    connect(bob, ana)
    before = frames_of(bob) | {"voice.state"}
    row = tile(bob, ana)
    expect(row).to_have_attribute("data-in-room", "")
    words = f"You are in one room with {ana.name}: their voice comes through the air."
    expect(row).to_contain_text(words)
    expect(bob.page.locator("#voice-announcement")).to_have_text(words.removesuffix("."))
    wait_until(bob.page, GAIN, [LATEST, 0])
    assert complaints(bob.page) == []

    # Of the voice that is in the air nothing changes on the other side, nor on the wire.
    expect(tile(ana, bob)).not_to_have_attribute("data-in-room", "")
    expect(tile(ana, bob)).to_contain_text("Muted")
    expect(ana.page.locator("#voice-heard")).to_contain_text(f"Heard by {bob.name}")
    assert call_stats(bob)["receivedBytes"] > 0
    expect_bytes(ana)

    row.get_by_role("button", name="Hear them here anyway").click()
    expect(row).not_to_have_attribute("data-in-room", "")
    expect(row).to_contain_text("Speaking")
    wait_until(bob.page, GAIN, [LATEST, 1])
    # And back, by their menu.
    row.get_by_role("button", name="More about").click()
    silent = bob.page.get_by_role("dialog").get_by_role("button", name="Silent here")
    expect(silent).to_have_attribute("aria-pressed", "false")
    silent.click()
    expect(silent).to_have_attribute("aria-pressed", "true")
    wait_until(bob.page, GAIN, [LATEST, 0])
    silent.click()
    expect(silent).to_have_attribute("aria-pressed", "false")
    wait_until(bob.page, GAIN, [LATEST, 1])
    bob.page.keyboard.press("Escape")
    # Candidates, and that he is there after 15 s of quiet.
    assert frames_of(bob) <= before | {"voice.candidate", "ping"}

    ana.page.evaluate(HOWL)
    notice = bob.page.locator("#voice-notices .notice")
    expect(notice).to_contain_text("Your phones hear each other")
    wait_until(bob.page, GAIN, [EVERYBODY, 0])

    # What is measured is not muted, with another microphone neither, and ends with the call.
    assert bob.page.evaluate(COPIES) == ["true live"]
    bob.page.locator(".voice-more summary").click()
    bob.page.locator("#voice-input-in").select_option(index=1)
    wait_until(bob.page, "() => window.copies.length === 2")
    assert bob.page.evaluate(COPIES) == ["true ended", "true live"]
    bob.page.locator("#voice-leave").click()
    expect(bob.page.locator("#voice-start")).to_be_visible()
    assert bob.page.evaluate(COPIES) == ["true ended"] * 2
    expect(notice).to_have_count(0)
