"""Takes docs/screens/simulate-*.png: `simulate --people 200` against a server, as a newcomer on the
page sees it who has written something and joined voice. Says what the page and the server bore.

    python bench/simulate_screens.py [--minutes N]
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import psutil
from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.picture import shrink
from bench.screens import ARGUMENTS, FONTS, LAT, LON, ROOT, SCREENS, SIZES
from tests.support.chromium import find
from tests.support.servers import Server
from tests.support.turn import Turn

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PEOPLE = 200
HELLO = "Hello. Does anybody know a good bakery near here?"
ANSWER = re.compile("Try the place by|Ask for the")
SHADE_OF: dict[str, Literal["light", "dark"]] = {"phone": "dark", "desktop": "light"}
# How long each frame of the page took to come, over ten seconds.
FRAMES = """() => new Promise((done) => {
  const start = performance.now();
  const found = [];
  let last = start;
  const look = (now) => {
    found.push(now - last);
    last = now;
    if (now - start < 10000) requestAnimationFrame(look);
    else done(found.sort((a, b) => a - b));
  };
  requestAnimationFrame(look);
})"""


def simulated(server: Server) -> subprocess.Popen[bytes]:
    """Two hundred people, who leave when they are told to."""
    command = [sys.executable, "manage.py", "simulate", f"--people={PEOPLE}", f"--at={LAT},{LON}"]
    return subprocess.Popen([*command, f"--url={server.url}", "--seed=11"], **server.options())


def newcomer(browser: Browser, url: str, size: str) -> Page:
    """By the front door, as anybody."""
    context = browser.new_context(
        **SIZES[size],
        geolocation={"latitude": LAT, "longitude": LON, "accuracy": 20},
        permissions=["geolocation", "microphone"],
    )
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name="See who is near").click()
    page.wait_for_url("**/near")
    expect(page.locator("#status")).to_have_text("Live")
    return page


def join_voice(page: Page) -> None:
    page.locator("#voice-start").click()
    expect(page.locator("#voice-check-words")).to_contain_text("Say something")
    page.locator("#voice-join").click()
    expect(page.locator("#voice")).to_have_attribute("data-phase", "in")
    expect(page.locator('.tile[data-state="near"]').first).to_be_visible()


def send_hello(page: Page) -> None:
    """Returns when somebody has answered."""
    page.locator("#text").fill(HELLO)
    page.locator("#text").press("Enter")
    expect(page.locator("#messages > .mine ~ li", has_text=ANSWER).first).to_be_visible()


def capture(page: Page, size: str) -> None:
    page.mouse.move(0, 0)
    shade = SHADE_OF[size]
    page.emulate_media(color_scheme=shade)
    page.screenshot(path=SCREENS / f"simulate-{size}-{shade}.png", animations="disabled")


def burden(process: psutil.Process, page: Page) -> str:
    process.cpu_percent()
    frames: list[Any] = page.evaluate(FRAMES)
    at = {
        name: frames[int(share * (len(frames) - 1))]
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }
    server = f"server {process.cpu_percent():.0f} % of a core"
    return f"{server}, a frame of the page after {at['p50']:.0f} ms, p99 {at['p99']:.0f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=3, help="how long they talk before")
    minutes = parser.parse_args().minutes
    expect.set_options(timeout=30_000)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        relay = Turn(open_to_loopback=True)
        stack.callback(relay.close)
        relay.start()
        turn = {"TURN_URLS": relay.url, "TURN_SECRET": relay.secret, "RATE_LIMITS_OFF": ""}
        server = Server("uvicorn", {**turn, "VOICE_NETWORKS": "127.0.0.1/32"})
        stack.callback(server.close)
        server.migrate()
        server.start()
        crowd = simulated(server)
        stack.callback(crowd.wait)
        stack.callback(crowd.send_signal, signal.SIGINT)
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(FONTS)
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=find(),
            args=ARGUMENTS,
            env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
        )
        for size in SIZES:
            page = newcomer(browser, server.url, size)
            page.wait_for_timeout(minutes * 60_000)
            if size == "desktop":
                join_voice(page)
            send_hello(page)
            capture(page, size)
            print(size, burden(psutil.Process(server.pid), page))
        canvas = browser.new_page()
        for picture in SCREENS.glob("simulate-*.png"):
            shrink(picture, canvas)
        browser.close()
    print(f"in {SCREENS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
