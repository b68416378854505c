"""Calls between pages: a Chromium with a microphone, how people come to speak, what is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.visitor import Visitor
    from tests.turn import Turn

MICROPHONE = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
]
# Every connection that the page makes, in order, and what it looks like to getStats: bytes and
# energy heard and said, and the kinds of both ends of every way.
WATCH_CALLS = """
  window.calls = [];
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...all) { super(...all); window.calls.push(this); }
  };
  window.look = async () => {
    const found = { heard: 0, heardEnergy: 0, said: 0, saidEnergy: 0, ends: [] };
    for (const call of window.calls) {
      for (const one of (await call.getStats()).values()) {
        if (one.type === 'inbound-rtp') found.heard += one.bytesReceived;
        if (one.type === 'inbound-rtp') found.heardEnergy += one.totalAudioEnergy;
        if (one.type === 'outbound-rtp') found.said += one.bytesSent;
        if (one.type === 'media-source') found.saidEnergy += one.totalAudioEnergy;
        if (one.type.endsWith('-candidate')) found.ends.push(one.candidateType);
      }
    }
    return found;
  };
"""
# Looks until more was heard: a promise, for the page's policy forbids to evaluate twice. The energy
# that getStats has is that of Chromium's own playout, which the page mutes, since it plays by a
# graph: hence an ear of ours.
MORE = """async (energy) => {
  const before = await window.look();
  for (const call of window.calls) {
    const ear = new Audio();
    ear.srcObject = new MediaStream([call.getReceivers()[0].track]);
    await ear.play();
  }
  for (;;) {
    const now = await window.look();
    if (now.heard > before.heard && now.heardEnergy > before.heardEnergy + energy) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}"""
# One beep of Chromium's microphone has ten times this energy; silence that was encoded has not
# none, but a ten-millionth of it each second.
SOUND = 0.01


def told_of(relay: Turn) -> dict[str, str]:
    """The settings of a server whose people speak through it."""
    return {
        "TURN_URLS": relay.url,
        "TURN_SECRET": relay.secret,
        "VOICE_NETWORKS": "127.0.0.1/32",
    }


def join(visitor: Visitor, *, stop: int | None = None) -> Visitor:
    """Comes, reaches so far, and joins voice."""
    visitor.context.add_init_script(WATCH_CALLS)
    visitor.arrive()
    if stop is not None:
        visitor.reach(stop)
    visitor.page.locator("#voice-start").click()
    # Whoever joins before the microphone works begins muted.
    expect(visitor.page.locator("#voice-check-words")).to_contain_text("Say something.")
    visitor.page.locator("#voice-join").click()
    expect(visitor.page.locator("#voice")).to_have_attribute("data-phase", "in")
    return visitor


def id_of(one: Visitor) -> str:
    return str(one.page.locator("#self").get_attribute("data-person"))


def tile_of(one: Visitor, person_id: str) -> Locator:
    return one.page.locator(f'.tile[data-person="{person_id}"]')


def tile(one: Visitor, other: Visitor) -> Locator:
    return tile_of(one, id_of(other))


def connect(one: Visitor, other: Visitor) -> None:
    """One knocks, the other says yes, and they hear each other."""
    tile(one, other).get_by_role("button", name="Knock").click()
    tile(other, one).get_by_role("button", name="Let in").click()
    for first, second in ((one, other), (other, one)):
        expect(tile(first, second)).to_have_attribute("data-state", "live")


def look(one: Visitor) -> dict[str, Any]:
    return one.page.evaluate("window.look()")


def hears_more(one: Visitor) -> None:
    """Returns once more bytes came than until now, and sound in them."""
    one.page.evaluate(MORE, SOUND)
