"""Steps of calls between pages: how two connect, and what each receives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.visitor import BrowserVisitor

WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
# Resolves once more was received: a promise, for the page's policy forbids to evaluate twice. The
# energy that getStats has is that of Chromium's own playout, which the page mutes, since it plays
# by a graph: hence an audio element of the test.
MORE = """async (energy) => {
  const before = await window.callStats();
  const open = window.calls.filter(({ signalingState }) => signalingState !== 'closed');
  // One that is being made has no receiver yet.
  for (const { track } of open.flatMap((call) => call.getReceivers())) {
    const audio = new Audio();
    audio.srcObject = new MediaStream([track]);
    await audio.play();
  }
  const end = performance.now() + 60_000;
  while (performance.now() < end) {
    const now = await window.callStats();
    const louder = now.receivedEnergy >= before.receivedEnergy + energy;
    if (louder && now.receivedBytes > before.receivedBytes) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`no sound of energy ${energy} within 60 s`);
}"""
# One beep of Chromium's microphone has ten times this energy; silence that was encoded has not
# none, but a ten-millionth of it each second.
SOUND = 0.01


def id_of(one: BrowserVisitor) -> str:
    return str(one.page.locator("#self").get_attribute("data-person"))


def tile_of(one: BrowserVisitor, person_id: str) -> Locator:
    return one.page.locator(f'.tile[data-person="{person_id}"]')


def tile(one: BrowserVisitor, other: BrowserVisitor) -> Locator:
    return tile_of(one, id_of(other))


def connect(one: BrowserVisitor, other: BrowserVisitor) -> None:
    """One asks, the other says yes, and they hear each other."""
    tile(one, other).locator('[data-act="knock"]').click()
    tile(other, one).get_by_role("button", name="Let in").click()
    for first, second in ((one, other), (other, one)):
        expect(tile(first, second)).to_have_attribute("data-state", "live")


def call_stats(one: BrowserVisitor) -> dict[str, Any]:
    return one.page.evaluate("window.callStats()")


def expect_sound(one: BrowserVisitor) -> None:
    """Returns once more bytes came than until now, and sound in them."""
    one.page.evaluate(MORE, SOUND)


def expect_bytes(one: BrowserVisitor) -> None:
    """Returns once more bytes came, silence or not."""
    one.page.evaluate(MORE, 0)
