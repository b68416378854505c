"""A room of pages with open doors: how one comes in, and exactly who hears whom, by getStats."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.calls import WIDE, id_of
from tests.browser.test_access import PHONE

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.browser.conftest import Invite
    from tests.browser.visitor import BrowserVisitor
    from tests.support.client import Door, Spot

ALLOWED = ["geolocation", "microphone"]
NARROW: dict[str, Any] = {"viewport": PHONE}
COUNT_TAPS = """
  window.taps = 0;
  addEventListener('pointerdown', ({ isTrusted }) => { window.taps += Number(isTrusted); }, true);
"""
# Resolves once there are calls with exactly these people, who are those that the panel shows as
# heard, more bytes of sound than until now came in each of them, and both ends of its way are of
# this kind; of a direct way the own end: what is known of the other depends on which message was
# quicker.
RECEIVES = """async ([wanted, kind]) => {
  const { mesh } = await import('/static/js/voice/calls/room.js');
  const late = () => new Promise((done) => setTimeout(done, 5000, new Map()));
  const live = () => [...document.querySelectorAll('.tile[data-state="live"]')]
    .map(({ dataset }) => dataset.person).sort().join();
  const state = ({ pc, polite, monitor }) => ({
    polite, signaling: pc?.signalingState, ice: pc?.iceConnectionState, tries: monitor.tries,
  });
  const look = async (pc) => {
    const stats = pc ? await Promise.race([pc.getStats(), late()]) : new Map();
    const all = [...stats.values()];
    const pair = stats.get(all.find(({ type }) => type === 'transport')?.selectedCandidatePairId);
    const kinds = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
    const bytes = all.find(({ type }) => type === 'inbound-rtp')?.bytesReceived ?? 0;
    return { bytes, kinds: kinds.map((end) => end?.candidateType) };
  };
  const lookAll = async () => new Map(await Promise.all(
    [...mesh.calls].map(async ([id, { peer }]) => [id, { ...await look(peer.pc), ...state(peer) }]),
  ));
  const before = await lookAll();
  const comes = ([id, { bytes, kinds: [own, theirs] }]) => wanted.includes(id) &&
    bytes > (before.get(id)?.bytes ?? 0) && own === kind && (kind !== 'relay' || theirs === kind);
  const end = performance.now() + 240_000;
  let found = before;
  while (performance.now() < end) {
    found = await lookAll();
    const shown = live() === wanted.join();
    if (shown && found.size === wanted.length && [...found].every(comes)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  const calls = JSON.stringify([...found]);
  throw new Error(`within 240 s no ${kind} sound of ${wanted}: ${calls}, shown are ${live()}`);
}"""


def arrive(visit: Invite, server: Door, spot: Spot, *, narrow: bool = False) -> BrowserVisitor:
    """Somebody on the near page, whose taps from now on are counted."""
    size = NARROW if narrow else WIDE
    one = visit(server, spot, permissions=ALLOWED, reduced_motion="reduce", **size)
    one.forgive("WebSocket")  # where much else goes on, a page may begin an opening anew
    one.context.add_init_script(COUNT_TAPS)
    return one.arrive()


def join(one: BrowserVisitor, door: str, *, open_near: bool, muted: bool = False) -> None:
    """Into voice with a door, from the near page. Where somebody talks openly near them, who has an
    open door joins by "Join them"; where no relay is, they choose to talk directly."""
    page = one.page
    link = page.locator("#voice-link")
    if page.locator("body.voice-open").count() == 0 and link.is_visible():
        link.click()
    ours = open_near and door == "Open door"
    page.locator("#voice-join-them" if ours else "#voice-start").click()
    expect(page.locator("#voice")).to_have_attribute("data-phase", re.compile("barred|check"))
    directly = page.get_by_role("button", name="Talk directly")
    if directly.is_visible():
        directly.click()
    expect(page.locator("#voice-check-words")).to_contain_text("Say something")
    chosen = page.get_by_role("radio", name=door)
    if not chosen.is_checked():
        chosen.check()
    page.locator("#voice-join-muted" if muted else "#voice-join").click()
    expect(page.locator("#voice")).to_have_attribute("data-phase", "in")


def taps(one: BrowserVisitor) -> int:
    return int(one.page.evaluate("window.taps"))


def expect_heard(one: BrowserVisitor, heard: Collection[BrowserVisitor], kind: str) -> None:
    """They hear exactly these others, by a way of this kind, and the panel shows them as heard."""
    one.page.evaluate(RECEIVES, [sorted(map(id_of, heard)), kind])


def expect_mesh(room: Collection[BrowserVisitor], kind: str) -> None:
    """Everybody hears everybody."""
    for one in room:
        expect_heard(one, [other for other in room if other is not one], kind)
