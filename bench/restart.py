"""How long after their relay is started again do two people hear each other?

    python bench/restart.py [--times N] [--dead SECONDS]

Two pages in a real Chromium, one of them muted, speak through a real relay. It is killed, is dead
until both pages say so and `dead` more seconds, and is started again: seconds from that start until
bytes arrive at each of them. Ends with 1 if one took longer than 8 s or the mute was lost.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import expect, sync_playwright

from tests.browser.calls import WIDE, call_stats, connect, expect_sound, tile
from tests.browser.conftest import ARGUMENTS, through
from tests.browser.visitor import BrowserVisitor
from tests.support.chromium import find
from tests.support.client import elsewhere, north
from tests.support.servers import Server
from tests.support.turn import Turn

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.support.client import Spot

TARGET_S = 8.0
HEARS_AT = """async (bytes) => {
  while ((await window.callStats()).receivedBytes <= bytes) {
    await new Promise((done) => setTimeout(done, 20));
  }
  return Date.now();
}"""


def come(browser: Browser, server: Server, spot: Spot) -> BrowserVisitor:
    context = browser.new_context(permissions=["geolocation", "microphone"], **WIDE)
    visitor = BrowserVisitor(context, server.url)
    visitor.stand(*spot)
    visitor.arrive().join_voice()
    return visitor


def outage(relay: Turn, alice: BrowserVisitor, bob: BrowserVisitor, dead_s: float) -> list[float]:
    """Seconds from the relay's start until each of them hears again."""
    relay.kill()
    for one, other in ((alice, bob), (bob, alice)):
        expect(tile(one, other)).to_have_attribute("data-state", "reconnecting")
    alice.page.wait_for_timeout(dead_s * 1000)
    heard = {one: call_stats(one)["receivedBytes"] for one in (alice, bob)}
    started_s = time.time()
    relay.start()
    return [one.page.evaluate(HEARS_AT, heard[one]) / 1000 - started_s for one in heard]


def measure(times: int, dead_s: float) -> bool:
    with ExitStack() as stack:
        relay = Turn(open_to_loopback=True)
        stack.callback(relay.close)
        server = Server("uvicorn", through(relay.start()))
        stack.callback(server.close)
        server.start()
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        stack.callback(browser.close)
        spot = elsewhere()
        alice, bob = come(browser, server, spot), come(browser, server, north(spot, 2))
        connect(alice, bob)
        expect_sound(alice)
        bob.page.locator("#voice-mute").click()
        expect(tile(alice, bob)).to_contain_text("Muted")
        slowest_s = 0.0
        for turn in range(times):
            took = outage(relay, alice, bob, dead_s)
            slowest_s = max(slowest_s, *took)
            print(f"{turn + 1}: alice hears after {took[0]:.1f} s, bob after {took[1]:.1f} s")
            for one, other in ((alice, bob), (bob, alice)):
                expect(tile(one, other)).to_have_attribute("data-state", "live")
            expect(bob.page.locator("#voice-mute")).to_have_attribute("aria-pressed", "true")
            expect(tile(alice, bob)).to_contain_text("Muted")
    print(f"slowest {slowest_s:.1f} s of at most {TARGET_S:.0f} s; still muted each time")
    return slowest_s <= TARGET_S


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--dead", type=float, default=0)
    chosen = parser.parse_args()
    sys.exit(not measure(chosen.times, chosen.dead))
